// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "asio_jobs.hpp"
#include "bench_jobs.hpp"
#include "one_thread.hpp"
#include "raw_child.hpp"
#include "row.hpp"
#include "two_cpus.hpp"

#include <leasepool/process_backend.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>

// A small job there and back, one at a time, against as many bytes through two pipes and back.

namespace leasepool::bench {
namespace {

constexpr std::string_view request =
    "{\"jsonrpc\":\"2.0\",\"method\":\"add\",\"params\":[20000,30000],\"id\":12345}\n";
constexpr std::string_view answer = "{\"jsonrpc\":\"2.0\",\"id\":12345,\"result\":50000}\n";

void ours(benchmark::State& state)
{
    two_cpus const cpus;
    with_manager(process_backend({.command = cpus.worker_words(), .workers_per_pool = 1}),
        {.max_pools = 1}, [&](auto& pools) -> boost::asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            for (int i = 0; i != 100; ++i)
                co_await lease.async_run(add_job(i, i));
            for (auto _ : state)
                benchmark::DoNotOptimize(co_await lease.async_run(add_job(20'000, 30'000)));
        });
}

void reference(benchmark::State& state)
{
    two_cpus const cpus;
    raw_child child(
        cpus.worker_words({"echo", std::to_string(request.size()), std::to_string(answer.size())}));
    std::string const out(request);
    std::string in(answer);
    for (int i = 0; i != 100; ++i) {
        child.write(out.data(), out.size());
        child.read(in.data(), in.size());
    }
    for (auto _ : state) {
        child.write(out.data(), out.size());
        child.read(in.data(), in.size());
    }
}

void asio_program(benchmark::State& state)
{
    two_cpus const cpus;
    on_one_thread([&](boost::asio::io_context& io) -> boost::asio::awaitable<void> {
        asio_jobs jobs(io, {cpus.worker_words({"add"})});
        for (int i = 0; i != 100; ++i)
            co_await jobs.async_add();
        for (auto _ : state)
            benchmark::DoNotOptimize(co_await jobs.async_add());
    });
}

}  // namespace

row process_rtt(effort how)
{
    bool const full = how == effort::full;
    return {
        .name = "process_rtt",
        .from = source::real_time,
        .unit = "us",
        .scale = 1e-3,
        .want = better::lower,
        .goal = 1.25,
        .iterations = full ? 3'000 : 20,
        .rounds = full ? 31 : 1,
        .ours = ours,
        .reference_name = "as many bytes through two pipes, blocking",
        .reference = reference,
        .unjudged = {{"the least that an Asio program does", asio_program}},
    };
}

}  // namespace leasepool::bench
