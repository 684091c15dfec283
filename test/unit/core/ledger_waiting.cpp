// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How long an acquire waits.

#include "unit/support/ledger_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::ledger;

/// One pool, leased to 'a'.
struct busy_pool : ledger_fixture {
    explicit busy_pool(ledger::options const& opts = {}) : ledger_fixture(opts)
    {
        run(1);
        acquire('a');
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_waiting)

BOOST_AUTO_TEST_CASE(wait_false_grants_an_idle_pool)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    BOOST_TEST(fixture.acquire('a', {.wait = false}) == "grant a p0");
}

BOOST_AUTO_TEST_CASE(wait_false_gets_a_pool_that_can_be_made)
{
    busy_pool fixture{{.max_pools = 2}};
    BOOST_TEST(fixture.acquire('b', {.wait = false}) == "make p1");
    BOOST_TEST(fixture.pool_ready(1) == "grant b p1");
}

BOOST_AUTO_TEST_CASE(wait_false_gets_a_pool_that_is_being_made)
{
    busy_pool fixture{{.max_pools = 2}};
    fixture.resize(2);
    BOOST_TEST(fixture.acquire('b', {.wait = false}) == "");
    BOOST_TEST(fixture.pool_ready(1) == "grant b p1");
}

BOOST_AUTO_TEST_CASE(wait_false_with_nothing_to_make_is_refused)
{
    busy_pool fixture{{.max_pools = 1}};
    BOOST_TEST(fixture.acquire('b', {.wait = false}) == "refused unavailable");
    BOOST_TEST((fixture.claim('b').state() == ledger::claim::phase::idle));
}

BOOST_AUTO_TEST_CASE(wait_false_behind_one_who_waits_for_the_only_pool_is_refused)
{
    busy_pool fixture{{.max_pools = 2}};
    BOOST_TEST(fixture.acquire('b') == "make p1");
    BOOST_TEST(fixture.acquire('c', {.wait = false}) == "refused unavailable");
}

BOOST_AUTO_TEST_CASE(wait_false_while_making_pauses_is_refused)
{
    busy_pool fixture{{.max_pools = 2}};
    fixture.acquire('b');
    fixture.pool_failed(1);
    fixture.cancel('b');
    BOOST_TEST(fixture.acquire('c', {.wait = false}) == "refused unavailable");
    fixture.wait(100ms);
    BOOST_TEST(fixture.acquire('c', {.wait = false}) == "make p2");
}

BOOST_AUTO_TEST_CASE(wait_false_fails_with_the_reason_if_its_pool_cannot_be_made)
{
    busy_pool fixture{{.max_pools = 2}};
    fixture.acquire('b', {.wait = false});
    BOOST_TEST(fixture.pool_failed(1) == "make_failed b");
}

BOOST_AUTO_TEST_CASE(wait_false_fails_with_the_reason_if_the_backend_cannot_be_asked)
{
    busy_pool fixture{{.max_pools = 2}};
    fixture.refuses_to_make = true;
    BOOST_TEST(fixture.acquire('b', {.wait = false}) == "make refused; make_failed b");
}

BOOST_AUTO_TEST_CASE(wait_false_counts_those_ahead_of_it)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 1}};
    fixture.run(1);
    fixture.acquire('x');
    fixture.resize(2);  // p1
    fixture.acquire('a', {.wait = false});
    BOOST_TEST(fixture.acquire('b') == "");
    fixture.give_back('x');  // a has p0
    fixture.cancel('b');
    BOOST_TEST(fixture.acquire('c', {.wait = false}) == "");
    BOOST_TEST(fixture.acquire('d', {.wait = false}) == "refused unavailable");
    BOOST_TEST(fixture.pool_ready(1) == "grant c p1");
}

BOOST_AUTO_TEST_CASE(wait_false_keeps_its_pool_when_the_capacity_shrinks)
{
    ledger_fixture fixture{{.max_pools = 3, .max_retired = 0, .min_pools = 0}};
    fixture.run(0);
    fixture.acquire('a');
    fixture.pool_ready(0);
    fixture.acquire('b');
    fixture.acquire('c', {.wait = false});  // p2
    BOOST_TEST(fixture.pool_broken(0) == "revoke a p0 broken; starved 2");
    BOOST_TEST(fixture.pool_ready(1) == "grant b p1");
    BOOST_TEST(fixture.pool_ready(2) == "grant c p2");
    BOOST_TEST(fixture.acquire('d', {.wait = false}) == "refused unavailable");
}

BOOST_AUTO_TEST_CASE(those_that_must_not_wait_fail_in_the_order_of_their_arrival)
{
    busy_pool fixture{{.max_pools = 3}};
    fixture.acquire('c', {.timeout = 50ms});  // leaves its deadline in the claim
    fixture.cancel('c');
    fixture.pool_ready(1);  // a surplus
    BOOST_TEST(fixture.acquire('c', {.wait = false}) == "make p2");
    BOOST_TEST(fixture.acquire('b', {.wait = false}) == "make p3");
    BOOST_TEST(fixture.pool_failed(2) == "");
    BOOST_TEST(fixture.pool_failed(3) == "make_failed c; make_failed b");
}

BOOST_AUTO_TEST_CASE(timeout_zero_grants_an_idle_pool)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    BOOST_TEST(fixture.acquire('a', {.timeout = 0ms}) == "grant a p0");
}

BOOST_AUTO_TEST_CASE(timeout_zero_with_nothing_free_fails_as_a_timeout)
{
    busy_pool fixture{{.max_pools = 1}};
    BOOST_TEST(fixture.acquire('b', {.timeout = 0ms}) == "refused acquire_timeout");
    BOOST_TEST(fixture.acquire('b', {.timeout = -1ms}) == "refused acquire_timeout");
}

BOOST_AUTO_TEST_CASE(wait_false_goes_before_a_timeout_of_zero)
{
    busy_pool fixture{{.max_pools = 1}};
    BOOST_TEST(fixture.acquire('b', {.wait = false, .timeout = 0ms}) == "refused unavailable");
    BOOST_TEST(fixture.acquire('b', {.wait = false, .timeout = 5ms}) == "refused unavailable");
}

BOOST_AUTO_TEST_CASE(timeout_fails_the_waiter_in_time)
{
    busy_pool fixture{{.max_pools = 1}};
    BOOST_TEST(fixture.acquire('b', {.timeout = 5ms}) == "");
    BOOST_TEST(fixture.next_ms() == 5);
    BOOST_TEST(fixture.wait(4ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "fail b acquire_timeout");
    BOOST_TEST(fixture.book.waiters() == 0u);
}

BOOST_AUTO_TEST_CASE(timeouts_pass_in_the_order_of_time)
{
    busy_pool fixture{{.max_pools = 1}};
    fixture.acquire('b', {.timeout = 9ms});
    fixture.acquire('c', {.timeout = 3ms});
    fixture.acquire('d', {.timeout = 6ms});
    BOOST_TEST(fixture.next_ms() == 3);
    BOOST_TEST(fixture.wait(6ms) == "fail c acquire_timeout; fail d acquire_timeout");
    BOOST_TEST(fixture.next_ms() == 3);
}

BOOST_AUTO_TEST_CASE(pool_returned_at_the_timeout_is_granted)
{
    busy_pool fixture{{.max_pools = 1}};
    fixture.acquire('b', {.timeout = 5ms});
    fixture.now += 5ms;
    BOOST_TEST(fixture.give_back('a') == "grant b p0");
    BOOST_TEST(fixture.wait(5ms) == "");
}

BOOST_AUTO_TEST_CASE(grant_forgets_the_timeout)
{
    busy_pool fixture{{.max_pools = 1}};
    fixture.acquire('b', {.timeout = 5ms});
    fixture.give_back('a');
    BOOST_TEST(fixture.next_ms() == 3'600'000);
}

BOOST_AUTO_TEST_CASE(timeout_beyond_the_clock_is_no_timeout)
{
    ledger_fixture fixture{{.max_pools = 1}, ledger::never - 10ms};
    fixture.run(1);
    BOOST_TEST(fixture.acquire('a') == "grant a p0");
    BOOST_TEST(fixture.acquire('b', {.timeout = 20ms}) == "");
    BOOST_TEST(fixture.wait(9ms) == "");
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_SUITE_END()
