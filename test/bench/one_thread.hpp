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
#include <optional>
#include <utility>

namespace leasepool::bench {

/// Whether a timer is pending on the io_context of a benchmark, as on every server's.
///
/// Then the context asks the reactor between handlers: an `epoll_wait` on both sides, which can take
/// longer than what is measured. A context that never had a timer or a socket does not, but a manager
/// on it has a timer.
enum class pending_timer { yes, no };

/// What a benchmark runs on: `body(io)`, a coroutine, on an io_context of one thread, this one.
///
/// The context is told that it has one thread, as one who writes such a server tells it: that makes
/// it faster for everybody, and most for what is compared with us.
template <class Body>
void on_one_thread(Body body, pending_timer pending = pending_timer::yes)
{
    boost::asio::io_context io(1);
    std::optional<boost::asio::steady_timer> timer;
    if (pending == pending_timer::yes)
        timer.emplace(io, std::chrono::hours{1}).async_wait([](boost::system::error_code) {});
    boost::asio::co_spawn(io, body(io), [&timer](std::exception_ptr error) {
        timer.reset();
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
