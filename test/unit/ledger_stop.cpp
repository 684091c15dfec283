// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Stopping: draining, cancelling, abandoning; and starting again.

#include "ledger_desk.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::ledger;
using claim_is = ledger::claim::phase;
using life = ledger::phase;
using pool_is = ledger::pool::phase;

/// Two pools, p1 leased to 'a', p0 to 'b'.
struct busy_desk : ledger_desk {
    explicit busy_desk(ledger::options const& opts = {.max_pools = 2, .min_pools = 2})
        : ledger_desk(opts)
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
    ledger_desk desk{{.max_pools = 1}};
    BOOST_TEST(desk.stop(0ms, 0ms) == "");
    BOOST_TEST((desk.book.state() == life::stopped));
    BOOST_TEST(desk.start() == "make p0");
    BOOST_TEST(desk.pool_ready(0) == "started");
}

BOOST_AUTO_TEST_CASE(stop_closes_idle_pools_and_ends_when_they_are_closed)
{
    ledger_desk desk{{.max_pools = 2, .min_pools = 2}};
    desk.run(2);
    BOOST_TEST(desk.stop(30s) == "close p0; close p1");
    BOOST_TEST(desk.pool_closed(1) == "");
    BOOST_TEST((desk.book.state() == life::stopping));
    BOOST_TEST(desk.pool_closed(0) == "stopped 0");
    BOOST_TEST((desk.book.state() == life::stopped));
}

BOOST_AUTO_TEST_CASE(stop_fails_the_waiters_and_grants_nothing_any_more)
{
    busy_desk desk;
    desk.acquire('d');
    desk.acquire('c', {.timeout = 1s});
    BOOST_TEST(desk.stop(30s) == "fail d not_running; fail c not_running");
    BOOST_TEST(desk.acquire('e') == "refused not_running");
    BOOST_TEST(desk.give_back('a') == "close p1");
    BOOST_TEST(desk.resize(2) == "");
    BOOST_TEST(desk.next_ms() == 30'000);
}

BOOST_AUTO_TEST_CASE(drain_lets_leases_end_by_themselves)
{
    busy_desk desk;
    BOOST_TEST(desk.stop(30s) == "");
    desk.wait(10s);
    BOOST_TEST((desk.claim('a').state() == claim_is::live));
    BOOST_TEST(desk.renew('a', 1h));
    desk.release('a');
    BOOST_TEST(desk.drained('a') == "close p1");
    BOOST_TEST(desk.give_back('b') == "close p0");
    desk.pool_closed(0);
    BOOST_TEST(desk.pool_closed(1) == "stopped 0");
    BOOST_TEST(desk.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(deadline_revokes_what_is_still_held)
{
    busy_desk desk;
    desk.stop(30s);
    desk.release('b');
    BOOST_TEST(desk.next_ms() == 30'000);
    BOOST_TEST(desk.wait(30s) == "revoke a p1 stopped; revoke b p0 stopped");
    BOOST_TEST(!desk.renew('a', 1h));
    BOOST_TEST(desk.book.draining() == 0u);
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.drained('a') == "close p1");
    BOOST_TEST(desk.drained('b') == "close p0");
    desk.pool_closed(0);
    BOOST_TEST(desk.pool_closed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(cancel_revokes_at_once)
{
    busy_desk desk;
    BOOST_TEST(desk.stop(0s) == "revoke a p1 stopped; revoke b p0 stopped");
}

BOOST_AUTO_TEST_CASE(lease_expires_while_the_stop_drains)
{
    ledger_desk desk{{.max_pools = 1, .grace = 1s}};
    desk.run(1);
    desk.acquire('a', {.lifetime = 5s});
    desk.stop(30s);
    BOOST_TEST(desk.next_ms() == 5000);
    BOOST_TEST(desk.wait(5s) == "overdue a");
    BOOST_TEST(desk.wait(1s) == "revoke a p0 expired");
}

BOOST_AUTO_TEST_CASE(pool_breaks_while_the_stop_drains)
{
    busy_desk desk;
    desk.stop(30s);
    BOOST_TEST(desk.pool_broken(1) == "revoke a p1 broken");
    BOOST_TEST(desk.drained('a') == "close p1");
}

BOOST_AUTO_TEST_CASE(pool_being_made_is_closed_when_it_is_ready)
{
    ledger_desk desk{{.max_pools = 2}};
    desk.run(1);
    desk.resize(2);
    BOOST_TEST(desk.stop(0s) == "close p0");
    desk.pool_closed(0);
    BOOST_TEST((desk.book.state() == life::stopping));
    BOOST_TEST(desk.pool_ready(1) == "close p1");
    BOOST_TEST(desk.pool_closed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(pool_that_fails_while_stopping_is_not_tried_again)
{
    ledger_desk desk{{.max_pools = 2}};
    desk.run(1);
    desk.resize(2);
    desk.stop(0s);
    desk.pool_closed(0);
    BOOST_TEST(desk.pool_failed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(second_stop_tightens_only)
{
    busy_desk desk;
    desk.stop(30s, 60s);
    BOOST_TEST(desk.stop(40s, 80s) == "");
    BOOST_TEST(desk.next_ms() == 30'000);
    BOOST_TEST(desk.stop({}) == "");
    BOOST_TEST(desk.next_ms() == 30'000);
    desk.stop(10s, 20s);
    BOOST_TEST(desk.next_ms() == 10'000);
    desk.wait(10s);
    BOOST_TEST(desk.next_ms() == 10'000);
    BOOST_TEST(desk.stop(0s, 0s) == "stopped 2");
}

BOOST_AUTO_TEST_CASE(second_stop_does_not_put_off_abandoning)
{
    busy_desk desk;
    desk.stop(0s, 5s);
    BOOST_TEST(desk.stop(0s, 50s) == "");
    BOOST_TEST(desk.stop(0s) == "");
    BOOST_TEST(desk.next_ms() == 5000);
    BOOST_TEST(desk.stop(0s, 2s) == "");
    BOOST_TEST(desk.next_ms() == 2000);
}

BOOST_AUTO_TEST_CASE(what_still_runs_is_abandoned)
{
    busy_desk desk;
    desk.stop(10s, 15s);
    desk.wait(10s);
    BOOST_TEST(desk.next_ms() == 5000);
    BOOST_TEST(desk.drained('a') == "close p1");
    BOOST_TEST(desk.wait(5s) == "stopped 2");  // one runs, one does not end
    BOOST_TEST(desk.book.abandoned() == 2u);
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.pool_closed(1) == "");
    BOOST_TEST(desk.book.abandoned() == 1u);
    BOOST_TEST(desk.drained('b') == "close p0");
    BOOST_TEST(desk.pool_closed(0) == "");
    BOOST_TEST(desk.book.abandoned() == 0u);
    BOOST_TEST(desk.book.retired() == 0u);
}

BOOST_AUTO_TEST_CASE(stop_that_may_abandon_at_once_is_done_at_once)
{
    busy_desk desk;
    desk.acquire('c');
    BOOST_TEST(desk.stop(0s, 0s) ==
        "fail c not_running; revoke a p1 stopped; revoke b p0 stopped; stopped 2");
}

BOOST_AUTO_TEST_CASE(nothing_is_abandoned_before_it_was_cancelled)
{
    busy_desk desk;
    BOOST_TEST(desk.stop(30s, 10s) == "");
    BOOST_TEST(desk.next_ms() == 30'000);
    BOOST_TEST(desk.wait(20s) == "");
    BOOST_TEST(desk.wait(10s) == "revoke a p1 stopped; revoke b p0 stopped; stopped 2");
}

BOOST_AUTO_TEST_CASE(pool_being_made_is_abandoned_too)
{
    ledger_desk desk{{.max_pools = 2, .min_pools = 2}};
    desk.start();
    BOOST_TEST(desk.stop(0s, 5s) == "");
    BOOST_TEST(desk.wait(5s) == "stopped 2");
    BOOST_TEST(desk.book.starting() == 0u);
    BOOST_TEST(desk.book.retired() == 2u);
    BOOST_TEST(desk.pool_ready(0) == "close p0");
    BOOST_TEST(desk.book.abandoned() == 2u);
    BOOST_TEST(desk.pool_failed(1) == "");
    BOOST_TEST((desk.pool(1).state() == pool_is::fresh));
    BOOST_TEST(desk.pool_closed(0) == "");
    BOOST_TEST(desk.book.abandoned() == 0u);
    BOOST_TEST(desk.book.retired() == 0u);
}

BOOST_AUTO_TEST_CASE(stopped_manager_starts_again)
{
    busy_desk desk;
    desk.give_back('a');
    desk.give_back('b');
    desk.stop(1s, 2s);
    desk.pool_closed(0);
    BOOST_TEST(desk.pool_closed(1) == "stopped 0");
    BOOST_TEST(desk.start() == "make p2; make p3");
    desk.pool_ready(2);
    BOOST_TEST(desk.pool_ready(3) == "started");
    BOOST_TEST(desk.acquire('a') == "grant a p3");
    BOOST_TEST(desk.wait(10s) == "");  // the old stop's deadlines are forgotten
    BOOST_TEST(desk.stop(30s) == "close p2");
    BOOST_TEST(desk.next_ms() == 30'000);
}

BOOST_AUTO_TEST_CASE(restart_forgets_the_pause_between_attempts)
{
    ledger_desk desk{{.max_pools = 1, .min_pools = 0, .backoff = 1h, .max_backoff = 1h}};
    desk.start();
    desk.acquire('a');
    desk.pool_failed(0);
    BOOST_TEST(desk.stop(0s) == "fail a not_running; stopped 0");
    desk.start();
    BOOST_TEST(desk.acquire('a') == "make p1");
}

BOOST_AUTO_TEST_CASE(start_after_an_abandoned_stop_makes_do_with_the_capacity_left)
{
    busy_desk desk{{.max_pools = 2, .max_retired = 1, .min_pools = 2}};
    BOOST_TEST(desk.stop(0s, 0s) == "revoke a p1 stopped; revoke b p0 stopped; stopped 2");
    BOOST_TEST(desk.start() == "make p2; starved 1");
    BOOST_TEST(desk.pool_ready(2) == "started");
    BOOST_TEST(desk.drained('a') == "close p1");
    BOOST_TEST(desk.pool_closed(1) == "make p3; starved 2");
    BOOST_TEST(desk.pool_ready(3) == "");
    BOOST_TEST(desk.stop(0s) == "close p2; close p3");
    desk.pool_closed(2);
    BOOST_TEST(desk.pool_closed(3) == "stopped 1");  // p0 still runs, and nobody waits for it
    BOOST_TEST(desk.drained('b') == "close p0");
    BOOST_TEST(desk.pool_closed(0) == "");
}

BOOST_AUTO_TEST_CASE(abandoned_pool_that_comes_ready_after_a_restart_is_closed)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.start();
    BOOST_TEST(desk.stop(0s, 0s) == "stopped 1");
    BOOST_TEST(desk.start() == "make p1");
    BOOST_TEST(desk.pool_ready(0) == "close p0");
    BOOST_TEST((desk.book.state() == life::starting));
    BOOST_TEST(desk.pool_ready(1) == "started");
    BOOST_TEST(desk.book.in_service() == 1u);
}

BOOST_AUTO_TEST_CASE(abandoned_pool_that_comes_ready_does_not_end_a_pause)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.start();
    desk.stop(0s, 0s);
    desk.resize(0);
    BOOST_TEST(desk.start() == "started");
    desk.resize(1);
    desk.pool_failed(1);
    BOOST_TEST(desk.next_ms() == 100);
    BOOST_TEST(desk.pool_ready(0) == "close p0");
    BOOST_TEST(desk.next_ms() == 100);
}

BOOST_AUTO_TEST_CASE(pool_made_anew_from_an_abandoned_one_is_not_abandoned)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    desk.acquire('a');
    BOOST_TEST(desk.stop(0s, 0s) == "revoke a p0 stopped; stopped 1");
    desk.drained('a');
    desk.pool_closed(0);
    BOOST_TEST(desk.book.abandoned() == 0u);
    desk.resize(0);
    BOOST_TEST(desk.start() == "started");
    desk.book.pool_starting(desk.pool(0));  // the shell may use a node again
    desk.resize(1);
    BOOST_TEST(desk.pool_ready(0) == "");
    BOOST_TEST(desk.book.available() == 1u);
}

BOOST_AUTO_TEST_CASE(restart_with_all_capacity_back_does_not_tell_of_it)
{
    busy_desk desk{{.max_pools = 2, .max_retired = 0, .min_pools = 2}};
    BOOST_TEST(desk.pool_broken(1) == "revoke a p1 broken; starved 1");
    BOOST_TEST(desk.stop(0s) == "revoke b p0 stopped");
    desk.drained('a');
    desk.drained('b');
    desk.pool_closed(0);
    BOOST_TEST(desk.pool_closed(1) == "stopped 0");
    BOOST_TEST(desk.start() == "make p2; make p3");
}

BOOST_AUTO_TEST_CASE(abandoned_pool_that_fails_after_a_restart_is_not_counted_as_an_attempt)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.start();
    desk.stop(0s, 0s);
    desk.start();
    BOOST_TEST(desk.pool_failed(0) == "");
    BOOST_TEST((desk.book.state() == life::starting));
}

BOOST_AUTO_TEST_CASE(pools_abandoned_twice_are_counted_once)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.start();
    BOOST_TEST(desk.stop(0s, 0s) == "stopped 1");
    desk.start();
    BOOST_TEST(desk.stop(0s, 0s) == "stopped 2");
    desk.pool_failed(0);
    desk.pool_failed(1);
    BOOST_TEST(desk.book.abandoned() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
