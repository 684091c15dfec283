// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "one_thread.hpp"
#include "raw_child.hpp"
#include "row.hpp"

#include <leasepool/process_backend.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

// From nothing to a worker that is ready, against posix_spawn of the same program until its first
// byte; and the same with much memory in the parent, against little.

namespace leasepool::bench {
namespace {

using clock = std::chrono::steady_clock;

double seconds_since(clock::time_point begun)
{
    return std::chrono::duration<double>(clock::now() - begun).count();
}

void ours(benchmark::State& state)
{
    on_one_thread([&](boost::asio::io_context& io) -> boost::asio::awaitable<void> {
        manager<process_backend> pools(io,
            process_backend({.command = {worker_program()}, .workers_per_pool = 1}),
            {.max_pools = 1});
        for (auto _ : state) {
            auto const begun = clock::now();
            co_await pools.async_start();
            state.SetIterationTime(seconds_since(begun));
            co_await pools.async_stop();
        }
    });
}

void reference(benchmark::State& state)
{
    for (auto _ : state) {
        auto const begun = clock::now();
        raw_child child({worker_program()});
        char first = 0;
        child.read(&first, 1);
        state.SetIterationTime(seconds_since(begun));
    }
}

void ours_with_much_memory(benchmark::State& state)
{
    std::vector<char> const resident(std::size_t{1} << 30, 'x');
    benchmark::DoNotOptimize(resident.data());
    ours(state);
}

}  // namespace

row spawn(effort how)
{
    bool const full = how == effort::full;
    return {
        .name = "spawn",
        .from = source::manual_time,
        .unit = "us",
        .scale = 1e-3,
        .want = better::lower,
        .goal = 1.2,
        .iterations = full ? 20 : 1,
        .rounds = full ? 21 : 1,
        .ours = ours,
        .reference_name = "posix_spawn, to the first byte",
        .reference = reference,
    };
}

row spawn_big_parent(effort how)
{
    bool const full = how == effort::full;
    return {
        .name = "spawn_big_parent",
        .from = source::manual_time,
        .unit = "us",
        .scale = 1e-3,
        .want = better::lower,
        .goal = 1.2,
        .iterations = full ? 20 : 1,
        .rounds = full ? 9 : 1,
        .ours = ours_with_much_memory,
        .reference_name = "the same without 1 GiB in the parent",
        .reference = ours,
    };
}

}  // namespace leasepool::bench
