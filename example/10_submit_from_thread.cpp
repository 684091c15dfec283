// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A plain thread, which knows no Asio, submits items and blocks for the results.

#include <leasepool.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <thread>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using thread_grinder = leasepool::work_grinder<leasepool::thread_backend>;

int add(int left, int right)
{
    return left + right;
}

// get() waits for the io_context's thread, which delivers the answer. So a thread that runs the
// io_context must not call it, nor an item whose worker the other one would need: they would wait
// for themselves.
void plain_thread(thread_grinder& grinder)
{
    auto sum = grinder.async_submit(
        {.owner = "plain-thread"}, [] { return add(20, 22); }, asio::use_future);
    auto failure =
        grinder.async_submit([]() -> int { throw std::runtime_error("no"); }, asio::use_future);

    std::cout << "20 + 22 is " << sum.get() << '\n';
    try {
        failure.get();
    }
    catch (std::runtime_error const& e) {
        std::cout << "the other one says " << e.what() << '\n';
    }
}

int main()
{
    asio::io_context io;
    auto work = asio::make_work_guard(io);
    std::thread io_thread([&] { io.run(); });

    leasepool::manager pools(io, leasepool::thread_backend({.workers_per_pool = 2}));
    leasepool::work_grinder grinder(pools, {.batch_size = 1});
    pools.async_start(asio::use_future).get();
    grinder.async_start(asio::use_future).get();

    std::thread thread([&] { plain_thread(grinder); });
    thread.join();

    auto const stats = grinder.async_stats(asio::use_future).get();
    std::cout << stats.completed << " items\n";

    grinder.async_stop({}, asio::use_future).get();
    pools.async_stop({}, asio::use_future).get();
    work.reset();
    io_thread.join();
}

// Output:
// 20 + 22 is 42
// the other one says no
// 2 items
