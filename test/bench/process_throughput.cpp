// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "bench_jobs.hpp"
#include "flights.hpp"
#include "one_thread.hpp"
#include "raw_child.hpp"
#include "row.hpp"

#include <leasepool/process_backend.hpp>

#include "wire/reader.hpp"
#include "wire/writer.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

// A thousand jobs in flight over two workers, against the codec alone: a request and an answer, each
// written and read on one thread.

namespace leasepool::bench {
namespace {

void ours(benchmark::State& state, int jobs_each)
{
    with_manager(process_backend({.command = {worker_program()}, .workers_per_pool = 2}),
        {.max_pools = 1}, [&](auto& pools) -> boost::asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            auto const job = [&] { return lease.async_run(add_job(20'000, 30'000)); };
            co_await fly(20, job);
            co_await measure_flights(state, jobs_each, job);
        });
}

std::string_view without_end(std::string const& line)
{
    return std::string_view(line).substr(0, line.size() - 1);
}

void reference(benchmark::State& state, int jobs_each)
{
    wire::writer writer;
    wire::reader at_worker;
    wire::reader at_parent;
    std::string line;
    for (auto _ : state)
        for (int i = 0; i != in_flight * jobs_each; ++i) {
            line.clear();
            if (writer.request(line, static_cast<unsigned>(i), "add",
                    boost::json::array{20'000 + i % 2, 30'000}))
                throw std::logic_error("a request was refused");
            auto const request = std::get<wire::request>(at_worker.read(without_end(line)));
            auto const& params = request.params.get_array();
            auto const sum =
                boost::json::value_to<int>(params[0]) + boost::json::value_to<int>(params[1]);
            line.clear();
            if (writer.result(line, request.id, sum))
                throw std::logic_error("a result was refused");
            auto const result = std::get<wire::result>(at_parent.read(without_end(line)));
            benchmark::DoNotOptimize(boost::json::value_to<int>(result.value));
        }
    state.SetItemsProcessed(state.iterations() * in_flight * jobs_each);
}

}  // namespace

row process_throughput(effort how)
{
    bool const full = how == effort::full;
    int const jobs_each = full ? 50 : 2;
    return {
        .name = "process_throughput",
        .from = source::rate,
        .unit = "jobs/s",
        .want = better::higher,
        .goal = 0.5,
        .iterations = 1,
        .rounds = full ? 31 : 1,
        .ours = [=](benchmark::State& state) { ours(state, jobs_each); },
        .reference_name = "the codec alone, on one thread",
        .reference = [=](benchmark::State& state) { reference(state, jobs_each); },
    };
}

}  // namespace leasepool::bench
