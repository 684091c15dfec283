// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The worker that the tests of libs/worker drive. Its first argument may ask for a peculiar start.

#include <leasepool/worker.hpp>

#include <boost/describe/class.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fstream>
#include <iostream>
#include <limits>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

namespace runtime_worker {

using leasepool::job_context;
namespace json = boost::json;

// Descriptors that the tests give.
constexpr int gate = 9;

struct point {
    double x = 0;
    double y = 0;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

/// Fails to become JSON.
struct stubborn {};
void tag_invoke(json::value_from_tag, json::value&, stubborn const&)
{
    throw std::domain_error("no words for it");
}
stubborn tag_invoke(json::value_to_tag<stubborn>, json::value const&)
{
    return {};
}

/// Gets no memory when it is converted, at the stage that its text names.
struct hungry {
    std::string stage;
};
void tag_invoke(json::value_from_tag, json::value& to, hungry const& from)
{
    if (from.stage == "result")
        throw std::bad_alloc();
    to = from.stage;
}
hungry tag_invoke(json::value_to_tag<hungry>, json::value const& from)
{
    if (from.as_string() == "arguments")
        throw std::bad_alloc();
    return {std::string(from.as_string())};
}

struct counter {
    counter() = default;
    counter(counter const&) = delete;
    counter& operator=(counter const&) = delete;
    ~counter() { std::fprintf(stderr, "counted to %d\n", count); }
    int count = 0;
};

int add(int a, int b)
{
    return a + b;
}

json::value echo(json::value value)
{
    return value;
}

double length(std::vector<point> const& path, std::string const& /*unit*/)
{
    return static_cast<double>(path.size());
}

void nothing() {}

void raise(std::string const& what)
{
    if (what == "range")
        throw std::out_of_range("page \xff is too far");
    if (what == "memory")
        throw std::bad_alloc();
    if (what == "int")
        throw 7;
    if (what == "canceled")
        throw leasepool::job_canceled();
    if (what == "exit")
        std::exit(41);
    if (what == "abort") {
        std::signal(SIGABRT, SIG_DFL);
        std::raise(SIGABRT);
    }
    throw std::runtime_error(what);
}

double not_finite()
{
    return std::numeric_limits<double>::infinity();
}

std::vector<std::string> not_text()
{
    return {"good",
        "b\xff"
        "d"};
}

json::value deep(int levels)
{
    json::value out = 1;
    for (int i = 0; i != levels; ++i)
        out = json::array({std::move(out)});
    return out;
}

hungry starve(hungry const& from)
{
    return from;
}

stubborn unspeakable()
{
    return {};
}

std::string repeat(std::size_t count)
{
    return std::string(count, 'x');
}

/// Returns when it is asked to stop.
void wait_until_asked(job_context& context)
{
    std::atomic<bool> asked = false;
    std::stop_callback const wake(context.stop_token(), [&] {
        asked = true;
        asked.notify_one();
    });
    context.progress("waiting");
    asked.wait(false);
}

/// Has a stop callback that never returns.
void block_stop(job_context& context)
{
    std::stop_callback const forever(context.stop_token(), [] {
        for (;;)
            ::pause();
    });
    context.progress("waiting");
    for (;;)
        ::pause();
}

void await_stop(job_context& context)
{
    wait_until_asked(context);
    context.throw_if_stopped();
}

std::string outlast_stop(job_context& context)
{
    wait_until_asked(context);
    return "done all the same";
}

/// Until a byte comes through the gate; takes no notice of anything else.
std::string await_gate(job_context& context)
{
    context.progress("waiting");
    char byte = 0;
    while (::read(gate, &byte, 1) < 0 && errno == EINTR) {}
    return context.stop_requested() ? "asked to stop" : "not asked";
}

void print(std::string const& text)
{
    std::printf("printf %s\n", text.c_str());
    std::cout << "cout " << text << std::endl;
    auto const raw = "write " + text + '\n';
    std::fflush(stdout);
    if (::write(STDOUT_FILENO, raw.data(), raw.size()) < 0)
        throw std::runtime_error("stdout is closed");
}

int read_stdin()
{
    char byte = 0;
    return static_cast<int>(::read(STDIN_FILENO, &byte, 1));
}

int count(job_context& context)
{
    return ++context.state<counter>().count;
}

/// Leaves a child behind that holds what it inherits.
void leave_child()
{
    if (::fork() == 0)
        for (;;)
            ::pause();
}

/// What a program that a job starts finds.
std::string output_of(std::string const& command)
{
    std::string out;
    std::FILE* const pipe = ::popen(command.c_str(), "r");
    if (!pipe)
        throw std::runtime_error("popen failed");
    std::array<char, 4096> buffer;
    while (auto const n = std::fread(buffer.data(), 1, buffer.size(), pipe))
        out.append(buffer.data(), n);
    ::pclose(pipe);
    return out;
}

void log(job_context& context, std::string const& text)
{
    using leasepool::severity;
    for (auto const level : {severity::debug, severity::info, severity::warning, severity::error})
        context.log(level, text == "bytes" ? "page \xff" : text);
}

void chatter(job_context& context, int threads, int messages)
{
    std::vector<std::thread> all;
    for (int t = 0; t != threads; ++t)
        all.emplace_back([&context, t, messages] {
            for (int m = 0; m != messages; ++m) {
                context.progress(std::vector<int>{t, m});
                context.log(leasepool::severity::info, std::string(5000, 'a'));
            }
        });
    for (auto& each : all)
        each.join();
}

std::string progress_of_infinity(job_context& context)
{
    try {
        context.progress(std::numeric_limits<double>::quiet_NaN());
    }
    catch (boost::system::system_error const& e) {
        return e.what();
    }
    return "sent";
}

/// How often the watcher has gone to sleep. A sanitizer has a thread too, which is not meant.
std::uint64_t sleeps_of_watcher()
{
    std::uint64_t sum = 0;
    DIR* const tasks = ::opendir("/proc/self/task");
    while (auto const* const entry = ::readdir(tasks)) {
        if (entry->d_name[0] == '.' || std::stoi(entry->d_name) == ::getpid())
            continue;
        std::ifstream named("/proc/self/task/" + std::string(entry->d_name) + "/comm");
        std::string name;
        if (!std::getline(named, name) || name != "leasepool-watch")
            continue;
        std::ifstream status("/proc/self/task/" + std::string(entry->d_name) + "/status");
        for (std::string line; std::getline(status, line);)
            if (line.starts_with("voluntary_ctxt_switches:"))
                sum += std::stoull(line.substr(line.find(':') + 1));
    }
    ::closedir(tasks);
    return sum;
}

int death_signal()
{
    int signal = 0;
#if defined(__linux__)
    ::prctl(PR_GET_PDEATHSIG, &signal);
#endif
    return signal;
}

/// Returns the error of the write.
int write_to_closed_pipe()
{
    int ends[2];
    if (::pipe(ends) != 0)
        throw std::runtime_error("pipe");
    ::close(ends[0]);
    auto const written = ::write(ends[1], "x", 1);
    int const error = errno;
    ::close(ends[1]);
    return written == 1 ? 0 : error;
}

bool knows_that_it_is_a_worker()
{
    return leasepool::is_worker(0, nullptr);
}

/// Closes descriptors, as a program that becomes a daemon does.
void close_from(int first)
{
    for (int fd = first; fd != 1024; ++fd)
#if defined(__linux__)
        // Otherwise a sanitizer reports the race with the thread that uses the descriptor.
        ::syscall(SYS_close, fd);
#else
        ::close(fd);
#endif
}

constexpr leasepool::job add_job{"add", &add};
constexpr leasepool::job echo_job{"echo", &echo};
constexpr leasepool::job length_job{"length", &length};
constexpr leasepool::job nothing_job{"nothing", &nothing};
constexpr leasepool::job raise_job{"raise", &raise};
constexpr leasepool::job not_finite_job{"not_finite", &not_finite};
constexpr leasepool::job not_text_job{"not_text", &not_text};
constexpr leasepool::job deep_job{"deep", &deep};
constexpr leasepool::job unspeakable_job{"unspeakable", &unspeakable};
constexpr leasepool::job repeat_job{"repeat", &repeat};
constexpr leasepool::job await_stop_job{"await_stop", &await_stop};
constexpr leasepool::job outlast_stop_job{"outlast_stop", &outlast_stop};
constexpr leasepool::job await_gate_job{"await_gate", &await_gate};
constexpr leasepool::job print_job{"print", &print};
constexpr leasepool::job read_stdin_job{"read_stdin", &read_stdin};
constexpr leasepool::job count_job{"count", &count};
constexpr leasepool::job leave_child_job{"leave_child", &leave_child};
constexpr leasepool::job output_of_job{"output_of", &output_of};
constexpr leasepool::job log_job{"log", &log};
constexpr leasepool::job chatter_job{"chatter", &chatter};
constexpr leasepool::job progress_of_infinity_job{"progress_of_infinity", &progress_of_infinity};
constexpr leasepool::job sleeps_of_watcher_job{"sleeps_of_watcher", &sleeps_of_watcher};
constexpr leasepool::job death_signal_job{"death_signal", &death_signal};
constexpr leasepool::job write_to_closed_pipe_job{"write_to_closed_pipe", &write_to_closed_pipe};
constexpr leasepool::job knows_that_it_is_a_worker_job{
    "knows_that_it_is_a_worker", &knows_that_it_is_a_worker};
constexpr leasepool::job close_from_job{"close_from", &close_from};
constexpr leasepool::job starve_job{"starve", &starve};
constexpr leasepool::job block_stop_job{"block_stop", &block_stop};
constexpr leasepool::job<int(int)> elsewhere_job{"elsewhere"};

}  // namespace runtime_worker

int main(int argc, char** argv)
{
    using namespace runtime_worker;
    std::string_view const mode = argc > 1 ? argv[1] : "";
    if (mode == "is-worker")
        return leasepool::is_worker(argc, argv) ? 10 : 11;
    if (mode == "twice")
        return leasepool::run_worker(argc, argv, add_job, nothing_job, add_job);
    if (mode == "elsewhere")
        return leasepool::run_worker(argc, argv, add_job, elsewhere_job);
    // Long enough for a job to be answered on a machine that is busy.
    leasepool::worker_options options{
        .worker_state = leasepool::worker_state_factory([] { return counter(); }),
        .stop_grace = std::chrono::minutes(10)};
    if (mode == "short-grace")
        options.stop_grace = std::chrono::milliseconds(50);
    if (mode == "no-grace")
        options.stop_grace = std::chrono::milliseconds(0);
    if (mode == "endless-grace")
        options.stop_grace = std::chrono::steady_clock::duration::max();
    if (mode == "no-state")
        options.worker_state = leasepool::worker_state_factory(
            []() -> counter { throw std::runtime_error("the database is locked"); });
    // In a directory that has no /dev.
    if (mode == "chroot") {
#if defined(__linux__)
        if (::geteuid() != 0)
            ::unshare(CLONE_NEWUSER);
#endif
        if (::chroot("/proc/self/fdinfo") != 0)
            return 77;
    }
    if (mode == "ignores-sigterm")
        std::signal(SIGTERM, SIG_IGN);
    if (mode == "ignores-sigpipe")
        std::signal(SIGPIPE, SIG_IGN);
    if (mode == "printed-before")
        std::printf("before");
#if defined(__linux__)
    if (mode == "death-signal")
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    int const status = leasepool::run_worker(argc, argv, options, add_job, echo_job, length_job,
        nothing_job, raise_job, not_finite_job, not_text_job, deep_job, unspeakable_job, repeat_job,
        await_stop_job, outlast_stop_job, await_gate_job, print_job, read_stdin_job, count_job,
        leave_child_job, output_of_job, log_job, chatter_job, progress_of_infinity_job,
        sleeps_of_watcher_job, death_signal_job, write_to_closed_pipe_job,
        knows_that_it_is_a_worker_job, close_from_job, starve_job, block_stop_job);
    std::fprintf(stderr, "end of main\n");
    return status;
}
