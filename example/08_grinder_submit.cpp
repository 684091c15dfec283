// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Many callers submit small functions; a work grinder runs them in batches, each on one lease.

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
using namespace std::chrono_literals;
using thread_manager = leasepool::manager<leasepool::thread_backend>;
using thread_grinder = leasepool::work_grinder<leasepool::thread_backend>;

int square(int n)
{
    if (n == 13)
        throw std::domain_error("not that one");
    return n * n;
}

// What a handler of a server would do. The caller sees no batch: its item completes by itself, with
// its own result or exception.
asio::awaitable<int> serve(thread_grinder& grinder, int n)
{
    auto const owner = "client " + std::to_string(n % 2);
    auto const item = [n] { return square(n); };
    co_return co_await grinder.async_submit({.owner = owner}, item);
}

asio::awaitable<void> grind(thread_manager& pools, thread_grinder& grinder)
{
    co_await pools.async_start();
    co_await grinder.async_start();

    int answers = 0;
    int sum = 0;
    int failures = 0;
    auto const executor = co_await asio::this_coro::executor;
    for (int n = 0; n != 20; ++n)
        asio::co_spawn(executor, serve(grinder, n), [&](std::exception_ptr error, int result) {
            ++answers;
            failures += error != nullptr;
            sum += result;
        });

    // A batch goes when ten items are pending, or when one has waited for a second. To stop a grinder
    // is to run what was submitted; so wait for the last to have submitted.
    while ((co_await grinder.async_stats()).submitted != 20)
        co_await asio::post(executor, asio::use_awaitable);
    co_await grinder.async_stop();

    std::cout << answers << " answers, the sum is " << sum << ", " << failures << " failed\n";
    auto const stats = co_await grinder.async_stats();
    std::cout << stats.completed << " items in " << stats.batches << " batch(es), " << stats.threw
              << " threw\n";
    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    leasepool::manager pools(
        io, leasepool::thread_backend({.workers_per_pool = 4}), {.max_pools = 1});
    leasepool::work_grinder grinder(
        pools, {.batch_size = 10, .max_wait = 1s, .duration = 30s, .name = "square-grinder"});

    asio::co_spawn(io, grind(pools, grinder), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// 20 answers, the sum is 2301, 1 failed
// 20 items in ... batch(es), 1 threw
