// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "one_thread.hpp"
#include "reference_offload.hpp"
#include "row.hpp"

#include <leasepool/thread_backend.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

// One coroutine runs a function that does nothing on another thread and waits for it: what a lease
// adds to two context switches.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

constexpr int workers = 2;
constexpr int warm_up = 100;
constexpr auto no_op = [] {};

void ours(benchmark::State& state)
{
    with_manager(thread_backend({.workers_per_pool = workers}), {.max_pools = 1},
        [&](auto& pools) -> asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            for (int i = 0; i < warm_up; ++i)
                co_await lease.async_run(no_op);
            for (auto _ : state)
                co_await lease.async_run(no_op);
        });
}

void reference(benchmark::State& state)
{
    asio::thread_pool threads(workers);
    on_one_thread([&](asio::io_context& io) -> asio::awaitable<void> {
        for (int i = 0; i < warm_up; ++i)
            co_await offload(io, threads, no_op);
        for (auto _ : state)
            co_await offload(io, threads, no_op);
    });
}

}  // namespace

row offload_rtt(effort how)
{
    bool const full = how == effort::full;
    return {
        .name = "offload_rtt",
        .from = source::real_time,
        .unit = "us",
        .scale = 1e-3,
        .goal = 1.05,
        .iterations = full ? 2'000 : 20,
        .rounds = full ? 51 : 1,
        .ours = ours,
        .reference_name = "asio::post to a thread_pool and back",
        .reference = reference,
    };
}

}  // namespace leasepool::bench
