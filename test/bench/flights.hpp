// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_FLIGHTS_HPP
#define LEASEPOOL_BENCH_FLIGHTS_HPP

#include <benchmark/benchmark.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>

namespace leasepool::bench {

inline constexpr int in_flight = 1'000;

/// `in_flight` coroutines that `co_await job()` so many times each.
template <class Job>
boost::asio::awaitable<void> fly(int jobs_each, Job const& job)
{
    namespace asio = boost::asio;
    auto const executor = co_await asio::this_coro::executor;
    asio::steady_timer landed(executor, asio::steady_timer::time_point::max());
    int flying = in_flight;
    auto const coroutine = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < jobs_each; ++i)
            co_await job();
    };
    for (int i = 0; i < in_flight; ++i)
        asio::co_spawn(executor, coroutine(), [&](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
            if (--flying == 0)
                landed.cancel();
        });
    boost::system::error_code canceled;
    co_await landed.async_wait(asio::redirect_error(asio::use_awaitable, canceled));
}

template <class Job>
boost::asio::awaitable<void> measure_flights(benchmark::State& state, int jobs_each, Job const& job)
{
    co_await fly(1, job);
    for (auto _ : state)
        co_await fly(jobs_each, job);
    state.SetItemsProcessed(state.iterations() * in_flight * jobs_each);
}

}  // namespace leasepool::bench

#endif
