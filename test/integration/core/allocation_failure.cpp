// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// An operation whose nth allocation fails, for every n: either the call threw and nothing has begun,
// or it completes once. Afterwards the manager works, and nothing is lost.

#include "integration/support/allocation_fixture.hpp"
#include "integration/support/failing_heap.hpp"

#include "core/manager/log_queue.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <list>
#include <new>
#include <optional>
#include <string>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// Tries `begin(witness)` with the first allocation failing, then the second, and so on, until none
/// fails. `check` sees the outcome where the call did not throw.
template <class Begin, class Check>
void fail_each_allocation(
    fixture& d, Begin begin, Check check, void (fixture::*prepare)() = nullptr)
{
    for (long n = 1;; ++n) {
        BOOST_TEST_REQUIRE(n < 1'000);
        if (prepare)
            (d.*prepare)();
        witness w;
        bool threw = false;
        bool failed = false;
        {
            failing_heap heap(n);
            try {
                begin(w);
            }
            catch (std::bad_alloc const&) {
                threw = true;
            }
            if (!threw)
                d.until([&] { return w.calls != 0; });
            failed = heap.failed();
        }
        BOOST_TEST_REQUIRE(w.calls == (threw ? 0 : 1));
        BOOST_TEST_REQUIRE(w.alive.use_count() == 1);
        if (!threw)
            check(w, failed);
        w.granted = {};
        if (!failed)
            return;
    }
}

void check_ran_or_no_memory(witness& w, bool failed)
{
    if (!w.exception)
        return;
    BOOST_TEST(failed);
    BOOST_CHECK_THROW(std::rethrow_exception(w.exception), std::bad_alloc);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocation_failure)

BOOST_AUTO_TEST_CASE(start_fails_or_succeeds_and_can_be_tried_again)
{
    fixture d({.max_pools = 2, .min_pools = 2});
    fail_each_allocation(
        d, [&](witness& w) { d.pools.async_start(w.handler()); },
        [&](witness& w, bool failed) {
            if (w.error) {
                BOOST_TEST(failed);
                BOOST_TEST(d.pools.total() == 0u);
                d.start();
            }
            d.check_alive();
            bool stopped = false;
            d.pools.async_stop({}, [&](error_code) { stopped = true; });
            d.until([&] { return stopped; });
        });
}

BOOST_AUTO_TEST_CASE(acquire_of_an_idle_pool)
{
    fixture d;
    d.start();
    asio::cancellation_signal signal;
    auto const strand = asio::make_strand(d.io);
    auto const check = [&](witness& w, bool) {
        BOOST_TEST(!w.error);
        BOOST_TEST(w.granted.owner() == long_owner);
        w.granted.release();
        d.check_alive();
    };
    fail_each_allocation(
        d, [&](witness& w) { d.pools.async_acquire({.owner = long_owner}, w.handler()); }, check);
    fail_each_allocation(
        d,
        [&](witness& w) {
            d.pools.async_acquire(
                {.owner = long_owner}, asio::bind_cancellation_slot(signal.slot(), w.handler()));
        },
        check);
    asio::thread_pool other(1);
    fail_each_allocation(
        d,
        [&](witness& w) {
            // Any executor that is not known to the library.
            d.pools.async_acquire({.owner = long_owner},
                asio::bind_executor(asio::any_io_executor(asio::require(
                                        d.io.get_executor(), asio::execution::blocking.never)),
                    w.handler()));
        },
        check);
}

BOOST_AUTO_TEST_CASE(acquire_that_has_a_pool_made)
{
    fixture d({.max_pools = 2, .idle_ttl = 0ms});
    d.start();
    d.take_lease();
    fail_each_allocation(
        d, [&](witness& w) { d.pools.async_acquire({}, w.handler()); },
        [&](witness& w, bool) {
            BOOST_TEST(!w.error);
            w.granted.release();
            d.until([&] { return d.pools.total() == 1; });
        });
}

BOOST_AUTO_TEST_CASE(acquire_that_waits_times_out)
{
    fixture d;
    d.start();
    d.take_lease();
    fail_each_allocation(
        d, [&](witness& w) { d.pools.async_acquire({.timeout = 1ms}, w.handler()); },
        [&](witness& w, bool) {
            BOOST_TEST(w.error == errc::acquire_timeout);
            BOOST_TEST(d.pools.waiters() == 0u);
        });
    d.check_alive();
}

BOOST_AUTO_TEST_CASE(run_on_a_lease)
{
    fixture d;
    d.start();
    d.take_lease();
    asio::cancellation_signal signal;
    fail_each_allocation(
        d, [&](witness& w) { d.held.async_run([] { return 1; }, w.handler()); },
        check_ran_or_no_memory);
    fail_each_allocation(
        d,
        [&](witness& w) {
            d.held.async_run(
                [](std::stop_token) {}, asio::bind_cancellation_slot(signal.slot(), w.handler()));
        },
        check_ran_or_no_memory);
    // Whatever threw has left no work outstanding.
    d.check_alive();
}

BOOST_AUTO_TEST_CASE(run_that_is_refused_says_so_or_that_memory_is_lacking)
{
    fixture d;
    d.start();
    d.take_lease();
    bool stopped = false;
    d.pools.async_stop({.mode = stop_mode::cancel}, [&](error_code) { stopped = true; });
    d.until([&] { return stopped; });
    auto const check = [&](witness& w, bool failed) {
        BOOST_TEST_REQUIRE((w.exception != nullptr));
        try {
            std::rethrow_exception(w.exception);
        }
        catch (boost::system::system_error const& e) {
            BOOST_TEST(e.code() == errc::not_running);
        }
        catch (std::bad_alloc const&) {
            BOOST_TEST(failed);
        }
    };
    fail_each_allocation(
        d, [&](witness& w) { d.held.async_run([] {}, w.handler()); }, check);
    fail_each_allocation(
        d, [&](witness& w) { d.pools.async_run([] {}, w.handler()); }, check);
}

BOOST_AUTO_TEST_CASE(run_on_the_manager)
{
    fixture d;
    d.start();
    fail_each_allocation(
        d,
        [&](witness& w) {
            d.pools.async_run(
                {.owner = long_owner}, [](std::stop_token) { return 1; }, w.handler());
        },
        [&](witness& w, bool failed) {
            check_ran_or_no_memory(w, failed);
            d.check_alive();
        });
    d.check_alive();
}

BOOST_AUTO_TEST_CASE(release_happens_even_if_nobody_can_be_told)
{
    fixture d;
    d.start();
    fail_each_allocation(
        d,
        [&](witness& w) {
            try {
                d.held.async_release(w.handler());
            }
            catch (std::bad_alloc const&) {
                if (d.held.valid())
                    throw std::logic_error("it was not released");
                throw;
            }
        },
        [&](witness& w, bool) { BOOST_TEST(!w.error); }, &fixture::take_lease);
    d.check_alive();
}

BOOST_AUTO_TEST_CASE(stop_stops_or_throws)
{
    fixture d({.max_pools = 2, .min_pools = 2});
    d.start();
    fail_each_allocation(
        d, [&](witness& w) { d.pools.async_stop({}, w.handler()); },
        [&](witness& w, bool) {
            BOOST_TEST(!w.error);
            BOOST_TEST(d.pools.total() == 0u);
            d.start();
        });
    d.check_alive();
}

BOOST_AUTO_TEST_CASE(stop_reaches_its_deadline)
{
    fixture d;
    d.start();
    d.take_lease();
    fail_each_allocation(
        d, [&](witness& w) { d.pools.async_stop({.deadline = 1ms}, w.handler()); },
        [&](witness& w, bool) {
            BOOST_TEST(!w.error);
            BOOST_TEST(d.held.ended() == errc::not_running);
            d.start();
            d.take_lease();
        });
}

BOOST_AUTO_TEST_CASE(stats_or_the_error_that_there_is_no_memory)
{
    fixture d;
    d.start();
    d.take_lease();
    fail_each_allocation(
        d, [&](witness& w) { d.pools.async_stats(w.handler()); },
        [&](witness& w, bool failed) {
            if (w.error) {
                BOOST_TEST(failed);
                BOOST_TEST(w.error == boost::system::errc::not_enough_memory);
            }
        });
}

BOOST_AUTO_TEST_CASE(post_to_a_lease_throws_and_leaves_no_work_behind)
{
    fixture d;
    d.start();
    for (long n = 1;; ++n) {
        d.take_lease();
        std::atomic<bool> ran = false;
        bool failed = false;
        bool threw = false;
        {
            failing_heap heap(n);
            try {
                asio::post(d.held, [&, large = std::string(long_owner)] { ran = !large.empty(); });
            }
            catch (std::bad_alloc const&) {
                threw = true;
            }
            failed = heap.failed();
        }
        // It drains, that is, the pool comes back.
        d.check_alive();
        BOOST_TEST(ran != threw);
        if (!failed)
            break;
    }
}

// All threads together: the pool's own, too. Whatever fails, it all comes to an end. The manager is
// made before, because Asio's strand cannot be made without memory (libs/core/async/strand.cpp).
BOOST_AUTO_TEST_CASE(whole_life_with_each_allocation_of_any_thread_failing)
{
    bool failed = true;
    for (long n = 1; failed; ++n) {
        BOOST_TEST_REQUIRE(n < 2'000);
        witness start, acquire, run, manager_run, release, stop;
        fixture d({.max_pools = 2});
        failing_heap const heap(n, failing_heap::of::all_threads);
        try {
            d.pools.async_start(start.handler());
            d.until([&] { return start.calls != 0; });
            d.pools.async_acquire({.owner = long_owner}, acquire.handler());
            d.until([&] { return acquire.calls != 0; });
            d.pools.async_run(
                {}, [] {}, manager_run.handler());
            if (acquire.granted) {
                acquire.granted.async_run([] { return std::string(long_owner); }, run.handler());
                asio::post(acquire.granted, [] {});
                acquire.granted.async_release(release.handler());
                d.until([&] { return run.calls != 0 && release.calls != 0; });
            }
            d.until([&] { return manager_run.calls != 0; });
            d.pools.async_stop({}, stop.handler());
            d.until([&] { return stop.calls != 0; });
        }
        catch (std::bad_alloc const&) {
        }
        failed = heap.failed();
    }
}

BOOST_AUTO_TEST_CASE(item_of_a_grinder)
{
    fixture d;
    d.start();
    // Sent by its number, and by the timer.
    for (std::size_t const batch_size : {1u, 2u}) {
        work_grinder grinder(d.pools, {.batch_size = batch_size, .max_wait = 1ms});
        bool started = false;
        grinder.async_start([&](error_code error) { started = !error; });
        d.until([&] { return started; });
        auto const check = [&](witness& w, bool failed) {
            if (w.exception) {
                BOOST_TEST(failed);
                try {
                    std::rethrow_exception(w.exception);
                }
                catch (std::bad_alloc const&) {
                }
                catch (boost::system::system_error const& e) {
                    BOOST_TEST(e.code() == boost::system::errc::not_enough_memory);
                }
            }
            grinder_stats stats;
            bool told = false;
            grinder.async_stats([&](error_code, grinder_stats const& s) {
                stats = s;
                told = true;
            });
            d.until([&] { return told; });
            BOOST_TEST(stats.pending == 0u);
            BOOST_TEST(stats.submitted == stats.completed + stats.failed);
        };
        fail_each_allocation(
            d,
            [&](witness& w) {
                grinder.async_submit(
                    {.owner = long_owner}, [] {}, w.handler());
            },
            check);
        bool stopped = false;
        grinder.async_stop({}, [&](error_code) { stopped = true; });
        d.until([&] { return stopped; });
    }
    d.check_alive();
}

BOOST_AUTO_TEST_CASE(log_record_for_which_there_is_no_memory_counts_as_dropped)
{
    detail::log_queue queue;
    std::string const text(100, 'x');
    for (long n = 1; n != 3; ++n) {  // the place in the queue, the text
        failing_heap const heap(n);
        queue.add(severity::info, text, {});
        BOOST_TEST(heap.failed());
    }
    queue.add(severity::info, text, {});
    std::list<detail::log_queue::record> taken;
    BOOST_TEST_REQUIRE(queue.take(taken));
    BOOST_TEST(taken.front().message == text);
    BOOST_TEST(taken.front().dropped_before == 2u);
    BOOST_TEST(queue.dropped() == 2u);
}

BOOST_AUTO_TEST_CASE(timer_that_finds_no_memory_is_tried_again_after_a_pause)
{
    fixture d;
    d.start();
    witness w;
    d.pools.async_acquire({.duration = 1h}, w.handler());
    // The first timer of the context: its queue has no memory yet.
    constexpr long attempts = 20;
    long before_another = 0;
    auto const begun = std::chrono::steady_clock::now();
    {
        empty_heap heap(attempts);
        d.until([&] { return heap.left() != attempts; });
        // Not even one strand turn long does it hold up other functions.
        before_another = heap.left();
        d.until([&] { return heap.left() == 0; });
    }
    auto const took = std::chrono::steady_clock::now() - begun;
    BOOST_TEST(before_another == attempts - 1);
    BOOST_TEST((took >= attempts * 1ms), "it did not pause");
    d.until([&] { return w.calls != 0; });
    w.granted = {};
    d.check_alive();
}

BOOST_AUTO_TEST_SUITE_END()
