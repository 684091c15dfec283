// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "inline_backend.hpp"
#include "one_thread.hpp"
#include "reference_semaphore.hpp"
#include "row.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>

// A coroutine takes a lease and gives it back, with pools to spare: the cost of asking. Once as on a
// server, with a timer pending on its io_context, and once without; see `pending_timer`.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t pools_in_all = 4;
constexpr int warm_up = 1'000;

asio::awaitable<void> acquire_and_release(benchmark::State& state, manager<inline_backend>& pools)
{
    for (int i = 0; i < warm_up; ++i)
        co_await pools.async_acquire();
    for (auto _ : state) {
        auto lease = co_await pools.async_acquire();
        lease.release();
    }
}

manager_options const options{.max_pools = pools_in_all, .min_pools = pools_in_all};

void ours(benchmark::State& state)
{
    with_manager(
        inline_backend(), options, [&](auto& pools) { return acquire_and_release(state, pools); });
}

/// The manager, with its timer, on another context.
void ours_no_timer(benchmark::State& state)
{
    asio::thread_pool elsewhere(1);
    auto const body = [&](asio::io_context&) -> asio::awaitable<void> {
        manager<inline_backend> pools(elsewhere, inline_backend(), options);
        co_await pools.async_start();
        co_await acquire_and_release(state, pools);
        co_await pools.async_stop();
    };
    on_one_thread(body, pending_timer::no);
}

void reference(benchmark::State& state, pending_timer pending)
{
    auto const body = [&](asio::io_context& io) -> asio::awaitable<void> {
        semaphore pools(io, pools_in_all);
        for (int i = 0; i < warm_up; ++i)
            pools.release(co_await pools.async_acquire());
        for (auto _ : state) {
            auto const token = co_await pools.async_acquire();
            pools.release(token);
        }
    };
    on_one_thread(body, pending);
}

}  // namespace

row acquire_release(effort how)
{
    bool const full = how == effort::full;
    return {
        .name = "acquire_release",
        .from = source::real_time,
        .unit = "ns",
        .goal = 1.2,
        .iterations = full ? 50'000 : 100,
        .rounds = full ? 51 : 1,
        .ours = ours,
        .reference_name = "experimental::concurrent_channel as a semaphore",
        .reference = [](benchmark::State& state) { reference(state, pending_timer::yes); },
    };
}

row acquire_release_no_timer(effort how)
{
    auto r = acquire_release(how);
    r.name = "acquire_release_no_timer";
    r.goal = 1.5;
    r.ours = ours_no_timer;
    r.reference = [](benchmark::State& state) { reference(state, pending_timer::no); };
    return r;
}

}  // namespace leasepool::bench
