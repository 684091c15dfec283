// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_support.hpp"

#include "base/worker_marker.hpp"

#include <climits>
#include <fcntl.h>
#include <filesystem>
#include <sys/resource.h>
#include <thread>

// What a program finds when it was started.

namespace leasepool::test {

BOOST_FIXTURE_TEST_SUITE(process_spawn, nothing_left)

BOOST_AUTO_TEST_CASE(child_sees_its_three_descriptors_and_no_others)
{
    // As other libraries leave them: inherited, unless somebody closes them.
    int const low = ::open("/dev/null", O_RDONLY);
    int const high = ::fcntl(low, F_DUPFD, 900);
    BOOST_REQUIRE(high >= 900);
    BOOST_TEST(outcome_of(spawned_child({"descriptors"})).output == "0 1 2 ");
    ::close(low);
    ::close(high);
}

BOOST_AUTO_TEST_CASE(child_gets_its_streams_where_the_parent_has_closed_its_own)
{
    int const saved = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 100);
    ::close(STDIN_FILENO);
    auto const seen = outcome_of(spawned_child({"descriptors"}));
    bool const free = ::fcntl(STDIN_FILENO, F_GETFD) < 0;
    ::dup2(saved, STDIN_FILENO);
    ::close(saved);
    BOOST_TEST(seen.output == "0 1 2 ");
    BOOST_TEST(free);
}

BOOST_AUTO_TEST_CASE(child_has_default_dispositions_and_an_empty_mask)
{
    disposition const ignored[] = {
        {SIGPIPE, SIG_IGN}, {SIGHUP, SIG_IGN}, {SIGUSR1, SIG_IGN}, {SIGRTMIN + 3, SIG_IGN}};
    disposition const handled(SIGUSR2, [](int) {});
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    for (int const signal : {SIGINT, SIGTERM, SIGCHLD, SIGRTMAX})
        ::sigaddset(&blocked, signal);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    auto const seen = outcome_of(spawned_child({"signals"}));

    BOOST_TEST(seen.output == "end");
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, &before, &now);
    for (int const signal : {SIGINT, SIGTERM, SIGCHLD, SIGRTMAX})
        BOOST_TEST(::sigismember(&now, signal) == 1);
    BOOST_TEST(::sigismember(&now, SIGUSR1) == 0);
    struct sigaction action = {};
    ::sigaction(SIGPIPE, nullptr, &action);
    BOOST_TEST((action.sa_handler == SIG_IGN));
}

BOOST_AUTO_TEST_CASE(child_leads_a_session_and_a_group)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), spawned_child({"group"}));
        auto const pid = std::to_string(started.pid());
        auto const seen = co_await read_to_end(started.standard_output());
        BOOST_TEST(seen == pid + ' ' + pid + ' ' + pid);
    });
}

BOOST_AUTO_TEST_CASE(child_gets_its_arguments)
{
    BOOST_TEST(outcome_of(spawned_child({"arguments", "", "a b", "ä*"})).output ==
        "[arguments][][a b][ä*]");
}

BOOST_AUTO_TEST_CASE(child_inherits_the_environment_as_changed)
{
    ::setenv("LEASEPOOL_TEST_KEPT", "kept", 1);
    ::setenv("LEASEPOOL_TEST_CHANGED", "before", 1);
    ::setenv("LEASEPOOL_TEST_REMOVED", "before", 1);
    auto options = spawned_child({"environment", "LEASEPOOL_TEST_KEPT", "LEASEPOOL_TEST_CHANGED",
        "LEASEPOOL_TEST_REMOVED", "LEASEPOOL_TEST_ADDED", detail::worker_marker});
    options.environment = {{"LEASEPOOL_TEST_CHANGED", "after=1"},
        {"LEASEPOOL_TEST_REMOVED", std::nullopt}, {"LEASEPOOL_TEST_ADDED", ""}};
    BOOST_TEST(outcome_of(options).output ==
        "LEASEPOOL_TEST_KEPT=kept\n"
        "LEASEPOOL_TEST_CHANGED=after=1\n"
        "LEASEPOOL_TEST_REMOVED is not set\n"
        "LEASEPOOL_TEST_ADDED=\n"
        "LEASEPOOL_WORKER=1\n");
    BOOST_TEST(!detail::started_as_worker());

    options.inherit_environment = false;
    options.environment = {{detail::worker_marker, std::nullopt}};
    options.command.resize(3);
    options.command.emplace_back(detail::worker_marker);
    BOOST_TEST(outcome_of(options).output ==
        "LEASEPOOL_TEST_KEPT is not set\n"
        "LEASEPOOL_WORKER is not set\n");
}

BOOST_AUTO_TEST_CASE(child_starts_in_its_working_directory)
{
    auto options = spawned_child({"directory"});
    BOOST_TEST(outcome_of(options).output == std::filesystem::current_path().string());
    options.working_directory = "/usr";
    BOOST_TEST(outcome_of(options).output == "/usr");
    // A relative program is found from here, not from there.
    options.command[0] = std::filesystem::relative(LEASEPOOL_SPAWNED_CHILD).string();
    if (options.command[0].find('/') == options.command[0].npos)
        options.command[0] = "./" + options.command[0];
    for (char const* directory : {"/usr", "/usr/share"}) {
        options.working_directory = directory;
        BOOST_TEST(outcome_of(options).output == directory);
    }
}

BOOST_AUTO_TEST_CASE(program_is_looked_for_in_the_path_of_the_child)
{
    std::filesystem::path const program = LEASEPOOL_SPAWNED_CHILD;
    auto options = spawned_child({"exit", "5"});
    options.command[0] = program.filename().string();
    options.environment["PATH"] = "/nonexistent:" + program.parent_path().string();
    BOOST_TEST(outcome_of(options).status == exited(5));
}

BOOST_AUTO_TEST_CASE(launcher_goes_in_front)
{
    auto options = spawned_child({"nice"});
    auto const usual = std::stoi(outcome_of(options).output);
    options.launcher = {"nice", "-n", "3"};
    BOOST_TEST(outcome_of(options).output == std::to_string(std::min(usual + 3, 19)));
}

BOOST_AUTO_TEST_CASE(limits_are_those_asked_for)
{
    auto options = spawned_child({"limits"});
    options.limits.cpu_time = 77s;
    options.limits.address_space = 1U << 30;
    options.limits.open_files = 33;
    options.limits.file_size = 4444;
    options.limits.core_size = 0;
    options.limits.stack_size = 1U << 20;
    BOOST_TEST(outcome_of(options).output ==
        "cpu 77 78\n"
        "as 1073741824 1073741824\n"
        "nofile 33 33\n"
        "fsize 4444 4444\n"
        "core 0 0\n"
        "stack 1048576 1048576\n");
}

BOOST_AUTO_TEST_CASE(limit_above_our_own_is_cut_to_it)
{
    auto options = spawned_child({"limits"});
    rlimit own = {};
    ::getrlimit(RLIMIT_NOFILE, &own);
    options.limits.open_files = UINT64_MAX;
    auto const most = std::to_string(own.rlim_max);
    BOOST_TEST(outcome_of(options).output.find("nofile " + most + ' ' + most) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(limit_that_is_reached_tells_by_its_signal)
{
    auto const file =
        std::filesystem::temp_directory_path() / ("leasepool-limit-" + std::to_string(::getpid()));
    auto options = spawned_child({"write-file", file.string()});
    options.limits.file_size = 8192;
    options.limits.core_size = 0;
    BOOST_TEST(outcome_of(options).status == killed_by(SIGXFSZ));
    BOOST_TEST(std::filesystem::file_size(file) == 8192U);
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_CASE(standard_streams_are_told_apart)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), spawned_child({"complain"}));
        BOOST_TEST(co_await read_to_end(started.standard_output()) == "out");
        BOOST_TEST(co_await read_to_end(started.standard_error()) == "err");
    });
}

BOOST_AUTO_TEST_CASE(more_than_a_pipe_holds_goes_through)
{
    asio::io_context io;
    std::string const sent(3'000'001, 'x');
    program started(io.get_executor(), spawned_child({"echo"}));
    error_code written;
    std::thread writer([&] {
        written = started.write(sent);
        started.close_input();
    });
    run(io, [&]() -> asio::awaitable<void> {
        auto const received = co_await read_to_end(started.standard_output());
        BOOST_TEST((received == sent));
    });
    writer.join();
    BOOST_TEST(!written);
    BOOST_TEST(started.wait() == exited(0));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
