// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "one_thread.hpp"
#include "raw_child.hpp"

#include "../support/held_exec.hpp"

#include <leasepool/process_backend.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A program of start_beside_slow_start. The filter of system calls that holds an execution applies to
// all that a process does after it is set, so that other rows cannot share their process with it.
//
//   alone N, beside N   prints the mean time in nanoseconds of N starts of a pool of one worker;
//                       `beside`: while the execution of another pool's worker hangs
//   check               fails, and prints why, if executions cannot be held on this system

namespace leasepool::bench {
namespace {

namespace asio = boost::asio;

using clock = std::chrono::steady_clock;
using process_manager = manager<process_backend>;

constexpr char const* hanging = "hanging";
constexpr int cannot_hold = 77;

process_backend one_worker(std::vector<std::string> command)
{
    return process_backend({.command = std::move(command), .workers_per_pool = 1});
}

/// In nanoseconds.
asio::awaitable<double> mean_start(asio::io_context& io, int starts)
{
    process_manager pools(io, one_worker({worker_program()}), {.max_pools = 1});
    clock::duration sum{};
    for (int n = 0; n != starts; ++n) {
        auto const begun = clock::now();
        co_await pools.async_start();
        sum += clock::now() - begun;
        co_await pools.async_stop();
    }
    co_return std::chrono::duration<double, std::nano>(sum).count() / starts;
}

void alone(int starts)
{
    on_one_thread([&](asio::io_context& io) -> asio::awaitable<void> {
        std::cout << co_await mean_start(io, starts) << '\n';
    });
}

void beside(int starts)
{
    on_one_thread([&](asio::io_context& io) -> asio::awaitable<void> {
        test::held_exec held(hanging);
        process_manager slow(io, one_worker({worker_program(), hanging}), {.max_pools = 1});
        bool started = false;
        slow.async_start([&](boost::system::error_code ec) { started = !ec; });
        while (held.count() == 0)
            co_await asio::post(io, asio::use_awaitable);
        auto const mean = co_await mean_start(io, starts);
        if (started)
            throw std::logic_error("the slow start has ended");
        std::cout << mean << '\n';
        held.release();
        co_await slow.async_stop();
    });
}

}  // namespace
}  // namespace leasepool::bench

int main(int argc, char** argv)
try {
    using namespace leasepool;
    std::span<char*> const words(argv + 1, argv + argc);
    if (auto const why = test::held_exec::install(); !why.empty()) {
        std::cerr << "start_beside_slow_start is left out: " << why << '\n';
        return bench::cannot_hold;
    }
    std::string_view const mode = words.empty() ? "" : words[0];
    if (mode == "check")
        return EXIT_SUCCESS;
    if (words.size() != 2 || (mode != "alone" && mode != "beside"))
        throw std::invalid_argument("usage: alone N | beside N | check");
    (mode == "alone" ? bench::alone : bench::beside)(std::atoi(words[1]));
    return EXIT_SUCCESS;
}
catch (std::exception const& e) {
    std::cerr << "leasepool_bench_slow_start: " << e.what() << '\n';
    return EXIT_FAILURE;
}
