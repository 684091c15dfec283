// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "row.hpp"
#include "waiting_line.hpp"

#include <chrono>
#include <cstddef>

// What a grant costs with so many waiting. The line keeps its length, and as many grants as the
// longer line is long pass before the clock starts, and while it runs.

namespace leasepool::bench {
namespace {

void grants(benchmark::State& state, std::size_t waiters, std::size_t grants)
{
    using clock = std::chrono::steady_clock;
    waiting_line line(waiters);
    line.fill();
    for (auto _ : state) {
        std::size_t granted = 0;
        clock::time_point begin;
        clock::time_point end;
        line.run([&] {
            ++granted;
            if (granted == grants)
                begin = clock::now();
            if (granted < 2 * grants)
                return true;
            end = clock::now();
            return false;
        });
        state.SetIterationTime(
            std::chrono::duration<double>(end - begin).count() / static_cast<double>(grants));
    }
}

}  // namespace

row waiters_scale(effort how)
{
    bool const full = how == effort::full;
    std::size_t const many = full ? 100'000 : 1'000;
    std::size_t const few = full ? 1'000 : 10;
    return {
        .name = "waiters_scale",
        .from = source::manual_time,
        .unit = "ns",
        .goal = 1.2,
        .iterations = 1,
        .rounds = full ? 15 : 1,
        .ours = [=](benchmark::State& state) { grants(state, many, many); },
        .reference_name = "the same with 1 000 waiters instead of 100 000",
        .reference = [=](benchmark::State& state) { grants(state, few, many); },
    };
}

}  // namespace leasepool::bench
