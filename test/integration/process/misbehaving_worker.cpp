// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The worker that the tests of the process backend are run against. Its jobs do what good jobs do, or
// every wrong that a worker can do: the name of a job says which, its first argument when ("running",
// "writing" half of its answer, or "idle", after it). It knows nothing of the library, and is not built
// with sanitizers.
//
//   misbehaving_worker [--pipelining | --lying] [--version N] [--start FAULT]
//       [--fail-starts FILE FIRST LAST]
//
// With --pipelining it reads on while a job runs, and keeps what it promises. With --lying it promises
// the same, and does not.

#include "../support/misbehaving_worker_faults.hpp"
#include "../support/misbehaving_worker_wire.hpp"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace {

using namespace misbehaving_worker;

struct options {
    bool pipelining = false;
    bool lying = false;
    int version = 1;
    std::string start_with;
} chosen;

// Under `mutex`, as what is written is.
std::condition_variable changed;
std::deque<message> waiting;
std::string running;  // its id
bool barred = false;
bool closed = false;
bool should_stop = false;

// Jobs ---------------------------------------------------------------------------------------------

std::string limits_of_this_process()
{
    auto const one = [](char const* name, auto resource) {
        rlimit limit = {};
        ::getrlimit(resource, &limit);
        return in_quotes(name) + ':' + std::to_string(limit.rlim_cur);
    };
    return '{' + one("cpu", RLIMIT_CPU) + ',' + one("as", RLIMIT_AS) + ',' +
        one("nofile", RLIMIT_NOFILE) + ',' + one("fsize", RLIMIT_FSIZE) + ',' +
        one("core", RLIMIT_CORE) + ',' + one("stack", RLIMIT_STACK) + '}';
}

std::string sleep_job(message const& m)
{
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::milliseconds(m.number(0)), [] { return should_stop; });
    return should_stop ? error(m.id, -32003, "stopped") : result(m.id, "\"slept\"");
}

std::string surroundings()
{
    std::string directory(4096, '\0');
    if (!::getcwd(directory.data(), directory.size()))
        std::_Exit(98);
    directory.resize(directory.find('\0'));
    errno = 0;
    int const niceness = ::getpriority(PRIO_PROCESS, 0);
    return R"({"pid":)" + std::to_string(::getpid()) + R"(,"directory":)" + in_quotes(directory) +
        R"(,"nice":)" + std::to_string(niceness) + R"(,"limits":)" + limits_of_this_process() + '}';
}

std::string variable(std::string const& name)
{
    char const* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
    return value ? in_quotes(value) : "null";
}

// One write of a line, so that those of several processes do not mix.
/// Returns the offset of the end of the line. That of another process may be behind it by then.
off_t append(std::string const& path, std::string const& line)
{
    int const fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    write_all(fd, line + '\n');
    off_t const end = ::lseek(fd, 0, SEEK_CUR);
    ::close(fd);
    return end;
}

std::string allocate(message const& m)
{
    auto const bytes = static_cast<std::size_t>(m.number(0));
    static std::vector<std::string> kept;
    kept.emplace_back(bytes, 'x');
    return result(m.id, std::to_string(::getpid()));
}

// Blocks until somebody writes to a FIFO.
std::string await_byte(message const& m)
{
    int const fd = ::open(m.text(0).c_str(), O_RDONLY | O_CLOEXEC);
    char byte = 0;
    auto const got = ::read(fd, &byte, 1);
    ::close(fd);
    return result(m.id, std::to_string(got));
}

std::map<std::string, std::function<std::string(message const&)>, std::less<>> const good_jobs{
    {"echo", [](auto& m) { return result(m.id, m.arguments.empty() ? "null" : m.arguments[0]); }},
    {"add", [](auto& m) { return result(m.id, std::to_string(m.number(0) + m.number(1))); }},
    {"nothing", [](auto& m) { return result(m.id, "null"); }},
    {"sleep", sleep_job},
    {"await_byte", await_byte},
    {"size",
        [](auto& m) {
            return result(
                m.id, std::to_string(m.arguments.empty() ? 0 : m.arguments[0].size() - 2));
        }},
    {"bytes",
        [](auto& m) {
            return result(m.id, in_quotes(std::string(static_cast<std::size_t>(m.number(0)), 'b')));
        }},
    {"pid", [](auto& m) { return result(m.id, std::to_string(::getpid())); }},
    {"surroundings", [](auto& m) { return result(m.id, surroundings()); }},
    {"variable", [](auto& m) { return result(m.id, variable(m.text(0))); }},
    {"allocate", allocate},
    {"append",
        [](auto& m) {
            append(m.text(0), m.arguments[1]);
            return result(m.id, "null");
        }},
    {"append_and",
        [](auto& m) {
            append(m.text(0), m.arguments[1]);
            faults.at(m.text(2))(m);
            return result(m.id, "null");
        }},
    {"log",
        [](auto& m) {
            say(notification("leasepool/log",
                R"({"severity":)" + m.arguments[0] + R"(,"message":)" + m.arguments[1] +
                    R"(,"id":)" + m.id + '}'));
            return result(m.id, "null");
        }},
    {"stderr",
        [](auto& m) {
            write_all(STDERR_FILENO, m.text(0) + '\n');
            return result(m.id, "null");
        }},
    {"progress",
        [](auto& m) {
            for (long long i = 1; i <= m.number(0); ++i)
                say(notification("leasepool/progress",
                    R"({"id":)" + m.id + R"(,"value":)" + std::to_string(i) + '}'));
            return result(m.id, "null");
        }},
    {"error",
        [](auto& m) {
            return error(m.id, static_cast<int>(m.number(0)), m.text(1),
                m.arguments.size() > 2 ? m.arguments[2] : std::string());
        }},
};

// What the parent waits for, to know that the job has begun.
void report_begin(message const& m)
{
    say(notification("leasepool/progress",
        R"({"id":)" + m.id + R"(,"value":{"pid":)" + std::to_string(::getpid()) + "}}"));
}

std::string run(message const& m)
{
    if (auto const good = good_jobs.find(m.method); good != good_jobs.end())
        return good->second(m);
    auto const fault = faults.find(m.method);
    if (fault == faults.end())
        return error(m.id, -32601, "no such job");
    auto const when = m.text(0);
    auto const answer = result(m.id, "\"done\"");
    if (when == "running" || when.empty()) {
        report_begin(m);
        fault->second(m);
        return answer;
    }
    std::lock_guard const lock(mutex);
    if (when == "writing") {
        put(answer.substr(0, answer.size() / 2));
        fault->second(m);
        put(answer.substr(answer.size() / 2));
        return {};
    }
    put(answer);
    fault->second(m);
    return {};
}

void answer(message const& m)
{
    auto const text = run(m);
    std::lock_guard const lock(mutex);
    running.clear();
    put(text);
}

// The worker ---------------------------------------------------------------------------------------

void read_ahead()
{
    line_reader lines;
    while (auto const line = lines.next()) {
        auto m = parse(*line);
        std::lock_guard const lock(mutex);
        if (m.method == "leasepool/cancel") {
            barred = true;
            should_stop = should_stop || (!running.empty() && m.arguments.at(0) == running);
            for (; !waiting.empty(); waiting.pop_front())
                put(error(waiting.front().id, -32004, "not begun"));
        }
        else if (m.method == "leasepool/resume")
            barred = false;
        else if (!m.id.empty() && barred)
            put(error(m.id, -32004, "not begun"));
        else if (!m.id.empty())
            waiting.push_back(std::move(m));
        changed.notify_all();
    }
    std::lock_guard const lock(mutex);
    if (!running.empty())
        std::_Exit(0);  // the parent is gone
    closed = true;
    changed.notify_all();
}

void serve_pipelined()
{
    std::thread(read_ahead).detach();
    for (;;) {
        message next;
        {
            std::unique_lock lock(mutex);
            changed.wait(lock, [] { return closed || !waiting.empty(); });
            if (waiting.empty())
                return;
            next = std::move(waiting.front());
            waiting.pop_front();
            running = next.id;
            should_stop = false;
        }
        answer(next);
    }
}

void serve_one_by_one()
{
    line_reader lines;
    while (auto const line = lines.next())
        if (auto const m = parse(*line); !m.id.empty())
            answer(m);
}

// The starts are numbered from 1, by the lines of a file.
bool start_fails(std::string const& path, int first, int last)
{
    auto const end = append(path, "start");
    return end >= 6 * first && end <= 6 * last;
}

void send_ready()
{
    std::string methods;
    for (auto const& [name, job] : good_jobs)
        methods += (methods.empty() ? "" : ",") + in_quotes(name);
    for (auto const& [name, fault] : faults)
        methods += ',' + in_quotes(name);
    say(notification("leasepool/ready",
        R"({"version":)" + std::to_string(chosen.version) + R"(,"pid":)" +
            std::to_string(::getpid()) + R"(,"methods":[)" + methods + R"(],"capabilities":[)" +
            (chosen.pipelining || chosen.lying ? "\"pipelining\"" : "") + "]}"));
}

}  // namespace

int main(int argc, char** argv)
{
    for (int i = 1; i < argc; ++i) {
        std::string const word = argv[i];
        if (word == "--pipelining")
            chosen.pipelining = true;
        else if (word == "--lying")
            chosen.lying = true;
        else if (word == "--version")
            chosen.version = std::atoi(argv[++i]);
        else if (word == "--start")
            chosen.start_with = argv[++i];
        else if (word == "--fail-starts") {
            if (start_fails(argv[i + 1], std::atoi(argv[i + 2]), std::atoi(argv[i + 3]))) {
                write_all(STDERR_FILENO, "this is not my day\n");
                return 4;
            }
            i += 3;
        }
    }
    if (!chosen.start_with.empty()) {
        message const alone{chosen.start_with, {}, "1"};
        faults.at(chosen.start_with)(alone);
    }
    send_ready();
    if (chosen.pipelining)
        serve_pipelined();
    else
        serve_one_by_one();
}
