// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "bench_jobs.hpp"
#include "flights.hpp"
#include "one_thread.hpp"
#include "raw_child.hpp"
#include "row.hpp"

#include <leasepool/process_backend.hpp>
#include <leasepool/work_grinder.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>

// A thousand coroutines submit small jobs to a grinder over two worker processes, against as many
// that run them on a lease of two workers.

namespace leasepool::bench {
namespace {

void ours(benchmark::State& state, int jobs_each)
{
    with_manager(process_backend({.command = {worker_program()}, .workers_per_pool = 1}),
        {.max_pools = 2, .min_pools = 2}, [&](auto& pools) -> boost::asio::awaitable<void> {
            work_grinder grinder(
                pools, {.batch_size = 250, .max_wait = std::chrono::milliseconds{1}});
            co_await grinder.async_start();
            auto const job = [&] { return grinder.async_submit(add_job(20'000, 30'000)); };
            co_await fly(20, job);
            co_await measure_flights(state, jobs_each, job);
            co_await grinder.async_stop();
        });
}

void reference(benchmark::State& state, int jobs_each)
{
    with_manager(process_backend({.command = {worker_program()}, .workers_per_pool = 2}),
        {.max_pools = 1}, [&](auto& pools) -> boost::asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            auto const job = [&] { return lease.async_run(add_job(20'000, 30'000)); };
            co_await fly(20, job);
            co_await measure_flights(state, jobs_each, job);
        });
}

}  // namespace

row grinder_process_throughput(effort how)
{
    bool const full = how == effort::full;
    int const jobs_each = full ? 50 : 2;
    return {
        .name = "grinder_process_throughput",
        .from = source::rate,
        .unit = "jobs/s",
        .want = better::higher,
        .goal = 1.0,
        .iterations = 1,
        .rounds = full ? 31 : 1,
        .ours = [=](benchmark::State& state) { ours(state, jobs_each); },
        .reference_name = "process_throughput",
        .reference = [=](benchmark::State& state) { reference(state, jobs_each); },
    };
}

}  // namespace leasepool::bench
