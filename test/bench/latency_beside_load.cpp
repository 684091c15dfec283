// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "cpu_hogs.hpp"
#include "flights.hpp"
#include "one_thread.hpp"
#include "reference_offload.hpp"
#include "row.hpp"

#include <leasepool/thread_backend.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

// How long a function waits until it begins, beside two threads that burn CPU. Each of those measured
// is alone, and submitted as soon as the last of a thousand before it has completed. Most wait for some
// microseconds, and a few in a hundred for the end of another thread's time slice: so the slowest of
// each hundred is taken.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

using clock = std::chrono::steady_clock;

constexpr int workers = 2;
constexpr std::size_t hogs = 2;
constexpr int warm_up = 3;
constexpr auto no_op = [] {};

/// In nanoseconds, from the call of `submit` to the function's begin.
template <class Submit>
asio::awaitable<double> p99(std::size_t samples, Submit const& submit)
{
    auto const burst = [&] { return submit(no_op); };
    for (int n = 0; n < warm_up; ++n)
        co_await fly(1, burst);
    std::vector<clock::duration> latencies;
    latencies.reserve(samples);
    clock::time_point begun;
    auto const note_begin = [&begun] { begun = clock::now(); };
    while (latencies.size() != samples) {
        co_await fly(1, burst);
        auto const submitted = clock::now();
        co_await submit(note_begin);
        latencies.push_back(begun - submitted);
    }
    auto const rank = latencies.begin() + static_cast<std::ptrdiff_t>(samples * 99 / 100);
    std::ranges::nth_element(latencies, rank);
    co_return std::chrono::duration<double, std::nano>(*rank).count();
}

void ours(benchmark::State& state, std::size_t samples)
{
    with_manager(thread_backend({.workers_per_pool = workers}), {.max_pools = 1},
        [&](auto& pools) -> asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            auto const submit = [&](auto const& function) { return lease.async_run(function); };
            cpu_hogs const beside(hogs);
            for (auto _ : state)
                state.counters["figure"] = co_await p99(samples, submit);
        });
}

void reference(benchmark::State& state, std::size_t samples)
{
    asio::thread_pool threads(workers);
    on_one_thread([&](asio::io_context& io) -> asio::awaitable<void> {
        auto const submit = [&](auto const& function) { return offload(io, threads, function); };
        cpu_hogs const beside(hogs);
        for (auto _ : state)
            state.counters["figure"] = co_await p99(samples, submit);
    });
}

}  // namespace

row latency_beside_load(effort how)
{
    bool const full = how == effort::full;
    std::size_t const samples = full ? 1'000 : 2;
    return {
        .name = "latency_beside_load",
        .from = source::figure,
        .unit = "us",
        .scale = 1e-3,
        .goal = 1.3,
        .rounds = full ? 21 : 1,
        .ours = [=](benchmark::State& state) { ours(state, samples); },
        .reference_name = "asio::post to a thread_pool",
        .reference = [=](benchmark::State& state) { reference(state, samples); },
    };
}

}  // namespace leasepool::bench
