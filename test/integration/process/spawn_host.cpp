// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/forks.hpp"
#include "integration/support/process_support.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <thread>

#if defined(__linux__)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

// What starting programs does, or does not do, to the program that starts them.

namespace leasepool::test {
namespace {

volatile std::sig_atomic_t children_ended = 0;

#if defined(__linux__)

// From here on this thread, and what it starts, has a kernel without pidfds and close_range.
[[maybe_unused]] void forget_newer_system_calls()
{
    std::array<sock_filter, 6> filter{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    sock_fprog const program{filter.size(), filter.data()};
    BOOST_REQUIRE(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    BOOST_REQUIRE(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

#endif

/// Calls `f` in a forked child of this process, and returns the string that it returned.
template <class F>
std::string output_in_a_forked_child(F const& f)
{
    error_code ec;
    auto ends = detail::make_pipe(ec);
    BOOST_REQUIRE(!ec);
    pid_t const own = ::fork();
    BOOST_REQUIRE(own >= 0);
    if (own == 0) {
        std::string output;
        try {
            output = f();
        }
        catch (std::exception const& e) {
            output = std::string("threw: ") + e.what();
        }
        auto const written = ::write(ends.write.get(), output.data(), output.size());
        std::_Exit(written == static_cast<ssize_t>(output.size()) ? 0 : 1);
    }
    ends.write.reset();
    std::string output;
    char buffer[256];
    for (ssize_t got = 0; (got = ::read(ends.read.get(), buffer, sizeof buffer)) > 0;)
        output.append(buffer, static_cast<std::size_t>(got));
    int status = 0;
    BOOST_TEST(::waitpid(own, &status, 0) == own);
    BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0), "status " << status);
    return output;
}

// The cheapest of some: what else the machine does is not in it.
std::chrono::nanoseconds cost_of_a_start()
{
    constexpr int starts = 20;
    asio::io_context io;
    std::vector<program> children;
    auto least = std::chrono::nanoseconds::max();
    for (int i = 0; i != starts; ++i) {
        auto const begin = std::chrono::steady_clock::now();
        children.emplace_back(io.get_executor(), spawned_child({"exit", "0"}));
        least = std::min<std::chrono::nanoseconds>(least, std::chrono::steady_clock::now() - begin);
    }
    return least;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_spawn_host, nothing_left)

BOOST_AUTO_TEST_CASE(spawns_at_once_do_not_hold_each_others_pipes)
{
    constexpr int threads = 4;
    constexpr int each = 8;
    std::atomic<int> ended = 0;
    std::barrier together(threads);
    std::vector<std::thread> running;
    for (int t = 0; t != threads; ++t)
        running.emplace_back([&] {
            asio::io_context io;
            std::vector<program> children;
            together.arrive_and_wait();
            for (int i = 0; i != each; ++i)
                children.emplace_back(io.get_executor(), spawned_child({"echo"}));
            together.arrive_and_wait();
            // All others still run: if one had this one's pipe, the end would not come.
            for (auto& one : children) {
                one.close_input();
                char byte = 0;
                error_code ec;
                one.standard_output().native_non_blocking(false);
                ended += one.standard_output().read_some(asio::buffer(&byte, 1), ec) == 0 &&
                    ec == asio::error::eof;
            }
            together.arrive_and_wait();
        });
    for (auto& thread : running)
        thread.join();
    BOOST_TEST(ended == threads * each);
}

BOOST_AUTO_TEST_CASE(write_to_a_dead_reader_fails_without_a_signal)
{
    asio::io_context io;
    disposition const deadly(SIGPIPE, SIG_DFL);
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), spawned_child({"close-input"}));
        co_await read_line(started.standard_output());
        BOOST_TEST(started.write("x") == asio::error::broken_pipe);

        // A signal that a thread has blocked and waits for stays.
        sigset_t pipe_signal;
        sigset_t before;
        sigset_t pending;
        ::sigemptyset(&pipe_signal);
        ::sigaddset(&pipe_signal, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
        started.write("x");
        ::sigpending(&pending);
        BOOST_TEST(::sigismember(&pending, SIGPIPE) == 0);
        ::raise(SIGPIPE);
        started.write("x");
        ::sigpending(&pending);
        BOOST_TEST(::sigismember(&pending, SIGPIPE) == 1);
        int taken = 0;
        ::sigwait(&pipe_signal, &taken);
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    });
}

BOOST_AUTO_TEST_CASE(own_children_and_sigchld_stay_the_users)
{
    disposition const counting(SIGCHLD, [](int) { children_ended = children_ended + 1; });
    children_ended = 0;
    pid_t const own = ::fork();
    if (own == 0)
        ::_exit(42);
    // It is a zombie while ours come and go.
    siginfo_t info = {};
    BOOST_TEST(::waitid(P_PID, static_cast<id_t>(own), &info, WEXITED | WNOWAIT) == 0);
    BOOST_TEST(outcome_of(spawned_child({"exit", "1"})).status == exited(1));
    {
        asio::io_context io;
        program dropped(io.get_executor(), spawned_child({"stay"}));
        auto const pid = dropped.pid();
        dropped.drop();
        await_gone(pid);
    }
    int status = 0;
    BOOST_TEST(::waitpid(own, &status, 0) == own);
    BOOST_TEST(WEXITSTATUS(status) == 42);
    BOOST_TEST(children_ended >= 1);
    struct sigaction action = {};
    ::sigaction(SIGCHLD, nullptr, &action);
    BOOST_TEST((action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN));
}

BOOST_AUTO_TEST_CASE(status_that_somebody_else_took_is_unknown)
{
    // The kernel reaps them then.
    disposition const ignoring(SIGCHLD, SIG_IGN);
    BOOST_TEST(outcome_of(spawned_child({"exit", "1"})).status == exit_status{});
    asio::io_context io;
    program started(io.get_executor(), spawned_child({"stay"}));
    auto const pid = started.pid();
    BOOST_TEST(!started.signal(SIGKILL));
    BOOST_TEST(started.wait() == exit_status{});
    await_gone(pid);
    BOOST_TEST(started.signal(SIGKILL) == boost::system::errc::no_such_process);
    program const dropped(io.get_executor(), spawned_child({"stay"}));
}

BOOST_AUTO_TEST_CASE(start_costs_the_same_with_much_memory)
{
    constexpr std::size_t size = std::size_t{1} << 30;
    auto const without = cost_of_a_start();
    void* const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    BOOST_REQUIRE(memory != MAP_FAILED);
    // Small pages, of which a fork would copy the table.
    ::madvise(memory, size, MADV_NOHUGEPAGE);
    for (std::size_t i = 0; i < size; i += 4096)
        static_cast<char volatile*>(memory)[i] = 1;
    auto const with = cost_of_a_start();
    ::munmap(memory, size);
    using us = std::chrono::microseconds;
    BOOST_TEST_MESSAGE("a start: " << std::chrono::duration_cast<us>(without).count()
                                   << " us, with 1 GiB resident: "
                                   << std::chrono::duration_cast<us>(with).count() << " us");
#if !defined(__SANITIZE_THREAD__)  // which makes it a fork: fifty times as much, as it would here
    BOOST_TEST((with < 10 * without));
#endif
}

#if defined(__linux__)

BOOST_AUTO_TEST_CASE(child_dies_with_its_parent_if_asked_to)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        spawn_options options;
        options.command = {LEASEPOOL_SPAWNING_PARENT, LEASEPOOL_SPAWNED_CHILD};
        program parent(io.get_executor(), options);
        auto const grandchild = std::stoi(co_await read_line(parent.standard_output()));
        detail::unique_fd const watch(static_cast<int>(::syscall(SYS_pidfd_open, grandchild, 0)));
        BOOST_REQUIRE(static_cast<bool>(watch));
        // Not by the group: it has its own, and its standard input is of no interest to it.
        ::kill(parent.pid(), SIGKILL);
        pollfd gone{watch.get(), POLLIN, 0};
        bool const died = ::poll(&gone, 1, 60'000) == 1;
        BOOST_TEST(died);
        if (!died)
            ::kill(grandchild, SIGKILL);
    });
}

BOOST_AUTO_TEST_CASE(child_outlives_the_thread_that_started_it)
{
    asio::io_context io;
    program started;
    auto options = spawned_child({"echo"});
    options.parent_death_signal = SIGKILL;
    std::thread([&] { started = program(io.get_executor(), options); }).join();
    run(io, [&]() -> asio::awaitable<void> {
        BOOST_TEST(!started.write("still\n"));
        BOOST_TEST(co_await read_line(started.standard_output()) == "still");
        started.close_input();
        BOOST_TEST(started.wait() == exited(0));
    });
    started.drop();
}

#if defined(LEASEPOOL_TEST_FORKS)

BOOST_AUTO_TEST_CASE(workers_are_scheduled_as_the_main_thread)
{
    auto const usual = outcome_of(spawned_child({"scheduling"})).output;
    // In a forked child, which has no start threads yet.
    auto const of_pinned = output_in_a_forked_child([] {
        std::string output;
        std::thread([&] {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(0, &one);
            ::sched_setaffinity(0, sizeof one, &one);
            sched_param const parameters = {};
            ::sched_setscheduler(0, SCHED_BATCH, &parameters);
            output = outcome_of(spawned_child({"scheduling"})).output;
        }).join();
        return output;
    });
    BOOST_TEST(of_pinned == usual);
}

BOOST_AUTO_TEST_CASE(start_with_too_many_processes_names_the_limit)
{
    // In a forked child, and of another user, because the limit does not apply to root.
    auto const seen = output_in_a_forked_child([]() -> std::string {
        spawn_options options;
        options.command = {"sh", "-c", "exit 5"};
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0)
            return "root cannot become another user";
        if (outcome_of(options).status != exited(5))
            return "no start without the limit";
        rlimit const one = {1, 1};
        if (::setrlimit(RLIMIT_NPROC, &one) != 0)
            return "the limit cannot be set";
        try {
            outcome_of(options);
        }
        catch (std::exception const& e) {
            return e.what();
        }
        return "it was started";
    });
    // There is no process, or no thread for the start, if the first one's is not idle yet.
    std::string const reason = ", this user or this container has too many processes and threads "
                               "(RLIMIT_NPROC, pids.max): ";
    BOOST_TEST((seen.starts_with("leasepool: cannot start the program \"sh\"" + reason) ||
                   seen.starts_with("leasepool: cannot start a thread" + reason)),
        seen);
}

BOOST_AUTO_TEST_CASE(forked_child_starts_programs_of_its_own)
{
    BOOST_TEST(outcome_of(spawned_child({"exit", "0"})).status == exited(0));
    BOOST_TEST(output_in_a_forked_child([] {
        return outcome_of(spawned_child({"arguments"})).output;
    }) == "[arguments]");
}

#endif

BOOST_AUTO_TEST_CASE(child_has_no_controlling_terminal)
{
    BOOST_TEST(outcome_of(spawned_child({"terminal"})).output ==
        std::string("/dev/tty: ") + std::strerror(ENXIO));
}

#if defined(LEASEPOOL_TEST_FORKS)

BOOST_AUTO_TEST_CASE(older_kernels_will_do)
{
    // In a process of its own, because the filter is to hold for its start threads.
    pid_t const own = ::fork();
    BOOST_REQUIRE(own >= 0);
    if (own == 0) {
        forget_newer_system_calls();
        int const low = ::open("/dev/null", O_RDONLY);
        ::fcntl(low, F_DUPFD, 900);
        bool right = outcome_of(spawned_child({"descriptors"})).output == "0 1 2 ";
        right = right && outcome_of(spawned_child({"raise", "11"})).status == killed_by(SIGSEGV);
        {
            asio::io_context io;
            program started(io.get_executor(), spawned_child({"leave-behind"}));
            started.standard_output().native_non_blocking(false);
            read_what_is_there(started.standard_output());
            right = right && started.wait() == exited(7);
            char byte = 0;
            error_code ec;
            started.standard_output().read_some(asio::buffer(&byte, 1), ec);
            right = right && ec == asio::error::eof;
            program const dropped(io.get_executor(), spawned_child({"stay"}));
        }
        await_no_child();
        std::_Exit(right ? 0 : 1);
    }
    int status = 0;
    BOOST_TEST(::waitpid(own, &status, 0) == own);
    BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0), "status " << status);
}

#endif
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
