// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What can go wrong, and how to tell: by code, by condition, or by exception.

#include <leasepool.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>

namespace asio = boost::asio;
using namespace std::chrono_literals;

using thread_manager = leasepool::manager<leasepool::thread_backend>;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

char const* kind_of(leasepool::error_code error)
{
    if (error == leasepool::condition::timeout)
        return "timeout";
    if (error == leasepool::condition::canceled)
        return "canceled";
    if (error == leasepool::condition::worker_failed)
        return "worker failed";
    if (error == leasepool::condition::busy)
        return "busy";
    return error == leasepool::condition::misuse ? "misuse" : "other";
}

// A message says what happened and what to do about it.
void print(char const* what, leasepool::error_code error)
{
    std::cout << what << ": " << kind_of(error) << ": " << error.message() << '\n';
}

asio::awaitable<void> fail(thread_manager& pools)
{
    auto [before_start, none] = co_await pools.async_acquire({.owner = "early"}, as_tuple);
    print("acquire before start", before_start);

    co_await pools.async_start();
    auto lease = co_await pools.async_acquire({.owner = "first"});

    auto [taken, none_again] = co_await pools.async_acquire({.timeout = 0s}, as_tuple);
    print("acquire with all taken", taken);

    // What a function throws arrives as it was thrown. The lease lives on.
    try {
        co_await lease.async_run([] { throw std::domain_error("no such device"); });
    }
    catch (std::domain_error const& e) {
        std::cout << "a function threw: " << e.what() << '\n';
    }

    lease.release();
    try {
        asio::post(lease, [] { std::cout << "this is never printed\n"; });
    }
    catch (boost::system::system_error const& e) {
        print("post after release", e.code());
    }

    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    try {
        leasepool::manager(io, leasepool::thread_backend(), {.max_pools = 1, .min_pools = 2});
    }
    catch (std::invalid_argument const& e) {
        std::cout << "bad option: " << e.what() << '\n';
    }

    leasepool::manager pools(io, leasepool::thread_backend(), {.max_pools = 1});
    asio::co_spawn(io, fail(pools), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// bad option: ...min_pools...
// acquire before start: canceled: the manager is not running; call async_start ...
// acquire with all taken: timeout: no pool became free in time; raise ...
// a function threw: no such device
// post after release: misuse: the lease is empty or was released; acquire another
