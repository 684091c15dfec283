// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Who gets which pool, and when.

#include "core/ledger/ledger.hpp"
#include "unit/support/ledger_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::ledger;
using claim_is = ledger::claim::phase;
using pool_is = ledger::pool::phase;

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_grants)

BOOST_AUTO_TEST_CASE(acquire_takes_an_idle_pool)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    BOOST_TEST(fixture.acquire('a') == "grant a p0");
    BOOST_TEST((fixture.claim('a').state() == claim_is::live));
    BOOST_TEST(fixture.claim('a').holds_pool());
    BOOST_TEST(fixture.claim('a').on() == &fixture.pool(0));
    BOOST_TEST(fixture.pool(0).holder() == &fixture.claim('a'));
    BOOST_TEST((fixture.pool(0).state() == pool_is::leased));
    BOOST_TEST(fixture.book.leased() == 1u);
    BOOST_TEST(fixture.book.available() == 0u);
}

BOOST_AUTO_TEST_CASE(pool_without_workers_is_granted_after_those_with_workers)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 3}};
    fixture.run(3);  // p2 is the warmest
    BOOST_TEST(fixture.pool_workers(2, false) == "");
    BOOST_TEST(fixture.acquire('a') == "grant a p1");
    BOOST_TEST(fixture.pool_workers(0, false) == "");
    // Nothing better is there, and a replacement may come sooner than a new pool.
    BOOST_TEST(fixture.acquire('b') == "grant b p2");
    BOOST_TEST(fixture.acquire('c') == "grant c p0");
}

BOOST_AUTO_TEST_CASE(pool_with_workers_again_is_granted_in_its_turn)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.run(2);
    fixture.acquire('a');
    auto const warmest = fixture.claim('a').on() == &fixture.pool(0) ? 0u : 1u;
    // Said while it is leased, it holds when the pool comes back.
    fixture.pool_workers(warmest, false);
    fixture.give_back('a');
    fixture.acquire('b');
    BOOST_TEST(fixture.claim('b').on() == &fixture.pool(1 - warmest));
    fixture.give_back('b');
    fixture.acquire('a');
    fixture.give_back('a');
    fixture.pool_workers(warmest, true);
    fixture.pool_workers(1 - warmest, false);
    fixture.acquire('a');
    BOOST_TEST(fixture.claim('a').on() == &fixture.pool(warmest));
}

BOOST_AUTO_TEST_CASE(acquire_makes_a_pool_while_there_is_room)
{
    ledger_fixture fixture{{.max_pools = 2}};
    fixture.run(1);
    fixture.acquire('a');
    BOOST_TEST(fixture.acquire('b') == "make p1");
    BOOST_TEST(fixture.acquire('c') == "");
    BOOST_TEST(fixture.pool_ready(1) == "grant b p1");
    BOOST_TEST(fixture.book.waiters() == 1u);
}

BOOST_AUTO_TEST_CASE(pool_being_made_already_serves_one_waiter)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 2}};
    fixture.start();
    BOOST_TEST(fixture.acquire('a') == "");
    BOOST_TEST(fixture.acquire('b') == "");
    BOOST_TEST(fixture.acquire('c') == "make p2");
}

BOOST_AUTO_TEST_CASE(acquire_during_the_start_is_served_by_it)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.start();
    BOOST_TEST(fixture.acquire('a') == "");
    BOOST_TEST(fixture.pool_ready(1) == "grant a p1");
    BOOST_TEST(fixture.pool_ready(0) == "started");
}

BOOST_AUTO_TEST_CASE(waiters_are_served_in_the_order_of_their_arrival)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    for (auto name : {'d', 'b', 'c'})
        BOOST_TEST(fixture.acquire(name) == "");
    BOOST_TEST(fixture.book.waiters() == 3u);
    BOOST_TEST(fixture.give_back('a') == "grant d p0");
    BOOST_TEST(fixture.give_back('d') == "grant b p0");
    BOOST_TEST(fixture.give_back('b') == "grant c p0");
}

BOOST_AUTO_TEST_CASE(returned_pool_wakes_one_waiter_only)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.run(2);
    for (auto name : {'a', 'b', 'c', 'd'})
        fixture.acquire(name);
    BOOST_TEST(fixture.give_back('b') == "grant c p0");
    BOOST_TEST(fixture.book.waiters() == 1u);
}

BOOST_AUTO_TEST_CASE(the_pool_that_came_back_last_is_taken_first)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 3}};
    fixture.run(3);
    for (auto name : {'a', 'b', 'c'})
        fixture.acquire(name);  // p2, p1, p0
    BOOST_TEST(fixture.claim('a').on() == &fixture.pool(2));
    fixture.give_back('b');
    fixture.give_back('c');
    fixture.give_back('a');
    BOOST_TEST(fixture.acquire('d') == "grant d p2");
    BOOST_TEST(fixture.acquire('e') == "grant e p0");
    BOOST_TEST(fixture.acquire('f') == "grant f p1");
}

BOOST_AUTO_TEST_CASE(released_lease_drains_before_reuse)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    fixture.acquire('b');
    BOOST_TEST(fixture.release('a') == "");
    BOOST_TEST((fixture.claim('a').state() == claim_is::draining));
    BOOST_TEST(fixture.book.draining() == 1u);
    BOOST_TEST(fixture.book.leased() == 1u);
    BOOST_TEST(fixture.drained('a') == "grant b p0");
    BOOST_TEST((fixture.claim('a').state() == claim_is::idle));
    BOOST_TEST(fixture.book.draining() == 0u);
    BOOST_TEST(fixture.claim('a').on() == &fixture.pool(0));
    BOOST_TEST(fixture.give_back('b') == "");
    BOOST_TEST(!fixture.pool(0).holder());
}

BOOST_AUTO_TEST_CASE(release_twice_or_without_a_lease_does_nothing)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    BOOST_TEST(fixture.release('a') == "");
    fixture.acquire('a');
    fixture.acquire('b');
    BOOST_TEST(fixture.release('b') == "");
    BOOST_TEST((fixture.claim('b').state() == claim_is::waiting));
    fixture.release('a');
    fixture.release('a');
    BOOST_TEST(fixture.book.draining() == 1u);
}

BOOST_AUTO_TEST_CASE(lease_may_drain_without_a_release)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    BOOST_TEST(fixture.drained('a') == "");
    BOOST_TEST(fixture.book.available() == 1u);
    BOOST_TEST(fixture.book.draining() == 0u);
}

BOOST_AUTO_TEST_CASE(claim_can_be_used_again)
{
    ledger_fixture fixture{{.max_pools = 1, .grace = 5ms}};
    fixture.run(1);
    fixture.acquire('a', {.lifetime = 10ms});
    BOOST_TEST(fixture.wait(10ms) == "overdue a");
    fixture.give_back('a');
    BOOST_TEST(fixture.acquire('a', {.lifetime = 10ms}) == "grant a p0");
    BOOST_TEST(fixture.wait(10ms) == "overdue a");
    BOOST_TEST(fixture.wait(5ms) == "revoke a p0 expired; make p1");
    BOOST_TEST(fixture.drained('a') == "close p0");
    fixture.pool_ready(1);
    BOOST_TEST(fixture.acquire('a') == "grant a p1");
    BOOST_TEST(fixture.claim('a').expiry.renew(fixture.now).has_value());
}

BOOST_AUTO_TEST_CASE(since_is_the_time_of_the_wait_and_then_of_the_grant)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    fixture.wait(3ms);
    fixture.acquire('b');
    BOOST_TEST((fixture.claim('b').since() == fixture.now));
    fixture.wait(4ms);
    BOOST_TEST((fixture.claim('b').since() == fixture.now - 4ms));
    fixture.give_back('a');
    BOOST_TEST((fixture.claim('b').since() == fixture.now));
    BOOST_TEST((fixture.claim('b').expiry.get() == fixture.now + 1h));
}

BOOST_AUTO_TEST_CASE(grant_says_how_long_it_was_waited_for)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    BOOST_TEST((fixture.waited == 0ms));
    fixture.acquire('b');
    fixture.wait(7ms);
    fixture.give_back('a');
    BOOST_TEST((fixture.waited == 7ms));
}

BOOST_AUTO_TEST_CASE(leases_are_listed_oldest_first)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 3}};
    fixture.run(3);
    for (auto name : {'c', 'a', 'b'})
        fixture.acquire(name);
    fixture.release('a');
    std::vector<ledger::claim const*> leases;
    fixture.book.for_each_lease([&](ledger::claim const& lease) { leases.push_back(&lease); });
    BOOST_TEST((leases ==
        std::vector<ledger::claim const*>{
            &fixture.claim('c'), &fixture.claim('a'), &fixture.claim('b')}));
}

BOOST_AUTO_TEST_CASE(canceled_waiter_leaves_the_queue)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    fixture.acquire('a');
    fixture.acquire('b', {.timeout = 5ms});
    fixture.acquire('c');
    BOOST_TEST(fixture.cancel('b') == "canceled");
    BOOST_TEST((fixture.claim('b').state() == claim_is::idle));
    BOOST_TEST(fixture.wait(5ms) == "");
    BOOST_TEST(fixture.give_back('a') == "grant c p0");
}

BOOST_AUTO_TEST_CASE(cancel_after_the_grant_is_too_late)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    BOOST_TEST(fixture.cancel('a') == "too late");
    fixture.acquire('a');
    BOOST_TEST(fixture.cancel('a') == "too late");
    BOOST_TEST((fixture.claim('a').state() == claim_is::live));
}

BOOST_AUTO_TEST_CASE(cancel_between_acquire_and_poll_leaves_the_pool_free)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.run(1);
    auto& which = fixture.claim('a');
    BOOST_TEST(
        (fixture.book.acquire(which, fixture.now, false, ledger::never) == leasepool::errc{}));
    BOOST_TEST(fixture.cancel('a') == "canceled");
    BOOST_TEST(fixture.book.available() == 1u);
}

BOOST_AUTO_TEST_CASE(one_waiter_too_many_is_refused)
{
    ledger_fixture fixture{{.max_pools = 1, .max_waiters = 2}};
    fixture.run(1);
    BOOST_TEST(fixture.acquire('a') == "grant a p0");
    BOOST_TEST(fixture.acquire('b') == "");
    BOOST_TEST(fixture.acquire('c') == "");
    BOOST_TEST(fixture.acquire('d') == "refused too_many_waiters");
    BOOST_TEST((fixture.claim('d').state() == claim_is::idle));
    BOOST_TEST(fixture.cancel('b') == "canceled");
    BOOST_TEST(fixture.acquire('d') == "");
}

BOOST_AUTO_TEST_CASE(acquire_before_the_start_is_refused)
{
    ledger_fixture fixture{{.max_pools = 1}};
    BOOST_TEST(fixture.acquire('a') == "refused not_running");
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(forget_all_gives_each_waiter_once_and_forgets_the_rest)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.run(2);
    for (auto name : {'a', 'b', 'c', 'd'})
        fixture.acquire(name);
    fixture.release('a');
    std::vector<ledger::claim*> waiters;
    fixture.book.forget_all([&](ledger::claim& which) {
        BOOST_TEST((which.state() == claim_is::idle));
        waiters.push_back(&which);
    });
    BOOST_TEST((waiters == std::vector{&fixture.claim('c'), &fixture.claim('d')}));
    BOOST_TEST(fixture.book.in_service() + fixture.book.waiters() + fixture.book.draining() == 0u);
    BOOST_TEST((fixture.book.state() == ledger::phase::stopped));
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_SUITE_END()
