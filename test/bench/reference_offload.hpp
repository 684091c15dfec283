// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_REFERENCE_OFFLOAD_HPP
#define LEASEPOOL_BENCH_REFERENCE_OFFLOAD_HPP

#include "flights.hpp"
#include "one_thread.hpp"

#include <benchmark/benchmark.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <exception>
#include <utility>

namespace leasepool::bench {

/// Runs `function` on `threads` and completes on `io` with what it threw: what an expert writes who
/// has an `io_context`, a `thread_pool`, and nothing else to care for.
///
/// Why it is fair. It does the least that is correct: one post there, one post back, the exception
/// carried along (no coroutine may be resumed on the wrong thread to rethrow it), the io_context
/// kept running meanwhile. It bounds, owns, times and cancels nothing; that is what ours costs.
/// Both executors are concrete types; only the awaiting `boost::asio::awaitable<>` is erased, as it
/// is for everybody.
///
/// Tried and slower, in one run each, round trip and jobs a second: the two-line idiom
/// `co_await post(bind_executor(threads, use_awaitable)); ...; co_await post(use_awaitable);` (by
/// 3 % and 41 %), with `deferred` and the concrete io_context instead (6 %, 25 %), this one with
/// `use_awaitable` (1 %, 7 %) and with the handler's own, erased executor (8 %, 30 %). Tracking no
/// outstanding work makes no difference.
template <class Function>
auto offload(boost::asio::io_context& io, boost::asio::thread_pool& threads, Function function)
{
    namespace asio = boost::asio;
    auto initiation = [&io, &threads](auto handler, Function f) {
        auto back = asio::require(io.get_executor(), asio::execution::outstanding_work.tracked);
        asio::post(threads,
            [handler = std::move(handler), back = std::move(back), f = std::move(f)]() mutable {
                std::exception_ptr error;
                try {
                    f();
                }
                catch (...) {
                    error = std::current_exception();
                }
                asio::post(
                    back, [handler = std::move(handler), error = std::move(error)]() mutable {
                        std::move(handler)(std::move(error));
                    });
            });
    };
    return asio::async_initiate<asio::deferred_t const, void(std::exception_ptr)>(
        std::move(initiation), asio::deferred, std::move(function));
}

/// Measures how many functions that do nothing can be offloaded in a second, with `in_flight` at a time.
inline void measure_offloads(benchmark::State& state, std::size_t workers, int jobs_each)
{
    boost::asio::thread_pool threads(workers);
    on_one_thread([&](boost::asio::io_context& io) -> boost::asio::awaitable<void> {
        auto const job = [&] { return offload(io, threads, [] {}); };
        co_await measure_flights(state, jobs_each, job);
    });
}

}  // namespace leasepool::bench

#endif
