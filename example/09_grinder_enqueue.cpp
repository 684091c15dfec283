// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Enqueue now, await later: with an eager completion token an item is in the queue at once.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using thread_manager = leasepool::manager<leasepool::thread_backend>;
using thread_grinder = leasepool::work_grinder<leasepool::thread_backend>;

std::string format(int value)
{
    return "value=" + std::to_string(value);
}

// A channel with room for one result is an asynchronous future.
using result = asio::experimental::channel<void(std::exception_ptr, std::string)>;

asio::awaitable<void> enqueue(thread_manager& pools, thread_grinder& grinder)
{
    co_await pools.async_start();
    co_await grinder.async_start();

    // With asio::deferred, the default, nothing happens before it is awaited. With a callback, or
    // with asio::use_future in a plain thread, the item is in the queue when the call returns.
    auto const executor = co_await asio::this_coro::executor;
    auto const submit = [&](int value) {
        auto const later = std::make_shared<result>(executor, 1);
        grinder.async_submit([value] { return format(value); },
            [later](std::exception_ptr error, std::string text) {
                later->try_send(std::move(error), std::move(text));
            });
        return later;
    };
    std::vector<std::shared_ptr<result>> results;
    for (int value = 0; value != 4; ++value)
        results.push_back(submit(value));

    auto const before = co_await grinder.async_stats();
    std::cout << before.pending << " items wait for a fifth, or for a minute to pass\n";
    results.push_back(submit(4));

    for (auto const& one : results)
        std::cout << co_await one->async_receive(asio::use_awaitable) << '\n';

    auto const after = co_await grinder.async_stats();
    std::cout << after.batches << " batch of " << after.mean_batch_size << '\n';
    co_await grinder.async_stop();
    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    leasepool::manager pools(
        io, leasepool::thread_backend({.workers_per_pool = 4}), {.max_pools = 1});
    leasepool::work_grinder grinder(pools, {.batch_size = 5, .max_wait = 60s});

    asio::co_spawn(io, enqueue(pools, grinder), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// 4 items wait for a fifth, or for a minute to pass
// value=0
// value=1
// value=2
// value=3
// value=4
// 1 batch of 5
