// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Every pool is taken: do not wait, wait for a while, wait until one comes back.

#include <leasepool.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

using thread_manager = leasepool::manager<leasepool::thread_backend>;
using thread_lease = thread_manager::lease_type;

asio::awaitable<void> impatient(thread_manager& pools)
{
    // Failures are exceptions...
    try {
        co_await pools.async_acquire({.owner = "impatient", .wait = false});
    }
    catch (boost::system::system_error const& e) {
        if (e.code() == leasepool::errc::unavailable)
            std::cout << "the impatient one got none\n";
    }
}

asio::awaitable<void> patient(thread_manager& pools)
{
    // ... or error codes, as the caller prefers.
    auto [error, lease] = co_await pools.async_acquire(
        {.owner = "patient", .timeout = 20ms}, asio::as_tuple(asio::use_awaitable));
    if (error == leasepool::errc::acquire_timeout)
        std::cout << "the patient one gave up\n";
}

asio::awaitable<void> finish(thread_lease& lease)
{
    std::cout << "the first is done\n";
    co_await lease.async_release();
}

asio::awaitable<void> wait_or_not(thread_manager& pools)
{
    co_await pools.async_start();
    auto first = co_await pools.async_acquire({.owner = "first"});

    co_await impatient(pools);
    co_await patient(pools);

    // Without a limit: the pool goes to whoever waits for it longest.
    auto second =
        co_await (pools.async_acquire({.owner = "second"}, asio::use_awaitable) && finish(first));
    std::cout << "now it is the " << second.owner() << "'s turn\n";

    second.release();
    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    leasepool::manager pools(
        io, leasepool::thread_backend({.workers_per_pool = 1}), {.max_pools = 1});

    asio::co_spawn(io, wait_or_not(pools), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// the impatient one got none
// the patient one gave up
// the first is done
// now it is the second's turn
