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

#include <cstddef>

// A thousand coroutines call `manager::async_run` with functions that do nothing, each one after the
// other: what a lease for each function costs where nearly all have to wait for one. Both sides have
// two threads; here each is a pool of its own.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t threads_in_all = 2;
constexpr auto no_op = [] {};

void ours(benchmark::State& state, int jobs_each)
{
    with_manager(thread_backend({.workers_per_pool = 1}),
        {.max_pools = threads_in_all, .min_pools = threads_in_all},
        [&](auto& pools) -> asio::awaitable<void> {
            // The reference's token. Before Boost 1.83 the default one makes a coroutine frame a call.
            auto const job = [&] { return pools.async_run(no_op, asio::deferred); };
            co_await measure_flights(state, jobs_each, job);
        });
}

}  // namespace

row manager_run(effort how)
{
    bool const full = how == effort::full;
    int const jobs_each = full ? 50 : 2;
    return {
        .name = "manager_run",
        .from = source::rate,
        .unit = "jobs/s",
        .want = better::higher,
        .goal = 0.5,
        .iterations = 1,
        .rounds = full ? 31 : 1,
        .ours = [=](benchmark::State& state) { ours(state, jobs_each); },
        .reference_name = "asio::post to a thread_pool and back",
        .reference =
            [=](benchmark::State& state) { measure_offloads(state, threads_in_all, jobs_each); },
    };
}

}  // namespace leasepool::bench
