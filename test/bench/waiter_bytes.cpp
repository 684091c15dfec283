// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "counted_heap.hpp"
#include "row.hpp"
#include "waiting_line.hpp"

#include <cstddef>

// What an acquire that waits keeps allocated, its handler not counted: that one is the user's.

namespace leasepool::bench {
namespace {

void bytes(benchmark::State& state, std::size_t waiters)
{
    for (auto _ : state) {
        waiting_line line(waiters);
        counted_heap const heap;
        line.fill();
        auto const each = static_cast<double>(heap.bytes_in_use()) / static_cast<double>(waiters);
        state.counters["figure"] = each - static_cast<double>(sizeof(waiting_line::waiter));
    }
}

}  // namespace

row waiter_bytes(effort how)
{
    std::size_t const waiters = how == effort::full ? 10'000 : 100;
    return {
        .name = "waiter_bytes",
        .from = source::figure,
        .unit = "bytes",
        .goal = 256,
        .ours = [=](benchmark::State& state) { bytes(state, waiters); },
    };
}

}  // namespace leasepool::bench
