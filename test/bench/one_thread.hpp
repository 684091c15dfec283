// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_ONE_THREAD_HPP
#define LEASEPOOL_BENCH_ONE_THREAD_HPP

#include <leasepool/manager.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <utility>

namespace leasepool::bench {

/// What a benchmark runs on: `body(io)`, a coroutine, on an io_context of one thread, this one.
///
/// The context is told that it has one thread, as one who writes such a server tells it: that makes
/// it faster for everybody, and most for what is compared with us.
///
/// A timer is pending on it, as on every server's: an io_context that never had a timer or a socket
/// does not ask the reactor between handlers, a shortcut worth more than what is measured here, and
/// one that no server is ever in. A manager has a timer itself, so only with this one do both sides
/// stand on the same ground.
template <class Body>
void on_one_thread(Body body)
{
    boost::asio::io_context io(1);
    boost::asio::steady_timer timer(io, std::chrono::hours{1});
    timer.async_wait([](boost::system::error_code) {});
    boost::asio::co_spawn(io, body(io), [&timer](std::exception_ptr error) {
        timer.cancel();
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

/// The same with a started manager: `body(manager)`.
template <backend Backend, class Body>
void with_manager(Backend b, manager_options options, Body body)
{
    on_one_thread([&](boost::asio::io_context& io) -> boost::asio::awaitable<void> {
        manager<Backend> pools(io, std::move(b), std::move(options));
        co_await pools.async_start();
        co_await body(pools);
        co_await pools.async_stop();
    });
}

}  // namespace leasepool::bench

#endif
