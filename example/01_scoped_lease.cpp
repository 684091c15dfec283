// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A lease is given back at the end of its scope, also when an exception ends it.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
using thread_manager = leasepool::manager<leasepool::thread_backend>;

int parse(std::string const& text)
{
    return std::stoi(text);  // throws std::invalid_argument
}

asio::awaitable<int> sum(thread_manager& pools, std::string left, std::string right)
{
    auto lease = co_await pools.async_acquire({.owner = "sum"});
    std::cout << "lease " << lease.id() << " of " << lease.owner() << ", for "
              << (lease.soft_expires_at() - lease.leased_at()) / std::chrono::seconds(1) << " s\n";

    // What the functions refer to outlives them: async_run completes when they have returned.
    auto const a = co_await lease.async_run([&] { return parse(left); });
    auto const b = co_await lease.async_run([&] { return parse(right); });
    co_return a + b;
}

asio::awaitable<void> scoped(thread_manager& pools)
{
    co_await pools.async_start();

    std::cout << "20 + 22 is " << co_await sum(pools, "20", "22") << '\n';
    try {
        co_await sum(pools, "20", "x");
    }
    catch (std::invalid_argument const&) {
        std::cout << "x is no number\n";
    }
    // There is one pool only: this lease can be had because those before it are back.
    std::cout << "1 + 1 is " << co_await sum(pools, "1", "1") << '\n';

    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    leasepool::manager pools(
        io, leasepool::thread_backend({.workers_per_pool = 2}), {.max_pools = 1});

    asio::co_spawn(io, scoped(pools), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// lease 1 of sum, for 300 s
// 20 + 22 is 42
// lease 2 of sum, for 300 s
// x is no number
// lease 3 of sum, for 300 s
// 1 + 1 is 2
