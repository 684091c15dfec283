// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Call a function that blocks, from a coroutine, without holding up the io_context.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

namespace asio = boost::asio;
using namespace std::chrono_literals;

// Stands for a driver or a vendor's library: it takes its time and knows nothing of Asio.
std::string ask_device(std::string const& name)
{
    std::this_thread::sleep_for(50ms);
    return name + " is ready";
}

asio::awaitable<void> quickstart(leasepool::manager<leasepool::thread_backend>& pools)
{
    co_await pools.async_start();
    {
        auto lease = co_await pools.async_acquire({.owner = "quickstart"});
        auto status = co_await lease.async_run([] { return ask_device("pump 7"); });
        std::cout << status << '\n';
    }  // the lease is gone, its pool goes back to the manager
    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    leasepool::thread_backend threads({.workers_per_pool = 4, .name_prefix = "quickstart"});
    leasepool::manager pools(io, threads, {.max_pools = 2});

    asio::co_spawn(io, quickstart(pools), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// pump 7 is ready
