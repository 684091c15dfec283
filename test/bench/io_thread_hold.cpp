// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "cpu_time.hpp"
#include "large_answers.hpp"
#include "raw_child.hpp"
#include "row.hpp"

#include <leasepool/manager.hpp>
#include <leasepool/process_backend.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <utility>

// The longest CPU time of one handler on the io thread while large answers come in, and answers whose
// keys collide in the table of their object: many keys, and as many as an answer has that is short
// enough to be decoded on the io thread. The owner of a result moves it to another thread.

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

struct sizes {
    std::uint64_t bytes;  ///< of an answer
    std::uint64_t keys;   ///< that collide, in one answer
};

/// All in one bucket of a table at one of the addresses that are multiples of 16.
constexpr std::uint64_t salts = 256;
constexpr std::uint64_t between_salts = 16;

constexpr std::uint64_t keys_of_short_answer = 1'024;

std::size_t elements(boost::json::value const& of)
{
    if (auto const* const text = of.if_string())
        return text->size();
    if (auto const* const array = of.if_array())
        return array->size();
    return of.as_object().size();
}

void ours(benchmark::State& state, sizes size)
{
    asio::io_context io(1);
    asio::thread_pool owner(1);
    double longest = 0;
    auto const jobs = [&]() -> asio::awaitable<void> {
        manager pools(io,
            process_backend({.command = {worker_program(), "answers"}, .workers_per_pool = 1}),
            {.max_pools = 1});
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto const run = [&](auto call, std::size_t at_least) -> asio::awaitable<void> {
            auto result = co_await lease.async_run(std::move(call));
            if (elements(result) < at_least)
                throw std::logic_error("the answer is too small");
            asio::post(owner, [result = std::move(result)] {});
        };
        longest = 0;
        for (auto const& job : {text_job, numbers_job, objects_job})
            co_await run(job(size.bytes), size.bytes / 8);
        for (auto const keys : {size.keys, keys_of_short_answer})
            for (std::uint64_t salt = 0; salt != salts; salt += between_salts)
                co_await run(colliding_keys_job(keys, salt), keys);
        state.counters["figure"] = longest;
        lease.release();
        co_await pools.async_stop();
    };
    for (auto _ : state) {
        asio::co_spawn(io, jobs(), [](std::exception_ptr const& error) {
            if (error)
                std::rethrow_exception(error);
        });
        auto const now = [] { return cpu_time(CLOCK_THREAD_CPUTIME_ID); };
        for (auto before = now(); io.run_one() != 0; before = now())
            longest = std::max(longest, now() - before);
        io.restart();
    }
    owner.join();
}

}  // namespace

row io_thread_hold(effort how)
{
    bool const full = how == effort::full;
    // An answer of the largest size has some bytes around its result.
    sizes const size =
        full ? sizes{(std::uint64_t{16} << 20) - 200, 65'536} : sizes{1 << 18, 4'096};
    return {
        .name = "io_thread_hold",
        .from = source::figure,
        .unit = "ms",
        .scale = 1e-6,
        .goal = 10,
        .rounds = full ? 5 : 1,
        .ours = [=](benchmark::State& state) { ours(state, size); },
    };
}

}  // namespace leasepool::bench
