// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Who gets which pool, and when.

#include "core/ledger/ledger.hpp"
#include "ledger_desk.hpp"

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
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    BOOST_TEST(desk.acquire('a') == "grant a p0");
    BOOST_TEST((desk.claim('a').state() == claim_is::live));
    BOOST_TEST(desk.claim('a').holds_pool());
    BOOST_TEST(desk.claim('a').on() == &desk.pool(0));
    BOOST_TEST(desk.pool(0).holder() == &desk.claim('a'));
    BOOST_TEST((desk.pool(0).state() == pool_is::leased));
    BOOST_TEST(desk.book.leased() == 1u);
    BOOST_TEST(desk.book.available() == 0u);
}

BOOST_AUTO_TEST_CASE(pool_without_workers_is_granted_after_those_with_workers)
{
    ledger_desk desk{{.max_pools = 3, .min_pools = 3}};
    desk.run(3);  // p2 is the warmest
    BOOST_TEST(desk.pool_workers(2, false) == "");
    BOOST_TEST(desk.acquire('a') == "grant a p1");
    BOOST_TEST(desk.pool_workers(0, false) == "");
    // Nothing better is there, and a replacement may come sooner than a new pool.
    BOOST_TEST(desk.acquire('b') == "grant b p2");
    BOOST_TEST(desk.acquire('c') == "grant c p0");
}

BOOST_AUTO_TEST_CASE(pool_with_workers_again_is_granted_in_its_turn)
{
    ledger_desk desk{{.max_pools = 2, .min_pools = 2}};
    desk.run(2);
    desk.acquire('a');
    auto const warmest = desk.claim('a').on() == &desk.pool(0) ? 0u : 1u;
    // Said while it is leased, it holds when the pool comes back.
    desk.pool_workers(warmest, false);
    desk.give_back('a');
    desk.acquire('b');
    BOOST_TEST(desk.claim('b').on() == &desk.pool(1 - warmest));
    desk.give_back('b');
    desk.acquire('a');
    desk.give_back('a');
    desk.pool_workers(warmest, true);
    desk.pool_workers(1 - warmest, false);
    desk.acquire('a');
    BOOST_TEST(desk.claim('a').on() == &desk.pool(warmest));
}

BOOST_AUTO_TEST_CASE(acquire_makes_a_pool_while_there_is_room)
{
    ledger_desk desk{{.max_pools = 2}};
    desk.run(1);
    desk.acquire('a');
    BOOST_TEST(desk.acquire('b') == "make p1");
    BOOST_TEST(desk.acquire('c') == "");
    BOOST_TEST(desk.pool_ready(1) == "grant b p1");
    BOOST_TEST(desk.book.waiters() == 1u);
}

BOOST_AUTO_TEST_CASE(pool_being_made_already_serves_one_waiter)
{
    ledger_desk desk{{.max_pools = 3, .min_pools = 2}};
    desk.start();
    BOOST_TEST(desk.acquire('a') == "");
    BOOST_TEST(desk.acquire('b') == "");
    BOOST_TEST(desk.acquire('c') == "make p2");
}

BOOST_AUTO_TEST_CASE(acquire_during_the_start_is_served_by_it)
{
    ledger_desk desk{{.max_pools = 2, .min_pools = 2}};
    desk.start();
    BOOST_TEST(desk.acquire('a') == "");
    BOOST_TEST(desk.pool_ready(1) == "grant a p1");
    BOOST_TEST(desk.pool_ready(0) == "started");
}

BOOST_AUTO_TEST_CASE(waiters_are_served_in_the_order_of_their_arrival)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    desk.acquire('a');
    for (auto name : {'d', 'b', 'c'})
        BOOST_TEST(desk.acquire(name) == "");
    BOOST_TEST(desk.book.waiters() == 3u);
    BOOST_TEST(desk.give_back('a') == "grant d p0");
    BOOST_TEST(desk.give_back('d') == "grant b p0");
    BOOST_TEST(desk.give_back('b') == "grant c p0");
}

BOOST_AUTO_TEST_CASE(returned_pool_wakes_one_waiter_only)
{
    ledger_desk desk{{.max_pools = 2, .min_pools = 2}};
    desk.run(2);
    for (auto name : {'a', 'b', 'c', 'd'})
        desk.acquire(name);
    BOOST_TEST(desk.give_back('b') == "grant c p0");
    BOOST_TEST(desk.book.waiters() == 1u);
}

BOOST_AUTO_TEST_CASE(the_pool_that_came_back_last_is_taken_first)
{
    ledger_desk desk{{.max_pools = 3, .min_pools = 3}};
    desk.run(3);
    for (auto name : {'a', 'b', 'c'})
        desk.acquire(name);  // p2, p1, p0
    BOOST_TEST(desk.claim('a').on() == &desk.pool(2));
    desk.give_back('b');
    desk.give_back('c');
    desk.give_back('a');
    BOOST_TEST(desk.acquire('d') == "grant d p2");
    BOOST_TEST(desk.acquire('e') == "grant e p0");
    BOOST_TEST(desk.acquire('f') == "grant f p1");
}

BOOST_AUTO_TEST_CASE(released_lease_drains_before_reuse)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    desk.acquire('a');
    desk.acquire('b');
    BOOST_TEST(desk.release('a') == "");
    BOOST_TEST((desk.claim('a').state() == claim_is::draining));
    BOOST_TEST(desk.book.draining() == 1u);
    BOOST_TEST(desk.book.leased() == 1u);
    BOOST_TEST(desk.drained('a') == "grant b p0");
    BOOST_TEST((desk.claim('a').state() == claim_is::idle));
    BOOST_TEST(desk.book.draining() == 0u);
    BOOST_TEST(desk.claim('a').on() == &desk.pool(0));
    BOOST_TEST(desk.give_back('b') == "");
    BOOST_TEST(!desk.pool(0).holder());
}

BOOST_AUTO_TEST_CASE(release_twice_or_without_a_lease_does_nothing)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    BOOST_TEST(desk.release('a') == "");
    desk.acquire('a');
    desk.acquire('b');
    BOOST_TEST(desk.release('b') == "");
    BOOST_TEST((desk.claim('b').state() == claim_is::waiting));
    desk.release('a');
    desk.release('a');
    BOOST_TEST(desk.book.draining() == 1u);
}

BOOST_AUTO_TEST_CASE(lease_may_drain_without_a_release)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    desk.acquire('a');
    BOOST_TEST(desk.drained('a') == "");
    BOOST_TEST(desk.book.available() == 1u);
    BOOST_TEST(desk.book.draining() == 0u);
}

BOOST_AUTO_TEST_CASE(claim_can_be_used_again)
{
    ledger_desk desk{{.max_pools = 1, .grace = 5ms}};
    desk.run(1);
    desk.acquire('a', {.lifetime = 10ms});
    BOOST_TEST(desk.wait(10ms) == "overdue a");
    desk.give_back('a');
    BOOST_TEST(desk.acquire('a', {.lifetime = 10ms}) == "grant a p0");
    BOOST_TEST(desk.wait(10ms) == "overdue a");
    BOOST_TEST(desk.wait(5ms) == "revoke a p0 expired; make p1");
    BOOST_TEST(desk.drained('a') == "close p0");
    desk.pool_ready(1);
    BOOST_TEST(desk.acquire('a') == "grant a p1");
    BOOST_TEST(desk.claim('a').expiry.renew(desk.now).has_value());
}

BOOST_AUTO_TEST_CASE(since_is_the_time_of_the_wait_and_then_of_the_grant)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    desk.acquire('a');
    desk.wait(3ms);
    desk.acquire('b');
    BOOST_TEST((desk.claim('b').since() == desk.now));
    desk.wait(4ms);
    BOOST_TEST((desk.claim('b').since() == desk.now - 4ms));
    desk.give_back('a');
    BOOST_TEST((desk.claim('b').since() == desk.now));
    BOOST_TEST((desk.claim('b').expiry.get() == desk.now + 1h));
}

BOOST_AUTO_TEST_CASE(grant_says_how_long_it_was_waited_for)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    desk.acquire('a');
    BOOST_TEST((desk.waited == 0ms));
    desk.acquire('b');
    desk.wait(7ms);
    desk.give_back('a');
    BOOST_TEST((desk.waited == 7ms));
}

BOOST_AUTO_TEST_CASE(leases_are_listed_oldest_first)
{
    ledger_desk desk{{.max_pools = 3, .min_pools = 3}};
    desk.run(3);
    for (auto name : {'c', 'a', 'b'})
        desk.acquire(name);
    desk.release('a');
    std::vector<ledger::claim const*> leases;
    desk.book.for_each_lease([&](ledger::claim const& lease) { leases.push_back(&lease); });
    BOOST_TEST((leases ==
        std::vector<ledger::claim const*>{&desk.claim('c'), &desk.claim('a'), &desk.claim('b')}));
}

BOOST_AUTO_TEST_CASE(cancelled_waiter_leaves_the_queue)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    desk.acquire('a');
    desk.acquire('b', {.timeout = 5ms});
    desk.acquire('c');
    BOOST_TEST(desk.cancel('b') == "cancelled");
    BOOST_TEST((desk.claim('b').state() == claim_is::idle));
    BOOST_TEST(desk.wait(5ms) == "");
    BOOST_TEST(desk.give_back('a') == "grant c p0");
}

BOOST_AUTO_TEST_CASE(cancel_after_the_grant_is_too_late)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    BOOST_TEST(desk.cancel('a') == "too late");
    desk.acquire('a');
    BOOST_TEST(desk.cancel('a') == "too late");
    BOOST_TEST((desk.claim('a').state() == claim_is::live));
}

BOOST_AUTO_TEST_CASE(cancel_between_acquire_and_poll_leaves_the_pool_free)
{
    ledger_desk desk{{.max_pools = 1}};
    desk.run(1);
    auto& who = desk.claim('a');
    BOOST_TEST((desk.book.acquire(who, desk.now, false, ledger::never) == leasepool::errc{}));
    BOOST_TEST(desk.cancel('a') == "cancelled");
    BOOST_TEST(desk.book.available() == 1u);
}

BOOST_AUTO_TEST_CASE(one_waiter_too_many_is_refused)
{
    ledger_desk desk{{.max_pools = 1, .max_waiters = 2}};
    desk.run(1);
    BOOST_TEST(desk.acquire('a') == "grant a p0");
    BOOST_TEST(desk.acquire('b') == "");
    BOOST_TEST(desk.acquire('c') == "");
    BOOST_TEST(desk.acquire('d') == "refused too_many_waiters");
    BOOST_TEST((desk.claim('d').state() == claim_is::idle));
    BOOST_TEST(desk.cancel('b') == "cancelled");
    BOOST_TEST(desk.acquire('d') == "");
}

BOOST_AUTO_TEST_CASE(acquire_before_the_start_is_refused)
{
    ledger_desk desk{{.max_pools = 1}};
    BOOST_TEST(desk.acquire('a') == "refused not_running");
    BOOST_TEST(desk.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(forget_all_gives_each_waiter_once_and_forgets_the_rest)
{
    ledger_desk desk{{.max_pools = 2, .min_pools = 2}};
    desk.run(2);
    for (auto name : {'a', 'b', 'c', 'd'})
        desk.acquire(name);
    desk.release('a');
    std::vector<ledger::claim*> waiters;
    desk.book.forget_all([&](ledger::claim& who) {
        BOOST_TEST((who.state() == claim_is::idle));
        waiters.push_back(&who);
    });
    BOOST_TEST((waiters == std::vector{&desk.claim('c'), &desk.claim('d')}));
    BOOST_TEST(desk.book.in_service() + desk.book.waiters() + desk.book.draining() == 0u);
    BOOST_TEST((desk.book.state() == ledger::phase::stopped));
    BOOST_TEST(desk.next_ms() == -1);
}

BOOST_AUTO_TEST_SUITE_END()
