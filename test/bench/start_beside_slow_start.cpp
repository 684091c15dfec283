// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "row.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

// The start of a pool of one worker while the execution of another pool's worker hangs, against the
// same start alone. Each side is a run of slow_start.cpp, with the same filter of system calls.

namespace leasepool::bench {
namespace {

std::string command(std::string const& arguments)
{
    return "'" LEASEPOOL_BENCH_SLOW_START "' " + arguments;
}

/// In nanoseconds.
double mean_start(std::string const& arguments)
{
    auto* const out = ::popen(command(arguments).c_str(), "re");
    if (!out)
        throw std::runtime_error("popen");
    double mean = 0;
    int const read = std::fscanf(out, "%lf", &mean);  // NOLINT(cert-err34-c)
    if (::pclose(out) != 0 || read != 1)
        throw std::runtime_error("the program of start_beside_slow_start failed");
    return mean;
}

void measure_starts(benchmark::State& state, std::string const& arguments)
{
    for (auto _ : state)
        state.counters["figure"] = mean_start(arguments);
}

}  // namespace

bool can_hold_executions()
{
    // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): before the first row
    return std::system(command("check").c_str()) == 0;
}

row start_beside_slow_start(effort how)
{
    bool const full = how == effort::full;
    std::string const starts = full ? "20" : "1";
    return {
        .name = "start_beside_slow_start",
        .from = source::figure,
        .unit = "us",
        .scale = 1e-3,
        .goal = 1.2,
        .rounds = full ? 21 : 1,
        .ours = [=](benchmark::State& state) { measure_starts(state, "beside " + starts); },
        .reference_name = "the same start alone",
        .reference = [=](benchmark::State& state) { measure_starts(state, "alone " + starts); },
    };
}

}  // namespace leasepool::bench
