// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Pools that break or outlive their lease: what replaces them, and when nothing does.

#include "unit/support/ledger_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::ledger;
using claim_is = ledger::claim::phase;

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_capacity)

BOOST_AUTO_TEST_CASE(retired_pool_is_replaced_for_a_waiter)
{
    ledger_fixture fixture{{.max_pools = 1, .max_retired = 1, .min_pools = 0}};
    fixture.start();
    fixture.acquire('a', {.lifetime = 10ms});
    fixture.pool_ready(0);
    BOOST_TEST(fixture.acquire('b') == "");
    BOOST_TEST(fixture.wait(10ms) == "overdue a; revoke a p0 expired; make p1");
    BOOST_TEST(fixture.book.capacity() == 1u);
    BOOST_TEST(fixture.pool_ready(1) == "grant b p1");
}

BOOST_AUTO_TEST_CASE(max_retired_0_replaces_when_the_retired_pool_has_ended)
{
    ledger_fixture fixture{{.max_pools = 1, .max_retired = 0}};
    fixture.run(1);
    fixture.acquire('a', {.lifetime = 10ms});
    fixture.acquire('b');
    BOOST_TEST(fixture.wait(10ms) == "overdue a; revoke a p0 expired; starved 0");
    BOOST_TEST(fixture.book.capacity() == 0u);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.acquire('c', {.wait = false}) == "refused unavailable");
    BOOST_TEST(fixture.drained('a') == "close p0");
    BOOST_TEST(fixture.pool_closed(0) == "make p1; starved 1");
    BOOST_TEST(fixture.pool_ready(1) == "grant b p1");
}

BOOST_AUTO_TEST_CASE(max_retired_1_shrinks_with_the_second_retired_pool)
{
    ledger_fixture fixture{{.max_pools = 2, .max_retired = 1, .min_pools = 2}};
    fixture.run(2);
    fixture.acquire('a', {.lifetime = 10ms});
    fixture.acquire('b', {.lifetime = 20ms});
    BOOST_TEST(fixture.wait(10ms) == "overdue a; revoke a p1 expired; make p2");
    BOOST_TEST(fixture.wait(10ms) == "overdue b; revoke b p0 expired; starved 1");
    BOOST_TEST(fixture.book.in_service() == 1u);
    fixture.drained('a');
    BOOST_TEST(fixture.pool_closed(1) == "make p3; starved 2");
    BOOST_TEST(fixture.book.capacity() == 2u);
}

BOOST_AUTO_TEST_CASE(enough_retired_pools_leave_no_capacity)
{
    ledger_fixture fixture{{.max_pools = 1, .max_retired = 2, .min_pools = 1}};
    fixture.run(1);
    for (auto name : {'a', 'b'}) {
        fixture.acquire(name, {.lifetime = 10ms});
        fixture.wait(10ms);
        fixture.pool_ready(name == 'a' ? 1 : 2);
    }
    fixture.acquire('c', {.lifetime = 10ms});
    BOOST_TEST(fixture.wait(10ms) == "overdue c; revoke c p2 expired; starved 0");
    BOOST_TEST(fixture.book.retired() == 3u);
    BOOST_TEST(fixture.wait(1h) == "");
}

BOOST_AUTO_TEST_CASE(capacity_shrinks_under_leases_and_recovers)
{
    ledger_fixture fixture{{.max_pools = 3, .max_retired = 0, .min_pools = 3}};
    fixture.run(3);
    for (auto name : {'a', 'b', 'c'})
        fixture.acquire(name);
    BOOST_TEST(fixture.pool_broken(2) == "revoke a p2 broken; starved 2");
    BOOST_TEST(fixture.pool_broken(1) == "revoke b p1 broken; starved 1");
    BOOST_TEST((fixture.claim('c').state() == claim_is::live));
    fixture.drained('b');
    BOOST_TEST(fixture.pool_closed(1) == "make p3; starved 2");
    fixture.drained('a');
    BOOST_TEST(fixture.pool_closed(2) == "make p4; starved 3");
}

BOOST_AUTO_TEST_CASE(broken_idle_pool_is_closed_and_replaced)
{
    ledger_fixture fixture{{.max_pools = 1, .max_retired = 0}};
    fixture.run(1);
    BOOST_TEST(fixture.pool_broken(0) == "close p0; make p1");
    BOOST_TEST(fixture.book.retired() == 0u);
    BOOST_TEST(fixture.pool_closed(0) == "");
    BOOST_TEST(fixture.pool_ready(1) == "");
    BOOST_TEST(fixture.acquire('a') == "grant a p1");
}

BOOST_AUTO_TEST_CASE(broken_leased_pool_is_revoked_at_once)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    BOOST_TEST(fixture.pool_broken(0) == "revoke a p0 broken; make p1");
    BOOST_TEST(!fixture.renew('a', 1h));
    BOOST_TEST(fixture.pool_broken(0) == "");
    BOOST_TEST(fixture.drained('a') == "close p0");
    BOOST_TEST(fixture.pool_broken(0) == "");
    BOOST_TEST(fixture.pool_closed(0) == "");
}

BOOST_AUTO_TEST_CASE(broken_pool_that_drains_is_revoked)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    fixture.release('a');
    BOOST_TEST(fixture.pool_broken(0) == "revoke a p0 broken; make p1");
    BOOST_TEST(fixture.book.draining() == 0u);
}

BOOST_AUTO_TEST_CASE(broken_pool_drained_before_the_next_look_is_closed)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    fixture.book.pool_broken(fixture.pool(0), fixture.now);
    BOOST_TEST(fixture.give_back('a') == "close p0; make p1");
    BOOST_TEST(fixture.book.retired() == 0u);
}

BOOST_AUTO_TEST_CASE(pool_broken_before_it_is_ready_was_not_made)
{
    ledger_fixture fixture{{.max_pools = 2}};
    fixture.run(1);
    fixture.acquire('a');
    fixture.acquire('b');
    BOOST_TEST(fixture.pool_broken(1) == "");
    BOOST_TEST(fixture.pool_ready(1) == "close p1");
    BOOST_TEST(fixture.next_ms() == 100);
    BOOST_TEST(fixture.wait(100ms) == "make p2");
    BOOST_TEST(fixture.pool_ready(2) == "grant b p2");
}

BOOST_AUTO_TEST_CASE(pool_made_anew_from_a_broken_one_is_whole)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.pool_broken(0);
    fixture.pool_failed(1);
    fixture.pool_closed(0);
    fixture.refuses_to_make = true;
    fixture.book.pool_starting(fixture.pool(0));  // the shell may use a node again
    BOOST_TEST(fixture.pool_ready(0) == "");
    BOOST_TEST(fixture.acquire('a') == "grant a p0");
    BOOST_TEST(fixture.give_back('a') == "");
    BOOST_TEST(fixture.book.available() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
