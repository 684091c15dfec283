// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How many pools there are when nobody asks for more.

#include "unit/support/ledger_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::ledger;
using claim_is = ledger::claim::phase;

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_sizing)

BOOST_AUTO_TEST_CASE(higher_target_makes_pools_at_once)
{
    ledger_fixture fixture{{.max_pools = 4}};
    fixture.run(1);
    BOOST_TEST(fixture.resize(3) == "make p1; make p2");
    BOOST_TEST(fixture.resize(3) == "");
    BOOST_TEST(fixture.book.desired() == 3u);
    BOOST_TEST(fixture.book.in_service() == 3u);
}

BOOST_AUTO_TEST_CASE(target_given_before_the_start_is_met_by_it)
{
    ledger_fixture fixture{{.max_pools = 4}};
    BOOST_TEST(fixture.resize(2) == "");
    BOOST_TEST(fixture.start() == "make p0; make p1");
}

BOOST_AUTO_TEST_CASE(target_beyond_the_capacity_makes_what_is_possible)
{
    ledger_fixture fixture{{.max_pools = 2}};
    fixture.run(1);
    BOOST_TEST(fixture.resize(5) == "make p1");
}

BOOST_AUTO_TEST_CASE(lower_target_closes_the_longest_idle_pools_at_once)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 3}};
    fixture.run(3);
    BOOST_TEST(fixture.resize(1) == "close p0; close p1");
    BOOST_TEST(fixture.book.in_service() == 1u);
    BOOST_TEST(fixture.book.retired() == 0u);
}

BOOST_AUTO_TEST_CASE(idle_ttl_keeps_surplus_pools_for_a_while)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 3, .idle_ttl = 50ms}};
    fixture.start();
    for (auto pool : {0u, 1u, 2u}) {
        fixture.pool_ready(pool);
        fixture.wait(10ms);
    }
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.resize(1) == "");
    BOOST_TEST(fixture.next_ms() == 20);
    BOOST_TEST(fixture.wait(20ms) == "close p0");
    BOOST_TEST(fixture.next_ms() == 10);
    BOOST_TEST(fixture.wait(10ms) == "close p1");
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(use_makes_an_idle_pool_young_again)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2, .idle_ttl = 50ms}};
    fixture.run(2);
    fixture.resize(1);
    fixture.wait(40ms);
    fixture.acquire('a');  // p1
    fixture.acquire('b');  // p0
    fixture.give_back('a');
    fixture.give_back('b');
    BOOST_TEST(fixture.next_ms() == 50);
    BOOST_TEST(fixture.wait(50ms) == "close p1");
}

BOOST_AUTO_TEST_CASE(idle_ttl_beyond_the_clock_keeps_pools_for_ever)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2, .idle_ttl = 10s}, ledger::never - 5s};
    fixture.run(2);
    fixture.resize(1);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(4s) == "");
}

BOOST_AUTO_TEST_CASE(shrinking_never_touches_a_leased_pool)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 3}};
    fixture.run(3);
    fixture.acquire('a');
    fixture.acquire('b');
    BOOST_TEST(fixture.resize(0) == "close p0");
    BOOST_TEST((fixture.claim('a').state() == claim_is::live));
    BOOST_TEST((fixture.claim('b').state() == claim_is::live));
    BOOST_TEST(fixture.give_back('a') == "close p2");
    BOOST_TEST(fixture.resize(1) == "");
    BOOST_TEST(fixture.give_back('b') == "");  // kept: it is wanted again
}

BOOST_AUTO_TEST_CASE(surplus_pool_goes_to_a_waiter_first)
{
    ledger_fixture fixture{{.max_pools = 1, .min_pools = 0}};
    fixture.start();
    fixture.acquire('a');
    fixture.pool_ready(0);
    fixture.acquire('b');
    BOOST_TEST(fixture.give_back('a') == "grant b p0");
    BOOST_TEST(fixture.give_back('b') == "close p0");
}

BOOST_AUTO_TEST_CASE(pool_made_for_a_waiter_who_left_is_surplus)
{
    ledger_fixture fixture{{.max_pools = 2}};
    fixture.run(1);
    fixture.acquire('a');
    fixture.acquire('b');
    fixture.cancel('b');
    BOOST_TEST(fixture.pool_ready(1) == "close p1");
}

BOOST_AUTO_TEST_CASE(size_is_checked_at_every_interval)
{
    ledger_fixture fixture{{.max_pools = 1, .check_interval = 100ms}};
    fixture.run(1);
    BOOST_TEST(fixture.next_ms() == 100);
    BOOST_TEST(fixture.wait(100ms) == "recheck");
    BOOST_TEST(fixture.wait(250ms) == "recheck");  // late: not made up for
    BOOST_TEST(fixture.next_ms() == 100);
    fixture.stop(0ms);
    fixture.pool_closed(0);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(100ms) == "");
    fixture.start();
    BOOST_TEST(fixture.next_ms() == 100);
}

BOOST_AUTO_TEST_CASE(check_interval_beyond_the_clock_never_checks)
{
    ledger_fixture fixture{{.max_pools = 1, .check_interval = 1h}, ledger::never - 5s};
    fixture.run(1);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(4s) == "");
}

BOOST_AUTO_TEST_SUITE_END()
