// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_support.hpp"

#include <boost/asio/detached.hpp>

#include <memory>
#include <sys/prctl.h>

// How a program ends, and what becomes of it when its owner goes.

namespace leasepool::test {

BOOST_FIXTURE_TEST_SUITE(process_spawn_exit, nothing_left)

BOOST_AUTO_TEST_CASE(status_says_how_it_ended)
{
    BOOST_TEST(outcome_of(spawned_child({"exit", "0"})).status.success());
    BOOST_TEST(
        to_string(outcome_of(spawned_child({"exit", "3"})).status) == "exited with status 3");
    for (int const signal : {SIGSEGV, SIGABRT, SIGKILL, SIGTERM, SIGPIPE, SIGUSR1, SIGRTMIN + 2})
        BOOST_TEST(outcome_of(spawned_child({"raise", std::to_string(signal)})).status ==
            killed_by(signal));
    BOOST_TEST(to_string(killed_by(SIGSEGV)) == "killed by SIGSEGV");
    BOOST_TEST(to_string(exit_status{exit_status::kind::signaled, SIGABRT, true}) ==
        "killed by SIGABRT (core dumped)");
    BOOST_TEST(to_string(killed_by(SIGRTMIN + 2)) == "killed by SIGRTMIN+2");
    BOOST_TEST(to_string(killed_by(4000)) == "killed by signal 4000");
}

BOOST_AUTO_TEST_CASE(exit_is_reported_before_the_process_is_reaped)
{
    asio::io_context io;
    program started(io.get_executor(), spawned_child({"exit", "4"}));
    auto const pid = started.pid();
    BOOST_TEST(started.wait() == exited(4));
    BOOST_TEST(exists(pid));
    BOOST_TEST(!started.signal(SIGTERM));  // no other process has the number
    started.reap();
    BOOST_TEST(!exists(pid));
    BOOST_TEST(started.signal(SIGTERM) == boost::system::errc::no_such_process);
    BOOST_TEST((*started.status() == exited(4)));
    started.reap();
}

BOOST_AUTO_TEST_CASE(signal_reaches_the_group)
{
    asio::io_context io;
    program started(io.get_executor(), spawned_child({"stay"}));
    BOOST_TEST(!started.signal(SIGTERM));
    BOOST_TEST(started.wait() == killed_by(SIGTERM));
}

BOOST_AUTO_TEST_CASE(grandchild_that_holds_the_pipes_is_killed_with_the_group)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), spawned_child({"leave-behind"}));
        // It runs, ignores SIGTERM, and holds all three streams open for ever.
        co_await read_line(started.standard_output());
        BOOST_TEST(started.wait() == exited(7));
        BOOST_TEST((co_await read_to_end(started.standard_output())).empty());
        BOOST_TEST((co_await read_to_end(started.standard_error())).empty());
    });
}

#if defined(__linux__)

BOOST_AUTO_TEST_CASE(parent_that_adopts_orphans_reaps_those_of_a_group)
{
    // As the first process of a container is.
    BOOST_TEST_REQUIRE(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), spawned_child({"leave-behind"}));
        co_await read_line(started.standard_output());
        BOOST_TEST(started.wait() == exited(7));
        started.reap();
        await_no_child();
    });
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

#endif

BOOST_AUTO_TEST_CASE(process_outside_the_group_does_not_delay_the_end)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), spawned_child({"leave-outside"}));
        BOOST_TEST(started.wait() == exited(7));
        // The output has no end while the other process lives, but what it contains can be read.
        pid_t const outside = std::stoi(read_what_is_there(started.standard_output()));
        BOOST_TEST(exists(outside));
        ::kill(outside, SIGKILL);
        BOOST_TEST((co_await read_to_end(started.standard_output())).empty());
    });
}

BOOST_AUTO_TEST_CASE(output_can_be_read_after_the_process_was_reaped)
{
    asio::io_context io;
    program started(io.get_executor(), spawned_child({"arguments", std::string(9000, 'x')}));
    started.wait();
    started.reap();
    BOOST_TEST((read_what_is_there(started.standard_output()) ==
        "[arguments][" + std::string(9000, 'x') + ']'));
}

BOOST_AUTO_TEST_CASE(dropped_while_it_runs)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), spawned_child({"stay"}));
        co_await read_line(started.standard_output());
        auto const pid = started.pid();
        BOOST_TEST(exists(pid));
        started.drop();
        BOOST_TEST(!started.valid());
        await_no_child();
        await_gone(pid);
        started.drop();
    });
}

BOOST_AUTO_TEST_CASE(dropped_with_its_group)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        program started(io.get_executor(), spawned_child({"leave-behind"}));
        co_await read_line(started.standard_output());
        auto reader = std::move(started.standard_output());
        started.drop();
        // No process has the other end any more.
        BOOST_TEST((co_await read_to_end(reader)).empty());
    });
}

BOOST_AUTO_TEST_CASE(dropped_child_ends_what_waits_for_its_pipes)
{
    asio::io_context io;
    int aborted = 0;
    char buffer[16];
    {
        program started(io.get_executor(), spawned_child({"stay"}));
        auto const count = [&](error_code ec, std::size_t) {
            aborted += ec == asio::error::operation_aborted;
        };
        started.standard_output().async_read_some(asio::buffer(buffer), [](auto, auto) {});
        started.standard_error().async_read_some(asio::buffer(buffer), count);
        io.poll();
        BOOST_TEST(aborted == 0);
    }
    io.restart();
    io.run();
    BOOST_TEST(aborted == 1);
}

BOOST_AUTO_TEST_CASE(assigned_to_drops_what_it_had)
{
    asio::io_context io;
    program started(io.get_executor(), spawned_child({"stay"}));
    auto const pid = started.pid();
    started = program(io.get_executor(), spawned_child({"exit", "0"}));
    BOOST_TEST(started.pid() != pid);
    await_gone(pid);
    BOOST_TEST(started.wait() == exited(0));
    started.drop();
    await_no_child();
}

BOOST_AUTO_TEST_CASE(context_destroyed_with_a_running_child)
{
    pid_t pid = -1;
    {
        asio::io_context io;
        asio::co_spawn(
            io,
            [&]() -> asio::awaitable<void> {
                program started(io.get_executor(), spawned_child({"stay"}));
                pid = started.pid();
                co_await read_line(started.standard_output());
                io.stop();
                co_await read_line(started.standard_output());
                BOOST_ERROR("it has ended");
            },
            asio::detached);
        io.run();
        BOOST_TEST(exists(pid));
    }
    await_no_child();
    await_gone(pid);
}

BOOST_AUTO_TEST_CASE(context_destroyed_with_a_child_that_a_handler_owns)
{
    {
        asio::io_context io;
        auto const owned = std::make_shared<program>(io.get_executor(), spawned_child({"stay"}));
        owned->standard_error().async_wait(asio::posix::descriptor_base::wait_read,
            [owned](error_code) { BOOST_ERROR("it has ended"); });
    }
    await_no_child();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
