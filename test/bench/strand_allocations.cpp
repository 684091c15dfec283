// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "counted_heap.hpp"
#include "one_thread.hpp"
#include "row.hpp"

#include <leasepool/thread_backend.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

// Heap allocations of one function run on another thread, from a coroutine on a strand: what each
// connection of a server with several threads is. Those of all threads count.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

constexpr int warm_up = 100;
constexpr auto no_op = [] {};

void set_figure(benchmark::State& state, counted_heap const& heap, int runs)
{
    state.counters["figure"] = static_cast<double>(heap.allocations()) / static_cast<double>(runs);
}

asio::awaitable<void> on_a_lease(benchmark::State& state, int runs, lease<thread_backend>& lease)
{
    for (int n = 0; n < warm_up; ++n)
        co_await lease.async_run(no_op, asio::use_awaitable);
    for (auto _ : state) {
        counted_heap const heap;
        for (int n = 0; n < runs; ++n)
            co_await lease.async_run(no_op, asio::use_awaitable);
        set_figure(state, heap, runs);
    }
}

void ours(benchmark::State& state, int runs)
{
    on_one_thread([&](asio::io_context& io) -> asio::awaitable<void> {
        manager<thread_backend> pools(
            io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto counting = on_a_lease(state, runs, lease);
        co_await asio::co_spawn(asio::make_strand(io), std::move(counting), asio::use_awaitable);
        lease.release();
        co_await pools.async_stop();
    });
}

/// There, the function, and back, in the coroutine itself: a coroutine for each would add its frame.
asio::awaitable<void> there_and_back(
    benchmark::State& state, int runs, asio::thread_pool& threads, asio::any_io_executor strand)
{
    for (int n = 0; n < warm_up; ++n) {
        co_await asio::post(threads, asio::use_awaitable);
        co_await asio::post(strand, asio::use_awaitable);
    }
    for (auto _ : state) {
        counted_heap const heap;
        for (int n = 0; n < runs; ++n) {
            co_await asio::post(threads, asio::use_awaitable);
            no_op();
            co_await asio::post(strand, asio::use_awaitable);
        }
        set_figure(state, heap, runs);
    }
}

void reference(benchmark::State& state, int runs)
{
    asio::thread_pool threads(1);
    on_one_thread([&](asio::io_context& io) -> asio::awaitable<void> {
        asio::any_io_executor const strand = asio::make_strand(io);
        auto counting = there_and_back(state, runs, threads, strand);
        co_await asio::co_spawn(strand, std::move(counting), asio::use_awaitable);
    });
}

}  // namespace

row strand_allocations(effort how)
{
    int const runs = how == effort::full ? 5'000 : 50;
    return {
        .name = "strand_allocations",
        .from = source::figure,
        .unit = "allocs",
        .goal = 1,
        .ours = [=](benchmark::State& state) { ours(state, runs); },
        .reference_name = "asio::post to a thread_pool and back",
        .reference = [=](benchmark::State& state) { reference(state, runs); },
    };
}

}  // namespace leasepool::bench
