// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Draining, canceling, tightening.

#include "integration/support/events.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <stop_token>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using pending = pending_acquire<thread_backend>;

struct fixture {
    asio::io_context io;
    happening revoked{io};
    std::atomic<int> threads{0};
    thread_manager pools{io,
        thread_backend({.workers_per_pool = 1,
            .on_thread_start = [this](worker_id) { ++threads; },
            .on_thread_stop = [this](worker_id) { --threads; }}),
        options()};

    manager_options options()
    {
        manager_options o{.max_pools = 2, .min_pools = 2};
        o.observer.on_revoke = std::ref(revoked);
        return o;
    }
};

/// Returns when it is asked to.
int wait_for_stop(std::stop_token stop, gate& begun)
{
    std::mutex mutex;
    std::condition_variable_any changed;
    begun.open();
    std::unique_lock lock(mutex);
    changed.wait(lock, stop, [] { return false; });
    return 7;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(stopping, fixture)

BOOST_AUTO_TEST_CASE(stop_shuts_every_pool_down)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST(threads == 2);
        co_await pools.async_stop();
        BOOST_TEST(threads == 0);
        BOOST_TEST(pools.total() == 0u);
        BOOST_TEST(pools.available() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(draining_stop_waits_for_leases_and_lets_them_work)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        verdict stopped(io);
        pools.async_stop({}, stopped.handler());
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.stopping);
        BOOST_TEST(!now.started);
        BOOST_TEST(now.leased == 1u);
        BOOST_TEST(co_await lease.async_run([] { return 5; }) == 5);
        BOOST_TEST(!stopped.done());
        lease.release();
        BOOST_TEST(!co_await stopped.get());
        BOOST_TEST(revoked.count() == 0);
        BOOST_TEST(threads == 0);
    });
}

BOOST_AUTO_TEST_CASE(serving_stop_grants_the_acquires_that_wait)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto first = co_await pools.async_acquire();
        auto second = co_await pools.async_acquire();
        std::list<pending> waiting;
        for (int i = 0; i != 5; ++i)
            pools.async_acquire({}, waiting.emplace_back(io).handler());
        verdict stopped(io);
        pools.async_stop({.mode = stop_mode::serve}, stopped.handler());
        BOOST_TEST((co_await pools.async_stats()).stopping);
        pending late(io);
        pools.async_acquire({}, late.handler());
        BOOST_TEST(co_await late.get() == errc::not_running);
        first.release();
        for (auto& each : waiting) {
            BOOST_TEST(!co_await each.get());
            BOOST_TEST(co_await each.granted.async_run([] { return 5; }) == 5);
            BOOST_TEST(!stopped.done());
            each.granted.release();
        }
        second.release();
        BOOST_TEST(!co_await stopped.get());
        BOOST_TEST(revoked.count() == 0);
        BOOST_TEST(threads == 0);
    });
}

BOOST_AUTO_TEST_CASE(serving_stop_fails_waiting_acquires_at_its_deadline)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto first = co_await pools.async_acquire();
        auto second = co_await pools.async_acquire();
        pending waits(io);
        pools.async_acquire({}, waits.handler());
        co_await pools.async_stop({.mode = stop_mode::serve, .deadline = 1ms});
        BOOST_TEST(co_await waits.get() == errc::not_running);
        BOOST_TEST(first.ended() == errc::not_running);
        BOOST_TEST(revoked.count() == 2);
    });
}

BOOST_AUTO_TEST_CASE(draining_stop_lets_released_leases_finish_their_queue)
{
    gate work;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<int> first(io);
        outcome<int> second(io);
        lease.async_run(
            [&] {
                work.pass();
                return 1;
            },
            first.handler());
        lease.async_run([] { return 2; }, second.handler());
        work.await();
        lease.release();
        verdict stopped(io);
        pools.async_stop({}, stopped.handler());
        BOOST_TEST((co_await pools.async_stats()).draining == 1u);
        work.open();
        BOOST_TEST(!co_await stopped.get());
        BOOST_TEST(co_await first.get() == 1);
        BOOST_TEST(co_await second.get() == 2);
    });
}

BOOST_AUTO_TEST_CASE(deadline_cancels_what_has_not_begun_and_waits_for_what_runs)
{
    gate work;
    std::atomic<bool> ran{false};
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<int> runs(io);
        outcome<> queued(io);
        lease.async_run(
            [&] {
                work.pass();
                return 3;
            },
            runs.handler());
        lease.async_run([&] { ran = true; }, queued.handler());
        work.await();
        verdict stopped(io);
        pools.async_stop({.deadline = 2ms}, stopped.handler());
        BOOST_CHECK_EXCEPTION(
            co_await queued.get(), boost::system::system_error, has_code(errc::not_running));
        BOOST_TEST(lease.ended() == errc::not_running);
        co_await revoked.await();
        BOOST_TEST(!stopped.done());
        work.open();
        BOOST_TEST(co_await runs.get() == 3);  // its result is not lost
        BOOST_TEST(!co_await stopped.get());
        BOOST_TEST(!ran);
        BOOST_TEST(threads == 0);
    });
}

BOOST_AUTO_TEST_CASE(canceling_stop_asks_what_runs_to_stop)
{
    gate begun;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<int> runs(io);
        lease.async_run(
            [&](std::stop_token stop) { return wait_for_stop(stop, begun); }, runs.handler());
        begun.pass();
        co_await pools.async_stop({.mode = stop_mode::cancel});
        BOOST_TEST(co_await runs.get() == 7);
        BOOST_TEST(threads == 0);
    });
}

BOOST_AUTO_TEST_CASE(second_stop_tightens_the_first)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire();
        verdict first(io);
        verdict second(io);
        pools.async_stop({.deadline = 1h}, first.handler());
        co_await pools.async_stats();
        BOOST_TEST(!lease.ended());
        pools.async_stop({.mode = stop_mode::cancel}, second.handler());
        BOOST_TEST(!co_await second.get());
        BOOST_TEST(!co_await first.get());
        BOOST_TEST(lease.ended() == errc::not_running);
    });
}

BOOST_AUTO_TEST_CASE(second_stop_cannot_loosen_the_first)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire();
        verdict first(io);
        verdict second(io);
        pools.async_stop({.deadline = 2ms}, first.handler());
        pools.async_stop({.deadline = 1h}, second.handler());
        BOOST_TEST(!co_await first.get());
        BOOST_TEST(!co_await second.get());
        BOOST_TEST(lease.ended() == errc::not_running);
    });
}

BOOST_AUTO_TEST_CASE(canceled_stop_ends_the_wait_and_not_the_stop)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        asio::cancellation_signal cancel;
        verdict stopped(io);
        pools.async_stop({}, asio::bind_cancellation_slot(cancel.slot(), stopped.handler()));
        cancel.emit(asio::cancellation_type::total);
        BOOST_TEST(co_await stopped.get() == asio::error::operation_aborted);
        BOOST_TEST((co_await pools.async_stats()).stopping);
        lease.release();
        co_await pools.async_stop();
        BOOST_TEST(threads == 0);
    });
}

BOOST_AUTO_TEST_CASE(negative_deadline_is_refused_and_stops_nothing)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto [deadline] = co_await pools.async_stop({.deadline = -1ns}, as_tuple);
        BOOST_TEST(deadline == errc::invalid_duration);
        auto [abandon] = co_await pools.async_stop({.abandon_after = -1ns}, as_tuple);
        BOOST_TEST(abandon == errc::invalid_duration);
        BOOST_TEST((co_await pools.async_stats()).started);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(deadline_beyond_the_clock_is_none)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        verdict stopped(io);
        pools.async_stop(
            {.deadline = steady_duration::max(), .abandon_after = steady_duration::max()},
            stopped.handler());
        co_await pools.async_stats();
        BOOST_TEST(!lease.ended());
        lease.release();
        BOOST_TEST(!co_await stopped.get());
    });
}

BOOST_AUTO_TEST_CASE(stop_during_the_start_ends_both)
{
    gate start;
    std::atomic<int> running{0};
    thread_manager slow(io,
        thread_backend({.workers_per_pool = 1,
            .on_thread_start =
                [&](worker_id) {
                    ++running;
                    start.pass();
                },
            .on_thread_stop = [&](worker_id) { --running; }}));
    run(io, [&]() -> asio::awaitable<void> {
        verdict started(io);
        verdict stopped(io);
        slow.async_start(started.handler());
        pending waiting(io, slow);
        co_await slow.async_stats();
        start.await();
        slow.async_stop({}, stopped.handler());
        BOOST_TEST(co_await waiting.get() == errc::not_running);
        BOOST_TEST(!stopped.done());
        start.open();
        BOOST_TEST(!co_await stopped.get());
        BOOST_TEST(co_await started.get() == errc::not_running);
        BOOST_TEST(running == 0);

        co_await slow.async_start();
        co_await slow.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(stop_begun_by_a_function_of_a_lease_completes_when_it_has_returned)
{
    gate work;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        verdict stopped(io);
        outcome<int> runs(io);
        lease.async_run(
            [&] {
                pools.async_stop({.mode = stop_mode::cancel}, stopped.handler());
                work.pass();
                return 9;
            },
            runs.handler());
        work.await();
        co_await revoked.await();
        BOOST_TEST(!stopped.done());
        work.open();
        BOOST_TEST(co_await runs.get() == 9);
        BOOST_TEST(!co_await stopped.get());
        BOOST_TEST(threads == 0);
    });
}

BOOST_AUTO_TEST_CASE(lease_held_through_a_stop_and_a_start_stays_dead)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        co_await pools.async_stop({.mode = stop_mode::cancel});
        co_await pools.async_start();
        BOOST_TEST(lease.ended() == errc::not_running);
        BOOST_CHECK_EXCEPTION(co_await lease.async_run([] {}), boost::system::system_error,
            has_code(errc::not_running));
        co_await lease.async_release();
        BOOST_TEST(pools.available() == 2u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_SUITE_END()
