// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// When a lease ends against its holder's will, and how renewing it moves that.

#include "unit/support/ledger_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::steady_duration;
using leasepool::detail::ledger;
using leasepool::detail::saturating_add;
using leasepool::detail::soft_expiry;
using leasepool::detail::steady_time;
using claim_is = ledger::claim::phase;
using pool_is = ledger::pool::phase;

/// One pool, leased to 'a' for 100 ms, with a grace of 20 ms.
struct leased_pool : ledger_fixture {
    explicit leased_pool(steady_duration grace = 20ms)
        : ledger_fixture({.max_pools = 1, .grace = grace})
    {
        run(1);
        acquire('a', {.lifetime = 100ms});
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_expiry)

BOOST_AUTO_TEST_CASE(lease_is_overdue_and_then_revoked)
{
    leased_pool fixture;
    BOOST_TEST(fixture.next_ms() == 100);
    BOOST_TEST(fixture.wait(99ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "overdue a");
    BOOST_TEST(fixture.next_ms() == 20);
    BOOST_TEST(fixture.wait(19ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "revoke a p0 expired; make p1");
    BOOST_TEST((fixture.claim('a').state() == claim_is::revoked));
    BOOST_TEST((fixture.pool(0).state() == pool_is::retired));
    BOOST_TEST(!fixture.renew('a', 1h));
    BOOST_TEST(fixture.book.leased() == 0u);
    BOOST_TEST(fixture.book.retired() == 1u);
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(grace_0_revokes_at_the_soft_expiry)
{
    leased_pool fixture{0ms};
    BOOST_TEST(fixture.wait(100ms) == "overdue a; revoke a p0 expired; make p1");
}

BOOST_AUTO_TEST_CASE(late_look_reports_and_revokes_at_once)
{
    leased_pool fixture;
    BOOST_TEST(fixture.wait(1s) == "overdue a; revoke a p0 expired; make p1");
}

BOOST_AUTO_TEST_CASE(overdue_is_reported_once)
{
    leased_pool fixture;
    BOOST_TEST(fixture.wait(100ms) == "overdue a");
    BOOST_TEST(fixture.wait(10ms) == "");
    BOOST_TEST(fixture.wait(9ms) == "");
}

BOOST_AUTO_TEST_CASE(lease_given_back_in_its_grace_is_not_revoked)
{
    leased_pool fixture;
    fixture.wait(110ms);
    BOOST_TEST(fixture.give_back('a') == "");
    BOOST_TEST(fixture.wait(1h) == "");
    BOOST_TEST(fixture.book.available() == 1u);
}

BOOST_AUTO_TEST_CASE(short_lease_moves_the_next_deadline)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.run(2);
    fixture.acquire('a', {.lifetime = 100ms});
    BOOST_TEST(fixture.next_ms() == 100);
    fixture.acquire('b', {.lifetime = 10ms});
    BOOST_TEST(fixture.next_ms() == 10);
    fixture.give_back('b');
    BOOST_TEST(fixture.next_ms() == 100);
}

BOOST_AUTO_TEST_CASE(leases_expire_in_the_order_of_time)
{
    ledger_fixture fixture{{.max_pools = 3, .max_retired = 3, .min_pools = 3}};
    fixture.run(3);
    fixture.acquire('a', {.lifetime = 30ms});
    fixture.acquire('b', {.lifetime = 10ms});
    fixture.acquire('c', {.lifetime = 20ms});
    BOOST_TEST(fixture.wait(10ms) == "overdue b; revoke b p1 expired; make p3");
    BOOST_TEST(fixture.wait(10ms) == "overdue c; revoke c p0 expired; make p4");
    BOOST_TEST(fixture.wait(10ms) == "overdue a; revoke a p2 expired; make p5");
}

BOOST_AUTO_TEST_CASE(revoked_pool_is_closed_when_drained_and_never_granted_again)
{
    leased_pool fixture;
    fixture.wait(120ms);
    BOOST_TEST(fixture.acquire('b') == "");
    BOOST_TEST(fixture.release('a') == "");
    BOOST_TEST(fixture.drained('a') == "close p0");
    BOOST_TEST((fixture.claim('a').state() == claim_is::idle));
    BOOST_TEST((fixture.pool(0).state() == pool_is::closing));
    BOOST_TEST(fixture.book.retired() == 1u);
    BOOST_TEST(fixture.pool_closed(0) == "");
    BOOST_TEST((fixture.pool(0).state() == pool_is::fresh));
    BOOST_TEST(fixture.book.retired() == 0u);
    BOOST_TEST(fixture.pool_ready(1) == "grant b p1");
}

BOOST_AUTO_TEST_CASE(draining_lease_expires_too)
{
    leased_pool fixture;
    fixture.release('a');
    BOOST_TEST(fixture.wait(100ms) == "overdue a");
    BOOST_TEST(fixture.wait(20ms) == "revoke a p0 expired; make p1");
    BOOST_TEST(fixture.book.draining() == 0u);
    BOOST_TEST(fixture.drained('a') == "close p0");
}

BOOST_AUTO_TEST_CASE(renewal_is_noticed_at_the_old_expiry)
{
    leased_pool fixture;
    fixture.wait(90ms);
    BOOST_TEST(fixture.renew('a', 100ms));
    BOOST_TEST(fixture.next_ms() == 10);  // it was not told
    BOOST_TEST(fixture.wait(10ms) == "");
    BOOST_TEST(fixture.next_ms() == 90);
    BOOST_TEST(fixture.wait(90ms) == "overdue a");
}

BOOST_AUTO_TEST_CASE(renewal_to_an_earlier_time_moves_the_next_deadline)
{
    leased_pool fixture;
    fixture.renew('a', 5ms);
    BOOST_TEST(fixture.renewed('a') == "");
    BOOST_TEST(fixture.next_ms() == 5);
    BOOST_TEST(fixture.wait(5ms) == "overdue a");
    BOOST_TEST(fixture.wait(20ms) == "revoke a p0 expired; make p1");
}

BOOST_AUTO_TEST_CASE(renewal_in_the_grace_is_overdue_again_later)
{
    leased_pool fixture;
    fixture.wait(110ms);
    fixture.renew('a', 50ms);
    BOOST_TEST(fixture.renewed('a') == "");
    BOOST_TEST(fixture.next_ms() == 50);
    BOOST_TEST(fixture.wait(50ms) == "overdue a");
    BOOST_TEST(fixture.wait(20ms) == "revoke a p0 expired; make p1");
}

BOOST_AUTO_TEST_CASE(renewal_in_the_grace_of_which_nobody_told_still_prevents_the_revocation)
{
    leased_pool fixture;
    fixture.wait(110ms);
    fixture.renew('a', 5ms);
    BOOST_TEST(fixture.wait(10ms) == "overdue a");  // at the old hard expiry
    BOOST_TEST(fixture.next_ms() == 15);
    BOOST_TEST(fixture.wait(15ms) == "revoke a p0 expired; make p1");
}

BOOST_AUTO_TEST_CASE(renewal_before_the_revocation_wins_however_late_the_look)
{
    leased_pool fixture;
    fixture.now += 500ms;
    BOOST_TEST(fixture.renew('a', 100ms));
    BOOST_TEST(fixture.wait(0ms) == "");
    BOOST_TEST(fixture.next_ms() == 100);
}

BOOST_AUTO_TEST_CASE(renewal_after_the_revocation_fails)
{
    leased_pool fixture;
    fixture.wait(120ms);
    BOOST_TEST(!fixture.renew('a', 100ms));
    BOOST_TEST(fixture.renewed('a') == "");
    BOOST_TEST((fixture.claim('a').state() == claim_is::revoked));
}

BOOST_AUTO_TEST_CASE(renewal_of_a_claim_without_a_lease_is_ignored)
{
    leased_pool fixture;
    fixture.acquire('b', {.timeout = 5ms});
    BOOST_TEST(fixture.renewed('b') == "");
    BOOST_TEST(fixture.wait(5ms) == "fail b acquire_timeout");
    BOOST_TEST(fixture.renewed('b') == "");
}

BOOST_AUTO_TEST_CASE(lease_for_ever_has_no_deadline)
{
    ledger_fixture fixture{{.max_pools = 1, .grace = 1h}};
    fixture.run(1);
    fixture.acquire('a', {.lifetime = steady_duration::max()});
    BOOST_TEST((fixture.claim('a').expiry.get() == ledger::never));
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(grace_beyond_the_clock_is_never_over)
{
    ledger_fixture fixture{{.max_pools = 1, .grace = 1h}, ledger::never - 10s};
    fixture.run(1);
    fixture.acquire('a', {.lifetime = 5s});
    BOOST_TEST(fixture.wait(5s) == "overdue a");
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(4s) == "");
}

BOOST_AUTO_TEST_CASE(saturating_add_stops_at_the_end_of_the_clock)
{
    constexpr auto end = steady_time::max();
    static_assert(saturating_add(end, 0ns) == end);
    static_assert(saturating_add(end - 5ns, 5ns) == end);
    static_assert(saturating_add(end - 5ns, 4ns) == end - 1ns);
    static_assert(saturating_add(end - 5ns, 6ns) == end);
    static_assert(saturating_add(end, steady_duration::max()) == end);
    static_assert(saturating_add(steady_time{}, steady_duration::max()) == end);
    static_assert(saturating_add(steady_time{} + 3ns, 4ns) == steady_time{} + 7ns);
}

BOOST_AUTO_TEST_CASE(soft_expiry_is_revoked_only_if_it_has_not_moved)
{
    constexpr auto at = ledger_fixture::epoch;
    soft_expiry expiry;
    expiry.set(at);
    BOOST_TEST((expiry.get() == at));
    BOOST_TEST((expiry.renew(at + 1s) == at));  // what it was
    BOOST_TEST(!expiry.revoke_if(at));
    BOOST_TEST((expiry.get() == at + 1s));
    BOOST_TEST(expiry.revoke_if(at + 1s));
    BOOST_TEST(!expiry.revoke_if(at + 1s));
    BOOST_TEST(!expiry.renew(at + 2s));
    expiry.set(at);  // the next lease
    BOOST_TEST(expiry.renew(at + 3s).has_value());
    expiry.revoke();
    BOOST_TEST(!expiry.renew(at + 4s));
}

BOOST_AUTO_TEST_CASE(soft_expiry_tells_what_it_was_and_is_final_once_revoked)
{
    auto const at = [](int n) { return leasepool::detail::steady_time{std::chrono::seconds{n}}; };
    leasepool::detail::soft_expiry expiry;
    expiry.set(at(1));
    BOOST_TEST((expiry.renew(at(5)) == at(1)));
    BOOST_TEST((expiry.renew(at(2)) == at(5)));
    BOOST_TEST(!expiry.revoke_if(at(5)));
    BOOST_TEST((expiry.get() == at(2)));
    BOOST_TEST(expiry.revoke_if(at(2)));
    BOOST_TEST(!expiry.renew(at(9)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
