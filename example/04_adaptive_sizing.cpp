// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// As many pools as the present load asks for, between a minimum and a maximum.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <set>
#include <string>

namespace asio = boost::asio;
using thread_manager = leasepool::manager<leasepool::thread_backend>;

// An item for every pool that has come or gone.
using pool_changes = asio::experimental::channel<void(leasepool::error_code)>;

asio::awaitable<void> has_pools(thread_manager& pools, pool_changes& changes, std::size_t number)
{
    while (pools.total() != number)
        co_await changes.async_receive(asio::use_awaitable);
    std::cout << pools.desired() << " desired, " << pools.total() << " in service\n";
}

asio::awaitable<void> adapt(
    thread_manager& pools, pool_changes& changes, std::set<std::string>& devices)
{
    co_await pools.async_start();
    co_await has_pools(pools, changes, 1);

    for (int i = 0; i < 31; ++i)
        devices.insert("device " + std::to_string(i));
    std::cout << "31 devices connect\n";
    pools.notify_scale_changed();  // else it is noticed within check_interval
    co_await has_pools(pools, changes, 4);

    devices.clear();
    std::cout << "all devices leave\n";
    pools.notify_scale_changed();
    co_await has_pools(pools, changes, 1);

    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    std::set<std::string> devices;
    pool_changes changes(io, 100);
    auto changed = [&](std::uint64_t) { changes.try_send(leasepool::error_code()); };
    leasepool::observer observer;
    observer.on_pool_created = changed;
    observer.on_pool_closed = changed;

    // The manager asks from its strand, that is, here, on the one thread that runs `io`.
    leasepool::manager pools(io, leasepool::thread_backend({.workers_per_pool = 2}),
        {
            .max_pools = 5,
            .min_pools = 1,
            .size_provider = [&] { return static_cast<long long>(devices.size()); },
            .units_per_pool = 10,
            .idle_ttl = {},  // a pool that is not needed is closed at once
            .observer = observer,
        });

    asio::co_spawn(io, adapt(pools, changes, devices), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// 1 desired, 1 in service
// 31 devices connect
// 4 desired, 4 in service
// all devices leave
// 1 desired, 1 in service
