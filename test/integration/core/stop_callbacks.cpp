// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The callbacks of stop tokens are the user's: they may take any time, or end the manager.

#include "integration/support/events.hpp"
#include "integration/support/io_threads.hpp"

#include "core/pool/stop_requests.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// What a stop callback does that waits until the test lets it go on.
struct blocking_callback {
    explicit blocking_callback(asio::io_context& io) : begun(io), io_(io) {}

    void operator()()
    {
        called_on = std::this_thread::get_id();
        asio::post(io_, std::ref(begun));
        released =
            release.get_future().wait_for(std::chrono::seconds{20}) == std::future_status::ready;
    }

    happening begun;  // on the io thread
    std::promise<void> release;
    std::thread::id called_on;
    bool released = false;  // by the test, and not because it took too long

private:
    asio::io_context& io_;
};

/// Runs until it is asked to stop; then calls `callback`.
template <class Callback>
auto until_stopped(std::latch& running, Callback& callback)
{
    return [&](std::stop_token token) {
        std::promise<void> called;
        std::stop_callback const on_stop(token, [&] {
            callback();
            called.set_value();
        });
        running.count_down();
        get(called);
    };
}

struct fixture {
    asio::io_context io;
};

constexpr auto cancel_now = stop_options{.mode = stop_mode::cancel};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(stop_callbacks, fixture)

BOOST_AUTO_TEST_CASE(callback_at_a_revocation_holds_up_its_own_function_only)
{
    thread_manager pools(
        io, thread_backend({.workers_per_pool = 3}), {.max_pools = 2, .grace = 0ms});
    std::array<blocking_callback, 2> blocking{blocking_callback(io), blocking_callback(io)};
    std::atomic<bool> quick_called = false;
    auto quick = [&] { quick_called = true; };
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        std::latch running(3);
        happening returned(io);
        happening quick_returned(io);
        lease.async_run(until_stopped(running, blocking[0]), returned.handler());
        lease.async_run(until_stopped(running, blocking[1]), returned.handler());
        lease.async_run(until_stopped(running, quick), quick_returned.handler());
        running.wait();
        lease.renew(1ms);
        // All three at a time, while the manager goes on.
        co_await blocking[0].begun.await();
        co_await blocking[1].begun.await();
        co_await quick_returned.await();
        BOOST_TEST(quick_called);
        auto another = co_await pools.async_acquire();
        co_await another.async_run([] {});
        BOOST_TEST(returned.count() == 0);
        for (auto& each : blocking)
            each.release.set_value();
        co_await returned.await(2);
        for (auto& each : blocking) {
            BOOST_TEST(each.released);
            BOOST_TEST((each.called_on != std::this_thread::get_id()));
        }
        another.release();
        co_await pools.async_stop(cancel_now);
    });
}

BOOST_AUTO_TEST_CASE(callback_at_a_stop_holds_up_its_own_function_only)
{
    thread_manager pools(io, thread_backend({.workers_per_pool = 2}), {.max_pools = 1});
    blocking_callback blocking(io);
    auto quick = [] {};
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        std::latch running(2);
        happening returned(io);
        happening quick_returned(io);
        happening stopped(io);
        lease.async_run(until_stopped(running, blocking), returned.handler());
        lease.async_run(until_stopped(running, quick), quick_returned.handler());
        running.wait();
        pools.async_stop(cancel_now, stopped.handler());
        co_await blocking.begun.await();
        co_await quick_returned.await();
        BOOST_TEST(stopped.count() == 0);
        BOOST_TEST(returned.count() == 0);
        blocking.release.set_value();
        co_await stopped.await();
        BOOST_TEST(blocking.released);
        BOOST_TEST((blocking.called_on != std::this_thread::get_id()));
    });
}

BOOST_AUTO_TEST_CASE(callback_at_the_managers_end_runs_beside_the_others)
{
    auto pools = std::make_unique<thread_manager>(
        io, thread_backend({.workers_per_pool = 2}), manager_options{.max_pools = 1});
    std::promise<void> second_called;
    // Only the second lets the first go on: made one after the other they would never end.
    bool first_went_on = false;
    auto first = [&] {
        first_went_on = second_called.get_future().wait_for(std::chrono::seconds{20}) ==
            std::future_status::ready;
    };
    auto second = [&] { second_called.set_value(); };
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools->async_start();
        auto lease = co_await pools->async_acquire();
        std::latch running(2);
        happening returned(io);
        lease.async_run(until_stopped(running, first), returned.handler());
        lease.async_run(until_stopped(running, second), returned.handler());
        running.wait();
        pools.reset();
        BOOST_TEST(first_went_on);
        co_await returned.await(2);
    });
}

namespace {

struct server {
    explicit server(asio::io_context& io)
        : pools(io, thread_backend({.workers_per_pool = 2}), {.max_pools = 1, .grace = 0ms})
    {
    }
    thread_manager pools;
    thread_lease lease;
};

}  // namespace

BOOST_AUTO_TEST_CASE(callback_at_a_revocation_may_destroy_lease_and_manager)
{
    auto owner = std::make_unique<server>(io);
    run(io, [&]() -> asio::awaitable<void> {
        co_await owner->pools.async_start();
        owner->lease = co_await owner->pools.async_acquire();
        std::latch running(1);
        happening returned(io);
        auto destroy = [&] { owner.reset(); };
        owner->lease.async_run(until_stopped(running, destroy), returned.handler());
        running.wait();
        owner->lease.renew(1ms);
        co_await returned.await();
        BOOST_TEST(!owner);
    });
}

BOOST_AUTO_TEST_CASE(callback_at_a_stop_may_destroy_lease_and_manager)
{
    auto owner = std::make_unique<server>(io);
    run(io, [&]() -> asio::awaitable<void> {
        co_await owner->pools.async_start();
        owner->lease = co_await owner->pools.async_acquire();
        std::latch running(1);
        happening returned(io);
        happening stopped(io);
        auto destroy = [&] { owner.reset(); };
        owner->lease.async_run(until_stopped(running, destroy), returned.handler());
        running.wait();
        owner->pools.async_stop(cancel_now, stopped.handler());
        co_await returned.await();
        co_await stopped.await();
        BOOST_TEST(!owner);
    });
}

BOOST_AUTO_TEST_CASE(callback_at_a_cancellation_may_destroy_lease_and_manager)
{
    auto owner = std::make_unique<server>(io);
    run(io, [&]() -> asio::awaitable<void> {
        co_await owner->pools.async_start();
        owner->lease = co_await owner->pools.async_acquire();
        std::latch running(1);
        happening returned(io);
        asio::cancellation_signal signal;
        auto destroy = [&] { owner.reset(); };
        owner->lease.async_run(until_stopped(running, destroy),
            asio::bind_cancellation_slot(signal.slot(), returned.handler()));
        running.wait();
        signal.emit(asio::cancellation_type::terminal);
        BOOST_TEST(!owner);
        co_await returned.await();
    });
}

BOOST_AUTO_TEST_CASE(callback_awaits_no_release_of_its_own_lease)
{
    thread_manager pools(
        io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1, .grace = 0ms});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        std::latch running(1);
        happening returned(io);
        happening answered(io);
        error_code answer;
        auto release = [&] {
            lease.async_release(asio::bind_executor(io, [&](error_code e) {
                answer = e;
                answered();
            }));
        };
        lease.async_run(until_stopped(running, release), returned.handler());
        running.wait();
        lease.renew(1ms);
        co_await returned.await();
        co_await answered.await();
        BOOST_TEST(answer == errc::would_deadlock);
        co_await pools.async_stop(cancel_now);
    });
}

BOOST_AUTO_TEST_CASE(many_requests_are_all_made)
{
    constexpr int n = 1'000;
    std::atomic<int> calls = 0;
    std::promise<void> all;
    auto const count = [&] {
        if (++calls == n)
            all.set_value();
    };
    std::vector<std::stop_source> sources(n);
    std::vector<std::unique_ptr<std::stop_callback<std::function<void()>>>> callbacks;
    for (auto& source : sources)
        callbacks.push_back(
            std::make_unique<std::stop_callback<std::function<void()>>>(source.get_token(), count));
    for (auto& source : sources)
        leasepool::detail::request_stop_elsewhere({}, source);
    get(all);
    BOOST_TEST(calls == n);
}

BOOST_AUTO_TEST_SUITE_END()
