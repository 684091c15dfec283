// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "inline_backend.hpp"
#include "one_thread.hpp"
#include "reference_semaphore.hpp"
#include "row.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>

// A coroutine takes a lease and gives it back, with pools to spare: the cost of asking.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

constexpr std::size_t pools_in_all = 4;
constexpr int warm_up = 1'000;

void ours(benchmark::State& state)
{
    with_manager(inline_backend(), {.max_pools = pools_in_all, .min_pools = pools_in_all},
        [&](auto& pools) -> asio::awaitable<void> {
            for (int i = 0; i < warm_up; ++i)
                co_await pools.async_acquire();
            for (auto _ : state) {
                auto lease = co_await pools.async_acquire();
                lease.release();
            }
        });
}

void reference(benchmark::State& state)
{
    on_one_thread([&](asio::io_context& io) -> asio::awaitable<void> {
        semaphore pools(io, pools_in_all);
        for (int i = 0; i < warm_up; ++i)
            pools.release(co_await pools.async_acquire());
        for (auto _ : state) {
            auto const token = co_await pools.async_acquire();
            pools.release(token);
        }
    });
}

}  // namespace

row acquire_release(effort how)
{
    bool const full = how == effort::full;
    return {
        .name = "acquire_release",
        .from = source::real_time,
        .unit = "ns",
        .goal = 1.5,
        .iterations = full ? 50'000 : 100,
        .rounds = full ? 51 : 1,
        .ours = ours,
        .reference_name = "experimental::concurrent_channel as a semaphore",
        .reference = reference,
    };
}

}  // namespace leasepool::bench
