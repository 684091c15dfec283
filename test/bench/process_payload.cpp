// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "bench_jobs.hpp"
#include "one_thread.hpp"
#include "raw_child.hpp"
#include "row.hpp"
#include "two_cpus.hpp"

#include <leasepool/process_backend.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

#include <cstddef>
#include <string>

// A string of 1 MiB there and its length back, against the same bytes through a pipe, and the string
// serialized and parsed by Boost.JSON once.

namespace leasepool::bench {
namespace {

constexpr std::size_t size = std::size_t{1} << 20;

void ours(benchmark::State& state)
{
    two_cpus const cpus;
    with_manager(process_backend({.command = cpus.worker_words(), .workers_per_pool = 1}),
        {.max_pools = 1}, [&](auto& pools) -> boost::asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            std::string const text(size, 'x');
            for (auto _ : state)
                benchmark::DoNotOptimize(co_await lease.async_run(length_job(text)));
        });
}

void reference(benchmark::State& state)
{
    auto const bytes = std::to_string(size + 2);
    two_cpus const cpus;
    raw_child child(cpus.worker_words({"echo", bytes, "32"}));
    boost::json::string const text(size, 'x');
    char answer[32];
    for (auto _ : state) {
        auto const line = boost::json::serialize(text);
        child.write(line.data(), line.size());
        child.read(answer, sizeof answer);
        benchmark::DoNotOptimize(boost::json::parse(line));
    }
}

}  // namespace

row process_payload(effort how)
{
    bool const full = how == effort::full;
    return {
        .name = "process_payload",
        .from = source::real_time,
        .unit = "us",
        .scale = 1e-3,
        .want = better::lower,
        .goal = 1.25,
        .iterations = full ? 50 : 2,
        .rounds = full ? 31 : 1,
        .ours = ours,
        .reference_name = "a pipe, and Boost.JSON there and back",
        .reference = reference,
    };
}

}  // namespace leasepool::bench
