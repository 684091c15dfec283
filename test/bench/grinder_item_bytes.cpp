// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "counted_heap.hpp"
#include "one_thread.hpp"
#include "row.hpp"

#include <leasepool/thread_backend.hpp>
#include <leasepool/work_grinder.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <exception>

// What an item that is pending keeps allocated, its callable and its handler not counted: these are
// the user's.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

void bytes(benchmark::State& state, std::size_t items)
{
    with_manager(thread_backend({.workers_per_pool = 1}), {.max_pools = 1},
        [&](auto& pools) -> asio::awaitable<void> {
            work_grinder grinder(pools,
                {.batch_size = 2 * items,
                    .max_wait = std::chrono::hours{1},
                    .max_pending = 2 * items});
            co_await grinder.async_start();
            std::size_t ended = 0;
            auto const callable = [&ended] { static_cast<void>(ended); };
            auto const handler = [&ended](std::exception_ptr) { ++ended; };
            for (auto _ : state) {
                counted_heap const heap;
                for (std::size_t n = 0; n != items; ++n)
                    grinder.async_submit(callable, handler);
                auto const each =
                    static_cast<double>(heap.bytes_in_use()) / static_cast<double>(items);
                state.counters["figure"] =
                    each - static_cast<double>(sizeof(callable) + sizeof(handler));
            }
            co_await grinder.async_stop({.mode = stop_mode::cancel});
        });
}

}  // namespace

row grinder_item_bytes(effort how)
{
    std::size_t const items = how == effort::full ? 10'000 : 100;
    return {
        .name = "grinder_item_bytes",
        .from = source::figure,
        .unit = "bytes",
        .goal = 200,
        .ours = [=](benchmark::State& state) { bytes(state, items); },
    };
}

}  // namespace leasepool::bench
