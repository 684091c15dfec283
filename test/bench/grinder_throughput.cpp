// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "flights.hpp"
#include "one_thread.hpp"
#include "reference_offload.hpp"
#include "row.hpp"

#include <leasepool/thread_backend.hpp>
#include <leasepool/work_grinder.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

#include <chrono>

// A thousand coroutines submit items that do nothing, each one after the other, against as many that
// post each to a thread_pool and back. Both have two threads to run them on.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

constexpr auto no_op = [] {};

void ours(benchmark::State& state, int jobs_each)
{
    with_manager(thread_backend({.workers_per_pool = 1}), {.max_pools = 2, .min_pools = 2},
        [&](auto& pools) -> asio::awaitable<void> {
            work_grinder grinder(
                pools, {.batch_size = 250, .max_wait = std::chrono::milliseconds{1}});
            co_await grinder.async_start();
            // The reference's token. Before Boost 1.83 the default one makes a coroutine frame a call.
            auto const job = [&] { return grinder.async_submit(no_op, asio::deferred); };
            co_await measure_flights(state, jobs_each, job);
            co_await grinder.async_stop();
        });
}

}  // namespace

row grinder_throughput(effort how)
{
    bool const full = how == effort::full;
    int const jobs_each = full ? 100 : 2;
    return {
        .name = "grinder_throughput",
        .from = source::rate,
        .unit = "items/s",
        .want = better::higher,
        .goal = 1.15,
        .iterations = 1,
        .rounds = full ? 31 : 1,
        .ours = [=](benchmark::State& state) { ours(state, jobs_each); },
        .reference_name = "asio::post to a thread_pool and back",
        .reference = [=](benchmark::State& state) { measure_offloads(state, 2, jobs_each); },
    };
}

}  // namespace leasepool::bench
