// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process_support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

#include <memory>

// How a program ends, and what becomes of it when its owner goes.

namespace leasepool::test {

BOOST_FIXTURE_TEST_SUITE(process_spawn_exit, nothing_left)

BOOST_AUTO_TEST_CASE(status_says_how_it_ended)
{
    BOOST_TEST(outcome_of(sparring({"exit", "0"})).status.success());
    BOOST_TEST(to_string(outcome_of(sparring({"exit", "3"})).status) == "exited with status 3");
    for (int const signal : {SIGSEGV, SIGABRT, SIGKILL, SIGTERM, SIGPIPE, SIGUSR1, SIGRTMIN + 2})
        BOOST_TEST(
            outcome_of(sparring({"raise", std::to_string(signal)})).status == killed_by(signal));
    BOOST_TEST(to_string(killed_by(SIGSEGV)) == "killed by SIGSEGV");
    BOOST_TEST(to_string(exit_status{exit_status::kind::signaled, SIGABRT, true}) ==
        "killed by SIGABRT (core dumped)");
    BOOST_TEST(to_string(killed_by(SIGRTMIN + 2)) == "killed by SIGRTMIN+2");
    BOOST_TEST(to_string(killed_by(4000)) == "killed by signal 4000");
}

BOOST_AUTO_TEST_CASE(exit_is_reported_before_the_process_is_reaped)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        auto program = spawn(io.get_executor(), sparring({"exit", "4"}));
        auto const pid = program.pid();
        BOOST_TEST(co_await program.async_exit(asio::use_awaitable) == exited(4));
        BOOST_TEST(exists(pid));
        BOOST_TEST(!program.kill(SIGTERM));  // its number is its own
        // And once more.
        BOOST_TEST(co_await program.async_exit(asio::use_awaitable) == exited(4));
        program.reap();
        BOOST_TEST(!exists(pid));
        BOOST_TEST(program.kill(SIGTERM) == boost::system::errc::no_such_process);
        BOOST_TEST(co_await program.async_exit(asio::use_awaitable) == exited(4));
        program.reap();
    });
}

BOOST_AUTO_TEST_CASE(waiting_never_completes_inside_the_call)
{
    asio::io_context io;
    auto program = spawn(io.get_executor(), sparring({"exit", "0"}));
    for (int i = 0; i != 2; ++i) {
        bool done = false;
        program.async_exit(
            [&](error_code ec, exit_status status) { done = !ec && status.success(); });
        BOOST_TEST(!done);
        io.run();
        io.restart();
        BOOST_TEST(done);
    }
    program.reap();
}

BOOST_AUTO_TEST_CASE(wait_can_be_canceled_and_begun_again)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        auto program = spawn(io.get_executor(), sparring({"stay"}));
        for (auto const type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                 asio::cancellation_type::total}) {
            asio::cancellation_signal cancel;
            error_code ended;
            program.async_exit(asio::bind_cancellation_slot(
                cancel.slot(), [&](error_code ec, exit_status) { ended = ec; }));
            cancel.emit(type);
            co_await asio::post(asio::use_awaitable);
            BOOST_TEST(ended == asio::error::operation_aborted);
        }
        program.kill(SIGKILL);
        BOOST_TEST(co_await program.async_exit(asio::use_awaitable) == killed_by(SIGKILL));
    });
}

BOOST_AUTO_TEST_CASE(stop_is_asked_for_and_kill_is_not)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        auto program = spawn(io.get_executor(), sparring({"stay"}));
        co_await read_line(program.standard_output());
        BOOST_TEST(!program.request_stop());
        BOOST_TEST(co_await program.async_exit(asio::use_awaitable) == killed_by(SIGTERM));
    });
}

BOOST_AUTO_TEST_CASE(grandchild_that_holds_the_pipes_goes_with_the_group)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        auto program = spawn(io.get_executor(), sparring({"leave-behind"}));
        // It is there, ignores SIGTERM, and holds all three streams open for ever.
        co_await read_line(program.standard_output());
        BOOST_TEST(co_await program.async_exit(asio::use_awaitable) == exited(7));
        BOOST_TEST((co_await read_to_end(program.standard_output())).empty());
        BOOST_TEST((co_await read_to_end(program.standard_error())).empty());
    });
}

BOOST_AUTO_TEST_CASE(process_outside_the_group_does_not_delay_the_verdict)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        auto program = spawn(io.get_executor(), sparring({"leave-outside"}));
        BOOST_TEST(co_await program.async_exit(asio::use_awaitable) == exited(7));
        // Its output has no end while the other one lives; what there is can be had.
        std::string rest;
        BOOST_TEST(!detail::read_available(program.standard_output(), rest, 1U << 20));
        pid_t const outside = std::stoi(rest);
        BOOST_TEST(exists(outside));
        ::kill(outside, SIGKILL);
        BOOST_TEST((co_await read_to_end(program.standard_output())).empty());
    });
}

BOOST_AUTO_TEST_CASE(what_is_left_in_the_pipe_can_be_read_to_a_limit)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        auto program = spawn(io.get_executor(), sparring({"arguments", std::string(9000, 'x')}));
        co_await program.async_exit(asio::use_awaitable);
        program.reap();
        std::string rest;
        BOOST_TEST(!detail::read_available(program.standard_output(), rest, 5000));
        BOOST_TEST(rest.size() == 5000U);
        BOOST_TEST(detail::read_available(program.standard_output(), rest, 1U << 20));
        BOOST_TEST((rest == "[arguments][" + std::string(9000, 'x') + ']'));
    });
}

BOOST_AUTO_TEST_CASE(dropped_while_it_runs)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        auto program = spawn(io.get_executor(), sparring({"stay"}));
        co_await read_line(program.standard_output());
        auto const pid = program.pid();
        BOOST_TEST(exists(pid));
        program.drop();
        BOOST_TEST(!program.valid());
        await_no_child();
        await_gone(pid);
        program.drop();
    });
}

BOOST_AUTO_TEST_CASE(dropped_with_its_group)
{
    asio::io_context io;
    run(io, [&]() -> asio::awaitable<void> {
        auto program = spawn(io.get_executor(), sparring({"leave-behind"}));
        co_await read_line(program.standard_output());
        auto reader = std::move(program.standard_output());
        program.drop();
        // Its last holder is gone.
        BOOST_TEST((co_await read_to_end(reader)).empty());
    });
}

BOOST_AUTO_TEST_CASE(dropped_child_ends_what_waits_for_it)
{
    asio::io_context io;
    int aborted = 0;
    std::string const much(1U << 20, 'x');
    char buffer[16];
    {
        auto program = spawn(io.get_executor(), sparring({"stay"}));
        auto const count = [&](error_code ec, auto const&) {
            aborted += ec == asio::error::operation_aborted;
        };
        program.async_exit(count);
        asio::async_write(program.standard_input(), asio::buffer(much), count);
        program.standard_error().async_read_some(asio::buffer(buffer), count);
        io.poll();
        BOOST_TEST(aborted == 0);
    }
    io.restart();
    io.run();
    BOOST_TEST(aborted == 3);
}

BOOST_AUTO_TEST_CASE(assigned_to_drops_what_it_had)
{
    asio::io_context io;
    auto program = spawn(io.get_executor(), sparring({"stay"}));
    auto const pid = program.pid();
    error_code ended;
    program.async_exit([&](error_code ec, exit_status) { ended = ec; });
    program = spawn(io.get_executor(), sparring({"exit", "0"}));
    BOOST_TEST(program.pid() != pid);
    run(io, [&]() -> asio::awaitable<void> {
        BOOST_TEST(co_await program.async_exit(asio::use_awaitable) == exited(0));
    });
    BOOST_TEST(ended == asio::error::operation_aborted);
    program.drop();
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
                auto program = spawn(io.get_executor(), sparring({"stay"}));
                pid = program.pid();
                co_await read_line(program.standard_output());
                io.stop();
                co_await program.async_exit(asio::use_awaitable);
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
        auto program = std::make_shared<child>(spawn(io.get_executor(), sparring({"stay"})));
        auto& owned = *program;
        owned.async_exit([program](error_code, exit_status) { BOOST_ERROR("it has ended"); });
        asio::async_write(owned.standard_input(), asio::buffer("x", 1),
            [program](error_code, std::size_t) { BOOST_ERROR("not run"); });
    }
    await_no_child();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
