// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "flights.hpp"
#include "one_thread.hpp"
#include "row.hpp"

#include <leasepool/thread_backend.hpp>
#include <leasepool/work_grinder.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <vector>

// From submission to completion at half the rate that the grinder can do, which is measured first:
// the slowest of each hundred, against `max_wait`. Items come at their times, whatever becomes of
// those before.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

using clock = std::chrono::steady_clock;
using grinder_type = work_grinder<thread_backend>;

constexpr auto no_op = [] {};
constexpr std::chrono::milliseconds max_wait{1};

/// Items a second.
asio::awaitable<double> highest_rate(grinder_type& grinder, int jobs_each)
{
    auto const job = [&] { return grinder.async_submit(no_op); };
    co_await fly(1, job);
    auto const begin = clock::now();
    co_await fly(jobs_each, job);
    std::chrono::duration<double> const took = clock::now() - begin;
    co_return in_flight* jobs_each / took.count();
}

asio::awaitable<double> p99(grinder_type& grinder, double rate, std::size_t items)
{
    std::vector<clock::duration> latencies;
    latencies.reserve(items);
    auto const begin = clock::now();
    for (std::size_t sent = 0; latencies.size() != items;) {
        std::chrono::duration<double> const since = clock::now() - begin;
        for (; sent != items && static_cast<double>(sent) <= since.count() * rate; ++sent)
            grinder.async_submit(no_op, [&, at = clock::now()](std::exception_ptr) {
                latencies.push_back(clock::now() - at);
            });
        co_await asio::post(asio::deferred);
    }
    auto const rank = latencies.begin() + static_cast<std::ptrdiff_t>(items * 99 / 100);
    std::ranges::nth_element(latencies, rank);
    co_return std::chrono::duration<double>(*rank) / max_wait;
}

void latency(benchmark::State& state, int jobs_each, std::size_t items)
{
    with_manager(thread_backend({.workers_per_pool = 1}), {.max_pools = 2, .min_pools = 2},
        [&](auto& pools) -> asio::awaitable<void> {
            grinder_type grinder(pools, {.max_wait = max_wait, .max_pending = 1'000'000});
            co_await grinder.async_start();
            for (auto _ : state) {
                auto const rate = co_await highest_rate(grinder, jobs_each);
                state.counters["figure"] = co_await p99(grinder, rate / 2, items);
            }
            co_await grinder.async_stop();
        });
}

}  // namespace

row grinder_latency(effort how)
{
    bool const full = how == effort::full;
    int const jobs_each = full ? 100 : 2;
    std::size_t const items = full ? 200'000 : 1'000;
    return {
        .name = "grinder_latency",
        .from = source::figure,
        .unit = "max_wait",
        .goal = 1.5,
        .rounds = full ? 11 : 1,
        .ours = [=](benchmark::State& state) { latency(state, jobs_each, items); },
    };
}

}  // namespace leasepool::bench
