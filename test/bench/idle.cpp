// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "row.hpp"

#include <leasepool/manager.hpp>
#include <leasepool/thread_backend.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <sys/resource.h>

#include <chrono>
#include <thread>

// How often a started manager with nothing to do wakes any thread of the process. Each time a
// thread goes to sleep again is one voluntary context switch.

namespace leasepool::bench {
namespace {

using namespace std::chrono_literals;

long voluntary_switches(int who)
{
    rusage usage{};
    getrusage(who, &usage);
    return usage.ru_nvcsw;
}

/// Of all threads but this one, which only measures.
long switches_of_others()
{
    return voluntary_switches(RUSAGE_SELF) - voluntary_switches(RUSAGE_THREAD);
}

void ours(benchmark::State& state, std::chrono::milliseconds duration)
{
    for (auto _ : state) {
        boost::asio::io_context io;
        manager pools(io, thread_backend(), {.max_pools = 2, .min_pools = 2});
        auto started = pools.async_start(boost::asio::use_future);
        std::jthread runner([&] { io.run(); });
        started.get();
        // Threads that have only just been started still find their way to sleep.
        std::this_thread::sleep_for(duration / 20);
        auto const before = switches_of_others();
        std::this_thread::sleep_for(duration);
        state.counters["figure"] = static_cast<double>(switches_of_others() - before);
        pools.async_stop({}, boost::asio::use_future).get();
    }
}

}  // namespace

row idle(effort how)
{
    auto const duration = how == effort::full ? 10'000ms : 100ms;
    return {
        .name = "idle",
        .from = source::figure,
        .unit = "switches",
        .goal = 2,
        .ours = [=](benchmark::State& state) { ours(state, duration); },
    };
}

}  // namespace leasepool::bench
