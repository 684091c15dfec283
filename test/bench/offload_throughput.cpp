// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "flights.hpp"
#include "one_thread.hpp"
#include "reference_offload.hpp"
#include "row.hpp"

#include <leasepool/thread_backend.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>

// A thousand coroutines offload functions that do nothing, each one after the other: what is left
// when nobody has to wait for a wake-up.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

constexpr int workers = 2;
constexpr auto no_op = [] {};

void ours(benchmark::State& state, int jobs_each)
{
    with_manager(thread_backend({.workers_per_pool = workers}), {.max_pools = 1},
        [&](auto& pools) -> asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            // The reference's token. Before Boost 1.83 the default one makes a coroutine frame a call.
            auto const job = [&] { return lease.async_run(no_op, asio::deferred); };
            co_await measure_flights(state, jobs_each, job);
        });
}

}  // namespace

row offload_throughput(effort how)
{
    bool const full = how == effort::full;
    int const jobs_each = full ? 50 : 2;
    return {
        .name = "offload_throughput",
        .from = source::rate,
        .unit = "jobs/s",
        .want = better::higher,
        .goal = 1.0,
        .iterations = 1,
        .rounds = full ? 51 : 1,
        .ours = [=](benchmark::State& state) { ours(state, jobs_each); },
        .reference_name = "asio::post to a thread_pool and back",
        .reference = [=](benchmark::State& state) { measure_offloads(state, workers, jobs_each); },
    };
}

}  // namespace leasepool::bench
