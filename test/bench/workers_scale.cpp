// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "bench_jobs.hpp"
#include "cpu_time.hpp"
#include "one_thread.hpp"
#include "row.hpp"
#include "two_cpus.hpp"

#include <leasepool/process_backend.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>

// CPU time of the parent for a job, with many workers in the pool and one job in flight, against the
// same with one worker.

namespace leasepool::bench {
namespace {

void one_job_in_flight(benchmark::State& state, std::size_t workers, int jobs)
{
    two_cpus const cpus;
    with_manager(process_backend({.command = cpus.worker_words(), .workers_per_pool = workers}),
        {.max_pools = 1}, [&](auto& pools) -> boost::asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            auto const run = [&](int count) -> boost::asio::awaitable<void> {
                for (; count != 0; --count)
                    benchmark::DoNotOptimize(co_await lease.async_run(add_job(20'000, 30'000)));
            };
            co_await run(jobs / 10);
            for (auto _ : state) {
                auto const before = cpu_time(CLOCK_PROCESS_CPUTIME_ID);
                co_await run(jobs);
                state.counters["figure"] = (cpu_time(CLOCK_PROCESS_CPUTIME_ID) - before) / jobs;
            }
        });
}

row scale(effort how, std::size_t workers, double goal)
{
    bool const full = how == effort::full;
    int const jobs = full ? 5'000 : 20;
    return {
        .name = "workers_scale_" + std::to_string(workers),
        .from = source::figure,
        .unit = "us",
        .scale = 1e-3,
        .goal = goal,
        .rounds = full ? 15 : 1,
        .ours =
            [=](benchmark::State& state) {
                one_job_in_flight(state, full ? workers : workers / 16, jobs);
            },
        .reference_name = "the same with one worker",
        .reference = [=](benchmark::State& state) { one_job_in_flight(state, 1, jobs); },
    };
}

}  // namespace

row workers_scale_64(effort how)
{
    return scale(how, 64, 1.5);
}

row workers_scale_256(effort how)
{
    return scale(how, 256, 2);
}

}  // namespace leasepool::bench
