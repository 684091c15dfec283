// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Stopping: draining, canceling, abandoning; and starting again.

#include "unit/support/ledger_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::ledger;
using claim_is = ledger::claim::phase;
using life = ledger::phase;
using pool_is = ledger::pool::phase;

/// Two pools, p1 leased to 'a', p0 to 'b'.
struct busy_fixture : ledger_fixture {
    explicit busy_fixture(ledger::options const& opts = {.max_pools = 2, .min_pools = 2})
        : ledger_fixture(opts)
    {
        run(2);
        acquire('a');
        acquire('b');
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_stop)

BOOST_AUTO_TEST_CASE(stop_before_the_start_does_nothing)
{
    ledger_fixture fixture{{.max_pools = 1}};
    BOOST_TEST(fixture.stop(0ms, 0ms) == "");
    BOOST_TEST((fixture.book.state() == life::stopped));
    BOOST_TEST(fixture.start() == "make p0");
    BOOST_TEST(fixture.pool_ready(0) == "started");
}

BOOST_AUTO_TEST_CASE(stop_closes_idle_pools_and_ends_when_they_are_closed)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.run(2);
    BOOST_TEST(fixture.stop(30s) == "close p0; close p1");
    BOOST_TEST(fixture.pool_closed(1) == "");
    BOOST_TEST((fixture.book.state() == life::stopping));
    BOOST_TEST(fixture.pool_closed(0) == "stopped 0");
    BOOST_TEST((fixture.book.state() == life::stopped));
}

BOOST_AUTO_TEST_CASE(stop_fails_the_waiters_and_grants_nothing_any_more)
{
    busy_fixture fixture;
    fixture.acquire('d');
    fixture.acquire('c', {.timeout = 1s});
    BOOST_TEST(fixture.stop(30s) == "fail d not_running; fail c not_running");
    BOOST_TEST(fixture.acquire('e') == "refused not_running");
    BOOST_TEST(fixture.give_back('a') == "close p1");
    BOOST_TEST(fixture.resize(2) == "");
    BOOST_TEST(fixture.next_ms() == 30'000);
}

BOOST_AUTO_TEST_CASE(serving_stop_grants_waiting_claims_and_refuses_new_ones)
{
    busy_fixture fixture;
    fixture.acquire('c');
    fixture.acquire('d');
    fixture.acquire('e');
    BOOST_TEST(fixture.stop(30s, {}, true) == "");
    BOOST_TEST(fixture.acquire('f') == "refused not_running");
    BOOST_TEST(fixture.give_back('a') == "grant c p1");
    BOOST_TEST(fixture.give_back('b') == "grant d p0");
    BOOST_TEST(fixture.give_back('c') == "grant e p1");
    // No claim waits any more: from here on it is a draining stop.
    BOOST_TEST(fixture.give_back('d') == "close p0");
    BOOST_TEST(fixture.give_back('e') == "close p1");
    fixture.pool_closed(0);
    BOOST_TEST(fixture.pool_closed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(serving_stop_makes_pools_for_waiting_claims_only)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    fixture.resize(2);
    BOOST_TEST(fixture.acquire('b') == "");  // the pool that is being made is for it
    BOOST_TEST(fixture.stop(30s, {}, true) == "");
    BOOST_TEST(fixture.pool_failed(1) == "");
    BOOST_TEST(fixture.wait(100ms) == "make p2");
    BOOST_TEST(fixture.pool_ready(2) == "grant b p2");
    BOOST_TEST(fixture.pool_broken(2) == "revoke b p2 broken");
    BOOST_TEST(fixture.drained('b') == "close p2");
    BOOST_TEST(fixture.pool_closed(2) == "");
    BOOST_TEST(fixture.give_back('a') == "close p0");
    BOOST_TEST(fixture.pool_closed(0) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(serving_ends_at_the_deadline)
{
    busy_fixture fixture;
    fixture.acquire('c', {.timeout = 1s});
    fixture.acquire('d');
    fixture.stop(30s, {}, true);
    BOOST_TEST(fixture.next_ms() == 1'000);
    BOOST_TEST(fixture.wait(1s) == "fail c acquire_timeout");
    BOOST_TEST(fixture.next_ms() == 29'000);
    BOOST_TEST(fixture.wait(29s) == "fail d not_running; revoke a p1 stopped; revoke b p0 stopped");
    BOOST_TEST(fixture.drained('a') == "close p1");
}

BOOST_AUTO_TEST_CASE(stop_that_does_not_serve_ends_one_that_does_but_not_the_reverse)
{
    busy_fixture fixture;
    fixture.acquire('c');
    fixture.stop(30s, {}, true);
    BOOST_TEST(fixture.stop(30s) == "fail c not_running");
    fixture.stop(30s, {}, true);
    BOOST_TEST(fixture.give_back('a') == "close p1");
}

BOOST_AUTO_TEST_CASE(stop_during_a_start_serves_no_claim)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    fixture.acquire('a');
    BOOST_TEST(fixture.stop(30s, {}, true) == "fail a not_running");
}

BOOST_AUTO_TEST_CASE(drain_lets_leases_end_by_themselves)
{
    busy_fixture fixture;
    BOOST_TEST(fixture.stop(30s) == "");
    fixture.wait(10s);
    BOOST_TEST((fixture.claim('a').state() == claim_is::live));
    BOOST_TEST(fixture.renew('a', 1h));
    fixture.release('a');
    BOOST_TEST(fixture.drained('a') == "close p1");
    BOOST_TEST(fixture.give_back('b') == "close p0");
    fixture.pool_closed(0);
    BOOST_TEST(fixture.pool_closed(1) == "stopped 0");
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(deadline_revokes_what_is_still_held)
{
    busy_fixture fixture;
    fixture.stop(30s);
    fixture.release('b');
    BOOST_TEST(fixture.next_ms() == 30'000);
    BOOST_TEST(fixture.wait(30s) == "revoke a p1 stopped; revoke b p0 stopped");
    BOOST_TEST(!fixture.renew('a', 1h));
    BOOST_TEST(fixture.book.draining() == 0u);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.drained('a') == "close p1");
    BOOST_TEST(fixture.drained('b') == "close p0");
    fixture.pool_closed(0);
    BOOST_TEST(fixture.pool_closed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(cancel_revokes_at_once)
{
    busy_fixture fixture;
    BOOST_TEST(fixture.stop(0s) == "revoke a p1 stopped; revoke b p0 stopped");
}

BOOST_AUTO_TEST_CASE(lease_expires_while_the_stop_drains)
{
    ledger_fixture fixture{{.max_pools = 1, .grace = 1s}};
    fixture.run(1);
    fixture.acquire('a', {.lifetime = 5s});
    fixture.stop(30s);
    BOOST_TEST(fixture.next_ms() == 5000);
    BOOST_TEST(fixture.wait(5s) == "overdue a");
    BOOST_TEST(fixture.wait(1s) == "revoke a p0 expired");
}

BOOST_AUTO_TEST_CASE(pool_breaks_while_the_stop_drains)
{
    busy_fixture fixture;
    fixture.stop(30s);
    BOOST_TEST(fixture.pool_broken(1) == "revoke a p1 broken");
    BOOST_TEST(fixture.drained('a') == "close p1");
}

BOOST_AUTO_TEST_CASE(pool_being_made_is_closed_when_it_is_ready)
{
    ledger_fixture fixture{{.max_pools = 2}};
    fixture.run(1);
    fixture.resize(2);
    BOOST_TEST(fixture.stop(0s) == "close p0");
    fixture.pool_closed(0);
    BOOST_TEST((fixture.book.state() == life::stopping));
    BOOST_TEST(fixture.pool_ready(1) == "close p1");
    BOOST_TEST(fixture.pool_closed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(pool_that_fails_while_stopping_is_not_tried_again)
{
    ledger_fixture fixture{{.max_pools = 2}};
    fixture.run(1);
    fixture.resize(2);
    fixture.stop(0s);
    fixture.pool_closed(0);
    BOOST_TEST(fixture.pool_failed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(second_stop_tightens_only)
{
    busy_fixture fixture;
    fixture.stop(30s, 60s);
    BOOST_TEST(fixture.stop(40s, 80s) == "");
    BOOST_TEST(fixture.next_ms() == 30'000);
    BOOST_TEST(fixture.stop({}) == "");
    BOOST_TEST(fixture.next_ms() == 30'000);
    fixture.stop(10s, 20s);
    BOOST_TEST(fixture.next_ms() == 10'000);
    fixture.wait(10s);
    BOOST_TEST(fixture.next_ms() == 10'000);
    BOOST_TEST(fixture.stop(0s, 0s) == "stopped 2");
}

BOOST_AUTO_TEST_CASE(second_stop_does_not_put_off_abandoning)
{
    busy_fixture fixture;
    fixture.stop(0s, 5s);
    BOOST_TEST(fixture.stop(0s, 50s) == "");
    BOOST_TEST(fixture.stop(0s) == "");
    BOOST_TEST(fixture.next_ms() == 5000);
    BOOST_TEST(fixture.stop(0s, 2s) == "");
    BOOST_TEST(fixture.next_ms() == 2000);
}

BOOST_AUTO_TEST_CASE(what_still_runs_is_abandoned)
{
    busy_fixture fixture;
    fixture.stop(10s, 15s);
    fixture.wait(10s);
    BOOST_TEST(fixture.next_ms() == 5000);
    BOOST_TEST(fixture.drained('a') == "close p1");
    BOOST_TEST(fixture.wait(5s) == "stopped 2");  // one runs, one does not end
    BOOST_TEST(fixture.book.abandoned() == 2u);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.pool_closed(1) == "");
    BOOST_TEST(fixture.book.abandoned() == 1u);
    BOOST_TEST(fixture.drained('b') == "close p0");
    BOOST_TEST(fixture.pool_closed(0) == "");
    BOOST_TEST(fixture.book.abandoned() == 0u);
    BOOST_TEST(fixture.book.retired() == 0u);
}

BOOST_AUTO_TEST_CASE(stop_that_may_abandon_at_once_is_done_at_once)
{
    busy_fixture fixture;
    fixture.acquire('c');
    BOOST_TEST(fixture.stop(0s, 0s) ==
        "fail c not_running; revoke a p1 stopped; revoke b p0 stopped; stopped 2");
}

BOOST_AUTO_TEST_CASE(nothing_is_abandoned_before_it_was_canceled)
{
    busy_fixture fixture;
    BOOST_TEST(fixture.stop(30s, 10s) == "");
    BOOST_TEST(fixture.next_ms() == 30'000);
    BOOST_TEST(fixture.wait(20s) == "");
    BOOST_TEST(fixture.wait(10s) == "revoke a p1 stopped; revoke b p0 stopped; stopped 2");
}

BOOST_AUTO_TEST_CASE(pool_being_made_is_abandoned_too)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.start();
    BOOST_TEST(fixture.stop(0s, 5s) == "");
    BOOST_TEST(fixture.wait(5s) == "stopped 2");
    BOOST_TEST(fixture.book.starting() == 0u);
    BOOST_TEST(fixture.book.retired() == 2u);
    BOOST_TEST(fixture.pool_ready(0) == "close p0");
    BOOST_TEST(fixture.book.abandoned() == 2u);
    BOOST_TEST(fixture.pool_failed(1) == "");
    BOOST_TEST((fixture.pool(1).state() == pool_is::fresh));
    BOOST_TEST(fixture.pool_closed(0) == "");
    BOOST_TEST(fixture.book.abandoned() == 0u);
    BOOST_TEST(fixture.book.retired() == 0u);
}

BOOST_AUTO_TEST_CASE(stopped_manager_starts_again)
{
    busy_fixture fixture;
    fixture.give_back('a');
    fixture.give_back('b');
    fixture.stop(1s, 2s);
    fixture.pool_closed(0);
    BOOST_TEST(fixture.pool_closed(1) == "stopped 0");
    BOOST_TEST(fixture.start() == "make p2; make p3");
    fixture.pool_ready(2);
    BOOST_TEST(fixture.pool_ready(3) == "started");
    BOOST_TEST(fixture.acquire('a') == "grant a p3");
    BOOST_TEST(fixture.wait(10s) == "");  // the old stop's deadlines are forgotten
    BOOST_TEST(fixture.stop(30s) == "close p2");
    BOOST_TEST(fixture.next_ms() == 30'000);
}

BOOST_AUTO_TEST_CASE(restart_forgets_the_pause_between_attempts)
{
    ledger_fixture fixture{{.max_pools = 1, .min_pools = 0, .backoff = 1h, .max_backoff = 1h}};
    fixture.start();
    fixture.acquire('a');
    fixture.pool_failed(0);
    BOOST_TEST(fixture.stop(0s) == "fail a not_running; stopped 0");
    fixture.start();
    BOOST_TEST(fixture.acquire('a') == "make p1");
}

BOOST_AUTO_TEST_CASE(start_after_an_abandoned_stop_makes_do_with_the_capacity_left)
{
    busy_fixture fixture{{.max_pools = 2, .max_retired = 1, .min_pools = 2}};
    BOOST_TEST(fixture.stop(0s, 0s) == "revoke a p1 stopped; revoke b p0 stopped; stopped 2");
    BOOST_TEST(fixture.start() == "make p2; starved 1");
    BOOST_TEST(fixture.pool_ready(2) == "started");
    BOOST_TEST(fixture.drained('a') == "close p1");
    BOOST_TEST(fixture.pool_closed(1) == "make p3; starved 2");
    BOOST_TEST(fixture.pool_ready(3) == "");
    BOOST_TEST(fixture.stop(0s) == "close p2; close p3");
    fixture.pool_closed(2);
    BOOST_TEST(fixture.pool_closed(3) == "stopped 1");  // p0 still runs, and nobody waits for it
    BOOST_TEST(fixture.drained('b') == "close p0");
    BOOST_TEST(fixture.pool_closed(0) == "");
}

BOOST_AUTO_TEST_CASE(abandoned_pool_that_comes_ready_after_a_restart_is_closed)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    BOOST_TEST(fixture.stop(0s, 0s) == "stopped 1");
    BOOST_TEST(fixture.start() == "make p1");
    BOOST_TEST(fixture.pool_ready(0) == "close p0");
    BOOST_TEST((fixture.book.state() == life::starting));
    BOOST_TEST(fixture.pool_ready(1) == "started");
    BOOST_TEST(fixture.book.in_service() == 1u);
}

BOOST_AUTO_TEST_CASE(abandoned_pool_that_comes_ready_does_not_end_a_pause)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    fixture.stop(0s, 0s);
    fixture.resize(0);
    BOOST_TEST(fixture.start() == "started");
    fixture.resize(1);
    fixture.pool_failed(1);
    BOOST_TEST(fixture.next_ms() == 100);
    BOOST_TEST(fixture.pool_ready(0) == "close p0");
    BOOST_TEST(fixture.next_ms() == 100);
}

BOOST_AUTO_TEST_CASE(pool_made_anew_from_an_abandoned_one_is_not_abandoned)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    BOOST_TEST(fixture.stop(0s, 0s) == "revoke a p0 stopped; stopped 1");
    fixture.drained('a');
    fixture.pool_closed(0);
    BOOST_TEST(fixture.book.abandoned() == 0u);
    fixture.resize(0);
    BOOST_TEST(fixture.start() == "started");
    fixture.book.pool_starting(fixture.pool(0));  // the shell may use a node again
    fixture.resize(1);
    BOOST_TEST(fixture.pool_ready(0) == "");
    BOOST_TEST(fixture.book.available() == 1u);
}

BOOST_AUTO_TEST_CASE(restart_with_all_capacity_back_does_not_tell_of_it)
{
    busy_fixture fixture{{.max_pools = 2, .max_retired = 0, .min_pools = 2}};
    BOOST_TEST(fixture.pool_broken(1) == "revoke a p1 broken; starved 1");
    BOOST_TEST(fixture.stop(0s) == "revoke b p0 stopped");
    fixture.drained('a');
    fixture.drained('b');
    fixture.pool_closed(0);
    BOOST_TEST(fixture.pool_closed(1) == "stopped 0");
    BOOST_TEST(fixture.start() == "make p2; make p3");
}

BOOST_AUTO_TEST_CASE(abandoned_pool_that_fails_after_a_restart_is_not_counted_as_an_attempt)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    fixture.stop(0s, 0s);
    fixture.start();
    BOOST_TEST(fixture.pool_failed(0) == "");
    BOOST_TEST((fixture.book.state() == life::starting));
}

BOOST_AUTO_TEST_CASE(pools_abandoned_twice_are_counted_once)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    BOOST_TEST(fixture.stop(0s, 0s) == "stopped 1");
    fixture.start();
    BOOST_TEST(fixture.stop(0s, 0s) == "stopped 2");
    fixture.pool_failed(0);
    fixture.pool_failed(1);
    BOOST_TEST(fixture.book.abandoned() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
