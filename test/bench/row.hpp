// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_ROW_HPP
#define LEASEPOOL_BENCH_ROW_HPP

#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

namespace leasepool::bench {

/// How much work a run does: enough for a figure, or just enough to see that it still works.
enum class effort { full, smoke };

/// Where a row's figure comes from, in the terms of Google Benchmark.
enum class source {
    real_time,    ///< nanoseconds an iteration, by the clock that `for (auto _ : state)` drives
    manual_time,  ///< nanoseconds an iteration, by `state.SetIterationTime`
    rate,         ///< items a second, by `state.SetItemsProcessed`
    figure,       ///< `state.counters["figure"]`
};

enum class better { lower, higher };

/// One line of the table: something of ours, and what it is compared with.
struct row {
    std::string name;
    source from;
    std::string unit;  ///< of both figures
    double scale = 1;  ///< what the figure is multiplied with to be in `unit`
    better want = better::lower;
    /// Of the ratio; of our figure where there is no reference.
    double goal;
    benchmark::IterationCount iterations = 1;
    int rounds = 1;
    std::function<void(benchmark::State&)> ours;
    std::string reference_name{};
    std::function<void(benchmark::State&)> reference{};  ///< empty: none
    /// Further comparisons, which are reported and have no goal.
    struct comparison {
        std::string name;
        std::function<void(benchmark::State&)> run;
    };
    std::vector<comparison> unjudged{};
};

// Each in the file of its name.
row offload_rtt(effort how);
row offload_throughput(effort how);
row manager_run(effort how);
row latency_beside_load(effort how);
row acquire_release(effort how);
row acquire_release_no_timer(effort how);  // in acquire_release.cpp
row waiters_scale(effort how);
row waiter_bytes(effort how);
row strand_allocations(effort how);
row leases_scale(effort how);
row idle(effort how);
row compile_time(effort how);
row process_rtt(effort how);
row process_throughput(effort how);
row process_payload(effort how);
row workers_scale_64(effort how);   // in workers_scale.cpp
row workers_scale_256(effort how);  // in workers_scale.cpp
row io_thread_hold(effort how);
row spawn(effort how);
row spawn_big_parent(effort how);  // in spawn.cpp
row start_beside_slow_start(effort how);
/// Whether start_beside_slow_start can run on this system. If not, prints why.
bool can_hold_executions();
row grinder_throughput(effort how);
row grinder_process_throughput(effort how);
row grinder_latency(effort how);
row grinder_item_bytes(effort how);

inline std::vector<row> all_rows(effort how)
{
    std::vector<row> rows{offload_rtt(how), offload_throughput(how), manager_run(how),
        latency_beside_load(how), acquire_release(how), acquire_release_no_timer(how),
        waiters_scale(how), waiter_bytes(how), strand_allocations(how), leases_scale(how),
        idle(how), compile_time(how), process_rtt(how), process_throughput(how),
        process_payload(how), workers_scale_64(how), workers_scale_256(how), io_thread_hold(how),
        spawn(how), spawn_big_parent(how), grinder_throughput(how), grinder_process_throughput(how),
        grinder_latency(how), grinder_item_bytes(how)};
    if (can_hold_executions())
        rows.push_back(start_beside_slow_start(how));
    return rows;
}

}  // namespace leasepool::bench

#endif
