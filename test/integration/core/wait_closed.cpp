// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Waiting for the end of a connection, while the session's work runs.

#include "integration/support/connections.hpp"
#include "integration/support/events.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <atomic>
#include <new>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>

using namespace leasepool;
using namespace leasepool::test;

namespace {

struct fixture {
    asio::io_context io;
    connection both{io};
    asio::streambuf buffer;

    /// Runs what is ready. Fails if that does not end.
    void settle()
    {
        io.restart();
        int turns = 0;
        while (io.poll_one() != 0)
            BOOST_TEST_REQUIRE(++turns < 1'000);
    }

    /// Runs until the buffer contains this number of bytes.
    void await_buffered(std::size_t bytes)
    {
        io.restart();
        while (buffer.size() < bytes)
            io.run_one();
    }
};

struct buffer_without_memory {
    using mutable_buffers_type = asio::mutable_buffer;
    mutable_buffers_type prepare(std::size_t) { throw std::bad_alloc(); }
    void commit(std::size_t) noexcept {}
    std::size_t size() const noexcept { return 0; }
    std::size_t max_size() const noexcept { return 100; }
};

/// A stream of which only reads are known.
struct stream_without_socket {
    using executor_type = tcp::socket::executor_type;
    executor_type get_executor() { return below.get_executor(); }
    template <class Space, class Token>
    auto async_read_some(Space const& space, Token&& token)
    {
        return below.async_read_some(space, std::forward<Token>(token));
    }

    tcp::socket below;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(wait_closed, fixture)

BOOST_AUTO_TEST_CASE(end_of_the_peers_stream_ends_the_wait)
{
    run(io, [&]() -> asio::awaitable<void> {
        pending_wait wait(io, both.server, buffer);
        both.client.shutdown(tcp::socket::shutdown_send);
        co_await wait.end();
        BOOST_TEST(!wait.error);
        BOOST_TEST(wait.reason == asio::error::eof);
    });
}

BOOST_AUTO_TEST_CASE(reset_of_the_connection_ends_the_wait)
{
    run(io, [&]() -> asio::awaitable<void> {
        pending_wait wait(io, both.server, buffer);
        both.reset();
        co_await wait.end();
        BOOST_TEST(!wait.error);
        BOOST_TEST(wait.reason == asio::error::connection_reset);
    });
}

BOOST_AUTO_TEST_CASE(what_the_peer_sends_ahead_is_kept)
{
    run(io, [&]() -> asio::awaitable<void> {
        pending_wait wait(io, both.server, buffer);
        std::string sent;
        for (int i = 0; i != 50; ++i) {
            auto const part = std::string(100, static_cast<char>('a' + i % 26));
            sent += part;
            co_await asio::async_write(both.client, asio::buffer(part), asio::use_awaitable);
            co_await asio::post(io, asio::use_awaitable);
        }
        BOOST_TEST(!wait.ended());
        both.client.close();
        co_await wait.end();
        std::string const got(asio::buffers_begin(buffer.data()), asio::buffers_end(buffer.data()));
        BOOST_TEST(got == sent);
    });
}

BOOST_AUTO_TEST_CASE(connection_can_be_used_after_a_canceled_wait)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await lines_around_canceled_waits(io, both.server, both.client, 300);
    });
}

BOOST_AUTO_TEST_CASE(full_buffer_pauses_the_wait_and_a_reset_ends_it)
{
    std::string const much(1 << 20, 'x');
    happening sent(io);
    asio::async_write(both.client, asio::buffer(much), sent.handler());
    pending_wait wait(io, both.server, buffer, {.max_buffered = 1'000});
    await_buffered(1'000);
    settle();
    BOOST_TEST(buffer.size() == 1'000u);
    BOOST_TEST(!wait.ended());
    both.reset();
    run(io, [&]() -> asio::awaitable<void> { co_await wait.end(); });
    BOOST_TEST(!wait.error);
    BOOST_TEST(wait.reason == asio::error::connection_reset);
    BOOST_TEST(buffer.size() == 1'000u);
}

BOOST_AUTO_TEST_CASE(wait_with_a_full_buffer_can_be_canceled)
{
    asio::streambuf small(10);
    asio::write(both.client, asio::buffer("0123456789more", 14));
    run(io, [&]() -> asio::awaitable<void> {
        pending_wait wait(io, both.server, small);
        while (small.size() != 10)
            co_await asio::post(io, asio::use_awaitable);
        for (int i = 0; i != 10; ++i)
            co_await asio::post(io, asio::use_awaitable);
        BOOST_TEST(!wait.ended());
        wait.signal.emit(asio::cancellation_type::terminal);
        co_await wait.end();
        BOOST_TEST(wait.error == asio::error::operation_aborted);
        BOOST_TEST(take_line(small) == "0123456789");
        co_await both.server.async_read_some(small.prepare(4), asio::use_awaitable);
        small.commit(4);
        BOOST_TEST(take_line(small) == "more");
    });
}

BOOST_AUTO_TEST_CASE(urgent_data_keeps_no_thread_busy)
{
    pending_wait wait(io, both.server, buffer, {.max_buffered = 0});
    settle();
    both.client.send(asio::buffer("!", 1), asio::socket_base::message_out_of_band);
    // It has arrived when this has.
    asio::write(both.client, asio::buffer("x", 1));
    both.server.wait(tcp::socket::wait_read);
    settle();
    BOOST_TEST(!wait.ended());
    both.reset();
    run(io, [&]() -> asio::awaitable<void> { co_await wait.end(); });
    BOOST_TEST(!wait.error);
    BOOST_TEST(wait.reason == asio::error::connection_reset);
}

BOOST_AUTO_TEST_CASE(half_closed_connection_is_open_if_that_is_allowed)
{
    run(io, [&]() -> asio::awaitable<void> {
        pending_wait wait(io, both.server, buffer, {.on_half_close = half_close::allowed});
        asio::write(both.client, asio::buffer("ask", 3));
        both.client.shutdown(tcp::socket::shutdown_send);
        while (buffer.size() != 3)
            co_await asio::post(io, asio::use_awaitable);
        for (int i = 0; i != 10; ++i)
            co_await asio::post(io, asio::use_awaitable);
        BOOST_TEST(!wait.ended());
        co_await asio::async_write(both.server, asio::buffer("answer", 6), asio::use_awaitable);
        char answer[6];
        co_await asio::async_read(both.client, asio::buffer(answer), asio::use_awaitable);
        BOOST_TEST(!wait.ended());
        both.reset();
        co_await wait.end();
        BOOST_TEST(!wait.error);
        BOOST_TEST((wait.reason == asio::error::broken_pipe ||  // Linux, after a FIN
            wait.reason == asio::error::connection_reset));
    });
}

BOOST_AUTO_TEST_CASE(wait_for_a_closed_socket_is_canceled)
{
    both.server.close();
    for (std::size_t const most : {std::size_t{100}, std::size_t{0}})
        run(io, [&]() -> asio::awaitable<void> {
            pending_wait wait(io, both.server, buffer, {.max_buffered = most});
            co_await wait.end();
            BOOST_TEST(wait.error == asio::error::operation_aborted);
        });
}

BOOST_AUTO_TEST_CASE(socket_closed_before_what_has_arrived_is_handled_cancels_the_wait)
{
    run(io, [&]() -> asio::awaitable<void> {
        pending_wait wait(io, both.server, buffer);
        asio::write(both.client, asio::buffer("x", 1));
        both.server.wait(tcp::socket::wait_read);
        // Behind this handler, in one turn of the reactor.
        asio::post(io, [&] { both.server.close(); });
        co_await wait.end();
        BOOST_TEST(wait.error == asio::error::operation_aborted);
    });
}

BOOST_AUTO_TEST_CASE(socket_closed_after_urgent_data_cancels_the_wait)
{
    for (bool const cancels : {false, true}) {
        connection other(io);
        pending_wait wait(io, other.server, buffer, {.max_buffered = 0});
        settle();
        other.client.send(asio::buffer("!", 1), asio::socket_base::message_out_of_band);
        other.server.wait(tcp::socket::wait_error);
        settle();
        if (cancels)
            wait.signal.emit(asio::cancellation_type::partial);
        else
            other.server.close();
        run(io, [&]() -> asio::awaitable<void> { co_await wait.end(); });
        BOOST_TEST(wait.error == asio::error::operation_aborted);
    }
}

BOOST_AUTO_TEST_CASE(socket_closed_by_this_program_cancels_the_wait)
{
    for (std::size_t const most : {std::size_t{100}, std::size_t{0}})
        run(io, [&]() -> asio::awaitable<void> {
            connection other(io);
            pending_wait wait(io, other.server, buffer, {.max_buffered = most});
            other.server.close();
            co_await wait.end();
            BOOST_TEST(wait.error == asio::error::operation_aborted);
        });
}

BOOST_AUTO_TEST_CASE(buffer_that_cannot_grow_fails_the_wait)
{
    buffer_without_memory none;
    error_code error;
    bool inside = true;
    async_wait_closed(both.server, none, [&](error_code e, error_code) {
        BOOST_TEST(!inside);
        error = e;
    });
    inside = false;
    io.run();
    BOOST_TEST((error == std::errc::not_enough_memory));
}

BOOST_AUTO_TEST_CASE(stream_that_is_not_based_on_a_socket)
{
    stream_without_socket stream{std::move(both.server)};
    {
        pending_wait paused(io, stream, buffer, {.max_buffered = 0});
        settle();
        BOOST_TEST(!paused.ended());
        paused.signal.emit(asio::cancellation_type::terminal);
        run(io, [&]() -> asio::awaitable<void> { co_await paused.end(); });
        BOOST_TEST(paused.error == asio::error::operation_aborted);
    }
    pending_wait wait(io, stream, buffer);
    both.client.close();
    run(io, [&]() -> asio::awaitable<void> { co_await wait.end(); });
    BOOST_TEST(!wait.error);
    BOOST_TEST(wait.reason == asio::error::eof);
}

BOOST_AUTO_TEST_CASE(stream_and_buffer_of_beast)
{
    boost::beast::tcp_stream stream(std::move(both.server));
    boost::beast::flat_buffer flat;
    run(io, [&]() -> asio::awaitable<void> {
        asio::write(both.client, asio::buffer("next", 4));
        both.client.close();
        BOOST_TEST(
            co_await async_wait_closed(stream, flat, asio::use_awaitable) == asio::error::eof);
        BOOST_TEST(flat.size() == 4u);
    });
}

// The documented combination ----------------------------------------------------------------------

struct with_lease : fixture {
    thread_manager pools{io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1}};

    template <class Body>
    void run_with_lease(Body body)
    {
        run(io, [&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            {
                auto lease = co_await pools.async_acquire();
                co_await body(lease);
            }
            co_await pools.async_stop();
        });
    }
};

BOOST_FIXTURE_TEST_CASE(client_that_leaves_stops_the_function, with_lease)
{
    using namespace asio::experimental::awaitable_operators;
    run_with_lease([&](thread_lease& lease) -> asio::awaitable<void> {
        std::atomic<bool> stopped = false;
        auto work = [&](std::stop_token stop) {
            asio::post(io, [&] { both.client.close(); });
            while (!stop.stop_requested())
                std::this_thread::yield();
            stopped = true;
            return 1;
        };
        auto const outcome = co_await (lease.async_run(std::ref(work), as_tuple) ||
            async_wait_closed(both.server, buffer, asio::use_awaitable));
        BOOST_TEST_REQUIRE(outcome.index() == 1u);
        BOOST_TEST(std::get<1>(outcome) == asio::error::eof);
        BOOST_TEST(stopped.load());
    });
}

BOOST_FIXTURE_TEST_CASE(function_that_returns_or_throws_ends_the_wait, with_lease)
{
    using namespace asio::experimental::awaitable_operators;
    run_with_lease([&](thread_lease& lease) -> asio::awaitable<void> {
        for (bool const throws : {false, true}) {
            auto work = [&] {
                if (throws)
                    throw std::domain_error("x");
                return 5;
            };
            auto const outcome = co_await (lease.async_run(std::ref(work), as_tuple) ||
                async_wait_closed(both.server, buffer, asio::use_awaitable));
            BOOST_TEST_REQUIRE(outcome.index() == 0u);
            auto const& [error, value] = std::get<0>(outcome);
            BOOST_TEST((error != nullptr) == throws);
            BOOST_TEST((throws || value == 5));
        }
        // Keep-alive.
        asio::write(both.client, asio::buffer("line\n", 5));
        co_await asio::async_read_until(both.server, buffer, '\n', asio::use_awaitable);
        BOOST_TEST(take_line(buffer) == "line");
    });
}

BOOST_AUTO_TEST_SUITE_END()
