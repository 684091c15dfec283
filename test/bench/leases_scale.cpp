// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "inline_backend.hpp"
#include "one_thread.hpp"
#include "row.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <utility>
#include <vector>

// What an acquire and a release cost with so many leases live. Each step takes one more lease and
// gives back the oldest, as leases come and go where there are many: releasing the newest again
// and again would only ever touch what is in the caches, and one end of every list.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

void rolling(benchmark::State& state, std::size_t live, std::size_t warm_up)
{
    with_manager(inline_backend(), {.max_pools = live + 1, .min_pools = live + 1},
        [&](auto& pools) -> asio::awaitable<void> {
            std::vector<lease<inline_backend>> leases(live);
            std::size_t oldest = 0;
            auto const replace_oldest = [&](lease<inline_backend>&& newest) {
                leases[oldest] = std::move(newest);
                if (++oldest == live)
                    oldest = 0;
            };
            for (std::size_t i = 0; i < live + warm_up; ++i)
                replace_oldest(co_await pools.async_acquire());
            for (auto _ : state)
                replace_oldest(co_await pools.async_acquire());
        });
}

}  // namespace

row leases_scale(effort how)
{
    bool const full = how == effort::full;
    std::size_t const many = full ? 10'000 : 100;
    std::size_t const few = 10;
    return {
        .name = "leases_scale",
        .from = source::real_time,
        .unit = "ns",
        .goal = 1.3,
        .iterations = full ? 50'000 : 100,
        .rounds = full ? 31 : 1,
        .ours = [=](benchmark::State& state) { rolling(state, many, many); },
        .reference_name = "the same with 10 live leases instead of 10 000",
        .reference = [=](benchmark::State& state) { rolling(state, few, many); },
    };
}

}  // namespace leasepool::bench
