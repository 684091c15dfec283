// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Pools that cannot be made: the pauses between attempts, and which waiters get the reason, and when.

#include "unit/support/ledger_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::ledger;

ledger::options lazy()
{
    return {
        .max_pools = 2, .min_pools = 0, .backoff = 100ms, .max_backoff = 350ms, .make_attempts = 3};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_making)

BOOST_AUTO_TEST_CASE(pause_doubles_up_to_its_cap)
{
    ledger_fixture fixture{lazy()};
    fixture.start();
    fixture.resize(1);
    for (auto [pool, pause] : {std::pair{0u, 100}, {1u, 200}, {2u, 350}, {3u, 350}}) {
        BOOST_TEST(fixture.pool_failed(pool) == "");
        BOOST_TEST(fixture.next_ms() == pause);
        fixture.wait(std::chrono::milliseconds{pause - 1});
        BOOST_TEST(fixture.book.starting() == 0u);
        fixture.wait(1ms);
        BOOST_TEST(fixture.book.starting() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(pause_above_its_cap_is_cut)
{
    auto opts = lazy();
    opts.max_backoff = 60ms;
    ledger_fixture fixture{opts};
    fixture.start();
    fixture.resize(1);
    fixture.pool_failed(0);
    BOOST_TEST(fixture.next_ms() == 60);
}

BOOST_AUTO_TEST_CASE(pause_stops_at_the_end_of_the_clock)
{
    auto opts = lazy();
    opts.backoff = leasepool::steady_duration::max() / 2 + 1ns;
    opts.max_backoff = leasepool::steady_duration::max();
    ledger_fixture fixture{opts, leasepool::detail::steady_time{}};
    fixture.start();
    fixture.resize(1);
    fixture.pool_failed(0);
    BOOST_TEST((fixture.next() == opts.backoff));
    BOOST_TEST(fixture.wait(opts.backoff) == "make p1");
    fixture.pool_failed(1);
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(new_pool_that_has_served_a_lease_ends_the_pauses)
{
    ledger_fixture fixture{lazy()};
    fixture.start();
    fixture.resize(2);
    fixture.pool_failed(0);
    BOOST_TEST(fixture.pool_ready(1) == "");
    BOOST_TEST(fixture.next_ms() == 100);
    fixture.acquire('a');
    BOOST_TEST(fixture.give_back('a') == "make p2");
    fixture.pool_failed(2);
    BOOST_TEST(fixture.next_ms() == 100);

    // One that is known already says nothing about new ones.
    fixture.wait(100ms);
    fixture.pool_failed(3);
    fixture.acquire('a');
    BOOST_TEST(fixture.give_back('a') == "");
    BOOST_TEST(fixture.next_ms() == 200);
}

BOOST_AUTO_TEST_CASE(pool_that_breaks_before_it_has_served_a_lease_was_not_made)
{
    ledger_fixture fixture{lazy()};
    fixture.start();
    fixture.resize(1);
    for (auto [pool, pause] : {std::pair{0u, 100}, {1u, 200}, {2u, 350}}) {
        BOOST_TEST(fixture.pool_ready(pool) == "");
        BOOST_TEST(fixture.pool_broken(pool) == "close p" + std::to_string(pool));
        BOOST_TEST(fixture.next_ms() == pause);
        fixture.pool_closed(pool);
        fixture.wait(std::chrono::milliseconds(pause));
    }
    // Nor was one that breaks under its first lease.
    BOOST_TEST(fixture.pool_ready(3) == "");
    fixture.acquire('a');
    BOOST_TEST(fixture.pool_broken(3) == "revoke a p3 broken");
    BOOST_TEST(fixture.next_ms() == 350);
}

BOOST_AUTO_TEST_CASE(waiters_get_the_reason_if_all_pools_break_at_once)
{
    auto opts = lazy();
    opts.make_attempts = 2;
    ledger_fixture fixture{opts};
    fixture.start();
    fixture.resize(1);
    fixture.pool_ready(0);
    fixture.pool_broken(0);
    BOOST_TEST(fixture.acquire('a') == "");
    BOOST_TEST(fixture.wait(100ms) == "make p1");
    fixture.pool_broken(1);
    BOOST_TEST(fixture.pool_ready(1) == "make_failed a; close p1");
}

BOOST_AUTO_TEST_CASE(pause_that_has_passed_is_no_reason_for_one_that_must_not_wait)
{
    auto opts = lazy();
    opts.max_pools = 1;
    ledger_fixture fixture{opts};
    fixture.start();
    fixture.acquire('a');
    fixture.pool_failed(0);
    BOOST_TEST(fixture.wait(100ms) == "make p1");
    BOOST_TEST(fixture.acquire('b', {.wait = false}) == "refused unavailable");
    BOOST_TEST(fixture.pool_ready(1) == "grant a p1");
    BOOST_TEST(fixture.acquire('b', {.wait = false}) == "refused unavailable");
}

BOOST_AUTO_TEST_CASE(pools_that_fail_together_are_one_failed_attempt)
{
    ledger_fixture fixture{lazy()};
    fixture.start();
    fixture.acquire('a');
    fixture.acquire('b');
    fixture.pool_failed(0);
    BOOST_TEST(fixture.pool_failed(1) == "");
    BOOST_TEST(fixture.next_ms() == 100);
    BOOST_TEST(fixture.wait(100ms) == "make p2; make p3");
    fixture.pool_failed(2);
    fixture.wait(1ms);
    BOOST_TEST(fixture.pool_failed(3) == "");
    BOOST_TEST(fixture.next_ms() == 199);
}

BOOST_AUTO_TEST_CASE(waiters_get_the_reason_after_enough_attempts_only)
{
    ledger_fixture fixture{lazy()};
    fixture.start();
    fixture.acquire('b');
    fixture.acquire('a');
    fixture.pool_failed(0);
    fixture.pool_failed(1);
    fixture.wait(100ms);
    fixture.pool_failed(2);
    BOOST_TEST(fixture.pool_failed(3) == "");
    fixture.wait(200ms);
    BOOST_TEST(fixture.pool_failed(4) == "");  // the other may still come
    BOOST_TEST(fixture.pool_failed(5) == "make_failed b; make_failed a");
    BOOST_TEST(fixture.book.waiters() == 0u);
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(pool_still_being_made_keeps_the_waiters)
{
    ledger_fixture fixture{lazy()};
    fixture.start();
    fixture.acquire('a');
    fixture.acquire('b');
    for (auto pool : {0u, 2u, 3u}) {
        BOOST_TEST(fixture.pool_failed(pool) == "");
        fixture.wait(350ms);
    }
    BOOST_TEST(fixture.pool_ready(1) == "grant a p1");
}

BOOST_AUTO_TEST_CASE(leased_pool_keeps_the_waiters)
{
    auto opts = lazy();
    opts.make_attempts = 1;
    ledger_fixture fixture{opts};
    fixture.start();
    fixture.acquire('a');
    fixture.pool_ready(0);
    fixture.acquire('b');
    BOOST_TEST(fixture.pool_failed(1) == "");
    BOOST_TEST(fixture.give_back('a') == "grant b p0");
}

BOOST_AUTO_TEST_CASE(later_waiter_gets_the_reason_at_the_next_failure)
{
    auto opts = lazy();
    opts.make_attempts = 1;
    ledger_fixture fixture{opts};
    fixture.start();
    fixture.acquire('a');
    BOOST_TEST(fixture.pool_failed(0) == "make_failed a");
    BOOST_TEST(fixture.acquire('b') == "");
    BOOST_TEST(fixture.next_ms() == 100);
    BOOST_TEST(fixture.wait(100ms) == "make p1");
    BOOST_TEST(fixture.pool_failed(1) == "make_failed b");
}

BOOST_AUTO_TEST_CASE(failure_without_waiters_does_not_fail_the_next_one)
{
    auto opts = lazy();
    opts.make_attempts = 1;
    ledger_fixture fixture{opts};
    fixture.start();
    fixture.resize(1);
    fixture.pool_failed(0);
    BOOST_TEST(fixture.acquire('a') == "");
    fixture.wait(100ms);
    BOOST_TEST(fixture.pool_ready(1) == "grant a p1");
}

BOOST_AUTO_TEST_CASE(backend_that_cannot_be_asked_is_a_failed_attempt)
{
    auto opts = lazy();
    opts.make_attempts = 2;
    ledger_fixture fixture{opts};
    fixture.start();
    fixture.refuses_to_make = true;
    BOOST_TEST(fixture.acquire('a') == "make refused");
    BOOST_TEST(fixture.next_ms() == 100);
    BOOST_TEST(fixture.wait(100ms) == "make refused; make_failed a");
    fixture.refuses_to_make = false;
    BOOST_TEST(fixture.acquire('b') == "");
    BOOST_TEST(fixture.wait(200ms) == "make p0");
}

BOOST_AUTO_TEST_CASE(timeout_passes_in_a_pause)
{
    ledger_fixture fixture{lazy()};
    fixture.start();
    fixture.acquire('a', {.timeout = 50ms});
    fixture.pool_failed(0);
    BOOST_TEST(fixture.next_ms() == 50);
    BOOST_TEST(fixture.wait(50ms) == "fail a acquire_timeout");
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_SUITE_END()
