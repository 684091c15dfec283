// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A lease ends by itself: first it is overdue, then it is revoked and refuses new work.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <semaphore>
#include <stop_token>
#include <string>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

using thread_manager = leasepool::manager<leasepool::thread_backend>;
using lease_events = asio::experimental::channel<void(leasepool::error_code, std::string)>;

asio::awaitable<void> print_two(lease_events& events)
{
    for (int i = 0; i < 2; ++i)
        std::cout << co_await events.async_receive(asio::use_awaitable) << '\n';
}

// Work without an end of its own. It comes to one because it minds its stop token.
std::string poll_device(std::stop_token stop)
{
    std::binary_semaphore stopped(0);
    std::stop_callback const on_stop(stop, [&] { stopped.release(); });
    stopped.acquire();
    return "asked to stop, and did";
}

asio::awaitable<void> expire(thread_manager& pools, lease_events& events)
{
    co_await pools.async_start();

    auto lease = co_await pools.async_acquire({.owner = "poller", .duration = 1h});
    std::cout << "renewed: " << std::boolalpha << lease.renew(20ms) << '\n';  // from now on

    auto const result =
        co_await (lease.async_run(&poll_device, asio::use_awaitable) && print_two(events));
    std::cout << "the function was " << result << '\n';

    std::cout << "renewed: " << lease.renew(1h) << '\n';
    try {
        co_await lease.async_run([] { std::cout << "this is never printed\n"; });
    }
    catch (boost::system::system_error const& e) {
        std::cout << (e.code() == leasepool::errc::lease_expired ? "expired: " : "unexpected: ")
                  << e.code().message() << '\n';
    }

    // Its pool is never handed out again, but replaced.
    auto fresh = co_await pools.async_acquire({.owner = "next"});
    co_await fresh.async_run([] { std::cout << "the next lease works\n"; });
    fresh.release();

    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    lease_events events(io, 10);
    auto tell = [&](char const* what) {
        return [&events, what](leasepool::lease_event const& lease) {
            events.try_send(leasepool::error_code(), std::string(lease.owner) + what);
        };
    };
    leasepool::observer observer;
    observer.on_overdue = tell(" is overdue");
    observer.on_revoke = tell(" is revoked");
    leasepool::manager pools(io, leasepool::thread_backend({.workers_per_pool = 1}),
        {
            .max_pools = 1,
            .grace = 20ms,
            .observer = observer,
        });

    asio::co_spawn(io, expire(pools, events), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// renewed: true
// poller is overdue
// poller is revoked
// the function was asked to stop, and did
// renewed: false
// expired: ...
// the next lease works
