// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_ALLOCATION_FIXTURE_HPP
#define LEASEPOOL_TEST_ALLOCATION_FIXTURE_HPP

#include "integration/support/support.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

namespace leasepool::test {

inline constexpr char long_owner[] =
    "an owner whose name is too long for any string to keep in place";

/// Runs `io` on this thread until it has happened.
template <class Condition>
void run_until(asio::io_context& io, Condition const& condition)
{
    io.restart();
    while (!condition())
        if (io.run_one() == 0)
            throw std::runtime_error("out of work before it happened");
}

/// The io_context and all handlers run on the test's own thread.
struct fixture {
    explicit fixture(manager_options options = {.max_pools = 1})
        : pools(io, thread_backend({.workers_per_pool = 1}), with_short_pauses(std::move(options)))
    {
    }
    ~fixture()
    {
        held = {};
        bool done = false;
        pools.async_stop({.mode = stop_mode::cancel}, [&](error_code) { done = true; });
        until([&] { return done; });
        io.run();
    }

    static manager_options with_short_pauses(manager_options options)
    {
        options.backoff = 1ms;
        options.max_backoff = 1ms;
        options.make_attempts = 1'000'000;
        return options;
    }

    template <class Condition>
    void until(Condition condition)
    {
        run_until(io, condition);
    }

    void start()
    {
        error_code error = errc::unavailable;
        pools.async_start([&](error_code e) { error = e; });
        until([&] { return error != errc::unavailable; });
        BOOST_TEST_REQUIRE(!error);
    }

    void take_lease()
    {
        bool done = false;
        pools.async_acquire({}, [&](error_code error, thread_lease lease) {
            held = std::move(lease);
            done = !error;
        });
        until([&] { return done; });
    }

    /// The manager grants, runs and takes back.
    void check_alive()
    {
        held = {};
        take_lease();
        int result = 0;
        held.async_run([] { return 42; }, [&](std::exception_ptr, int n) { result = n; });
        until([&] { return result != 0; });
        BOOST_TEST_REQUIRE(result == 42);
        held = {};
    }

    asio::io_context io;
    thread_manager pools;
    thread_lease held;
};

/// A completion handler, and what became of it.
struct witness {
    std::atomic<int> calls = 0;
    error_code error;
    std::exception_ptr exception;
    std::shared_ptr<int> alive = std::make_shared<int>();
    thread_lease granted;

    auto handler()
    {
        return [this, keep = alive](auto&& outcome, auto&&... result) {
            note(std::move(outcome));
            (this->keep_lease(std::move(result)), ...);
            ++calls;
        };
    }

private:
    void note(error_code e) { error = e; }
    void note(std::exception_ptr e) { exception = std::move(e); }
    void keep_lease(thread_lease l) { granted = std::move(l); }
    template <class T>
    void keep_lease(T const&)
    {
    }
};

}  // namespace leasepool::test

#endif
