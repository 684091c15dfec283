// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What a dashboard shows: a consistent snapshot, its distributions, and all of it as JSON.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/value_from.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string_view>
#include <thread>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using thread_manager = leasepool::manager<leasepool::thread_backend>;

void print(leasepool::stats const& now)
{
    std::cout << now.backend << ": " << now.leased << " leased, " << now.available << " idle, "
              << now.max_pools << " at most, " << now.workers_per_pool << " workers each\n";
    for (auto const& lease : now.leases) {
        std::string_view file = lease.where.file_name();
        file.remove_prefix(file.find_last_of("/\\") + 1);
        std::cout << "  lease " << lease.id << " of " << lease.owner << ", taken at " << file << ':'
                  << lease.where.line() << '\n';
    }
}

asio::awaitable<void> watch(thread_manager& pools)
{
    co_await pools.async_start();
    print(co_await pools.async_stats());

    auto lease = co_await pools.async_acquire({.owner = "stats", .duration = 30s});
    for (auto duration : {5ms, 20ms}) {
        auto const work = [=] { std::this_thread::sleep_for(duration); };
        co_await lease.async_run(work);
    }
    print(co_await pools.async_stats());

    co_await lease.async_release();
    auto const stats = co_await pools.async_stats();
    print(stats);

    // Distributions are histograms, of nanoseconds here.
    std::cout << stats.run_time.count() << " functions run, the longest for "
              << (stats.run_time.max() >= 20'000'000 ? "20 ms or more\n" : "too short a time\n");

    auto const json = boost::json::value_from(stats);
    std::cout << "acquired: " << json.at("acquired") << ", released: " << json.at("released")
              << ", of " << json.as_object().size() << " members\n";

    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    leasepool::manager pools(
        io, leasepool::thread_backend({.workers_per_pool = 3}), {.max_pools = 2});

    asio::co_spawn(io, watch(pools), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// thread: 0 leased, 1 idle, 2 at most, 3 workers each
// thread: 1 leased, 0 idle, 2 at most, 3 workers each
//   lease 1 of stats, taken at 05_stats.cpp:...
// thread: 0 leased, 1 idle, 2 at most, 3 workers each
// 2 functions run, the longest for 20 ms or more
// acquired: 1, released: 1, of ... members
