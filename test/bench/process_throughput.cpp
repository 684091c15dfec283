// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "asio_jobs.hpp"
#include "bench_jobs.hpp"
#include "flights.hpp"
#include "one_thread.hpp"
#include "raw_child.hpp"
#include "row.hpp"

#include <leasepool/process_backend.hpp>

#include "wire/limits.hpp"
#include "wire/line_buffer.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <algorithm>
#include <array>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

// A thousand jobs in flight over two workers, against a poll loop over two bare pipes with as many jobs
// in flight, the same codec and the same promise: a worker writes each answer before the next job begins.
// Two other comparisons are not judged: the least that an Asio program does for such jobs, and the codec
// alone, a request and an answer written and read on one thread.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

constexpr int first = 20'000;
constexpr int second = 30'000;

void ours(benchmark::State& state, int jobs_each)
{
    with_manager(process_backend({.command = {worker_program()}, .workers_per_pool = 2}),
        {.max_pools = 1}, [&](auto& pools) -> asio::awaitable<void> {
            auto lease = co_await pools.async_acquire();
            // Before Boost 1.83 the default token makes a coroutine frame a call.
            auto const job = [&] {
                return lease.async_run(add_job(first, second), asio::as_tuple(asio::deferred));
            };
            co_await fly(20, job);
            co_await measure_flights(state, jobs_each, job);
        });
}

/// A poll loop at the parent's end of the pipes. All that is in flight fits into them, so no write blocks.
class poll_loop {
public:
    void run(int jobs)
    {
        unsent_ = unanswered_ = jobs;
        for (auto& to : peers_) {
            request(to, in_flight / static_cast<int>(peers_.size()));
            send(to);
        }
        while (unanswered_ != 0)
            turn();
    }

private:
    struct peer {
        raw_child child{{worker_program(), "add"}};
        wire::line_buffer lines{wire::limits{}.max_message_bytes};
        std::string out{};
    };

    void request(peer& to, int jobs)
    {
        for (jobs = std::min(jobs, unsent_); jobs != 0; --jobs, --unsent_)
            ask_for_sum(writer_, to.out, ++id_);
    }

    static void send(peer& to)
    {
        to.child.write(to.out.data(), to.out.size());
        to.out.clear();
    }

    void turn()
    {
        std::array<pollfd, 2> fds{
            {{peers_[0].child.output(), POLLIN, 0}, {peers_[1].child.output(), POLLIN, 0}}};
        if (::poll(fds.data(), fds.size(), -1) < 1)
            throw std::runtime_error("poll");
        for (std::size_t n = 0; n != fds.size(); ++n)
            if (fds[n].revents != 0)
                read(peers_[n]);
    }

    void read(peer& from)
    {
        auto const space = from.lines.prepare();
        from.lines.commit(from.child.read_some(space.data(), space.size()));
        while (auto const line = from.lines.next()) {
            benchmark::DoNotOptimize(sum_in(reader_, *line));
            --unanswered_;
            request(from, 1);
        }
        send(from);
    }

    std::array<peer, 2> peers_;
    wire::writer writer_;
    wire::reader reader_;
    unsigned id_ = 0;
    int unsent_ = 0;
    int unanswered_ = 0;
};

void reference(benchmark::State& state, int jobs_each)
{
    poll_loop loop;
    loop.run(21 * in_flight);
    for (auto _ : state)
        loop.run(in_flight * jobs_each);
    state.SetItemsProcessed(state.iterations() * in_flight * jobs_each);
}

void asio_program(benchmark::State& state, int jobs_each)
{
    on_one_thread([&](asio::io_context& io) -> asio::awaitable<void> {
        asio_jobs jobs(io, {{worker_program(), "add"}, {worker_program(), "add"}});
        auto const job = [&] { return jobs.async_add(); };
        co_await fly(20, job);
        co_await measure_flights(state, jobs_each, job);
    });
}

std::string_view without_end(std::string const& line)
{
    return std::string_view(line).substr(0, line.size() - 1);
}

void codec_alone(benchmark::State& state, int jobs_each)
{
    wire::writer writer;
    wire::reader at_worker;
    wire::reader at_parent;
    std::string line;
    for (auto _ : state)
        for (int i = 0; i != in_flight * jobs_each; ++i) {
            line.clear();
            ask_for_sum(writer, line, static_cast<unsigned>(i));
            auto const request = std::get<wire::request>(at_worker.read(without_end(line)));
            auto const& params = request.params.get_array();
            auto const sum =
                boost::json::value_to<int>(params[0]) + boost::json::value_to<int>(params[1]);
            line.clear();
            if (writer.result(line, request.id, sum))
                throw std::logic_error("a result was refused");
            benchmark::DoNotOptimize(sum_in(at_parent, without_end(line)));
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
        .goal = 0.85,
        .iterations = 1,
        .rounds = full ? 31 : 1,
        .ours = [=](benchmark::State& state) { ours(state, jobs_each); },
        .reference_name = "a poll loop over two pipes",
        .reference = [=](benchmark::State& state) { reference(state, jobs_each); },
        .unjudged =
            {
                {"the least that an Asio program does",
                    [=](benchmark::State& state) { asio_program(state, jobs_each); }},
                {"the codec alone, on one thread",
                    [=](benchmark::State& state) { codec_alone(state, jobs_each); }},
            },
    };
}

}  // namespace leasepool::bench
