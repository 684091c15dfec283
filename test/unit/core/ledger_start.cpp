// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Starting, failing to, and being stopped meanwhile.

#include "unit/support/ledger_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::ledger;
using life = ledger::phase;

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger_start)

BOOST_AUTO_TEST_CASE(start_is_done_when_the_warm_pools_are_usable)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 2}};
    BOOST_TEST(fixture.start() == "make p0; make p1");
    BOOST_TEST((fixture.book.state() == life::starting));
    BOOST_TEST(fixture.book.starting() == 2u);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.pool_ready(0) == "");
    BOOST_TEST(fixture.pool_ready(1) == "started");
    BOOST_TEST((fixture.book.state() == life::running));
}

BOOST_AUTO_TEST_CASE(start_with_nothing_to_warm_is_done_at_once)
{
    ledger_fixture fixture{{.max_pools = 1, .min_pools = 0}};
    BOOST_TEST(fixture.start() == "started");
}

BOOST_AUTO_TEST_CASE(warm_pool_leased_during_the_start_counts)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.start();
    fixture.acquire('a');
    BOOST_TEST(fixture.pool_ready(0) == "grant a p0");
    BOOST_TEST(fixture.pool_ready(1) == "started");
}

BOOST_AUTO_TEST_CASE(target_lowered_during_the_start_ends_it)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.start();
    fixture.pool_ready(0);
    BOOST_TEST(fixture.resize(1) == "started; close p0");
    BOOST_TEST(fixture.pool_ready(1) == "");
}

BOOST_AUTO_TEST_CASE(failed_start_is_undone)
{
    ledger_fixture fixture{{.max_pools = 3, .min_pools = 3}};
    fixture.start();
    fixture.pool_ready(0);
    BOOST_TEST(fixture.pool_failed(1) == "close p0");
    BOOST_TEST(fixture.acquire('a') == "refused not_running");
    BOOST_TEST(fixture.pool_closed(0) == "");
    BOOST_TEST(fixture.pool_ready(2) == "close p2");
    BOOST_TEST((fixture.book.state() == life::stopping));
    BOOST_TEST(fixture.pool_closed(2) == "start_failed");
    BOOST_TEST((fixture.book.state() == life::stopped));
    BOOST_TEST(fixture.book.in_service() == 0u);
}

BOOST_AUTO_TEST_CASE(failed_start_gives_the_waiters_its_reason)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    fixture.acquire('b');
    fixture.acquire('a');
    BOOST_TEST(fixture.pool_failed(0) == "make_failed b; make_failed a; start_failed");
}

BOOST_AUTO_TEST_CASE(failed_start_takes_leases_back)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.start();
    fixture.acquire('a');
    fixture.pool_ready(0);
    BOOST_TEST(fixture.pool_failed(1) == "revoke a p0 stopped");
    BOOST_TEST(fixture.drained('a') == "close p0");
    BOOST_TEST(fixture.pool_closed(0) == "start_failed");
}

BOOST_AUTO_TEST_CASE(start_fails_if_the_backend_cannot_be_asked)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.refuses_to_make = true;
    BOOST_TEST(fixture.start() == "make refused; start_failed");
}

BOOST_AUTO_TEST_CASE(start_fails_if_a_warm_pool_breaks_before_it_is_ready)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    fixture.pool_broken(0);
    BOOST_TEST(fixture.pool_ready(0) == "close p0");
    BOOST_TEST(fixture.pool_closed(0) == "start_failed");
}

BOOST_AUTO_TEST_CASE(start_is_tried_again_after_it_failed)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    fixture.pool_failed(0);
    BOOST_TEST(fixture.start() == "make p1");
    BOOST_TEST(fixture.pool_ready(1) == "started");
    fixture.acquire('a');
    BOOST_TEST(fixture.stop(1h) == "");
    BOOST_TEST(fixture.give_back('a') == "close p1");
    BOOST_TEST(fixture.pool_closed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(canceled_start_is_undone)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.start();
    fixture.acquire('a');
    fixture.pool_ready(0);
    fixture.acquire('b');
    BOOST_TEST(fixture.cancel_start() == "fail b not_running; revoke a p0 stopped");
    BOOST_TEST(fixture.pool_failed(1) == "");
    BOOST_TEST(fixture.drained('a') == "close p0");
    BOOST_TEST(fixture.pool_closed(0) == "start_failed");
}

BOOST_AUTO_TEST_CASE(canceled_start_does_not_blame_a_pool_that_fails_later)
{
    ledger_fixture fixture{{.max_pools = 1}};
    fixture.start();
    fixture.cancel_start();
    BOOST_TEST(fixture.pool_failed(0) == "start_failed");
    BOOST_TEST(fixture.start() == "make p1");
    BOOST_TEST(fixture.acquire('a') == "");
    BOOST_TEST(fixture.cancel_start() == "fail a not_running");
}

BOOST_AUTO_TEST_CASE(cancel_start_when_not_starting_does_nothing)
{
    ledger_fixture fixture{{.max_pools = 1}};
    BOOST_TEST(fixture.cancel_start() == "");
    fixture.run(1);
    BOOST_TEST(fixture.cancel_start() == "");
    BOOST_TEST((fixture.book.state() == life::running));
    fixture.acquire('a');
    fixture.stop(1h);
    BOOST_TEST(fixture.cancel_start() == "");
}

BOOST_AUTO_TEST_CASE(stop_during_the_start_ends_as_a_stop)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.start();
    fixture.pool_ready(0);
    BOOST_TEST(fixture.stop(1h) == "close p0");
    fixture.pool_closed(0);
    BOOST_TEST(fixture.pool_ready(1) == "close p1");
    BOOST_TEST(fixture.pool_closed(1) == "stopped 0");
}

BOOST_AUTO_TEST_CASE(stop_of_a_start_being_undone_ends_as_the_failed_start)
{
    ledger_fixture fixture{{.max_pools = 2, .min_pools = 2}};
    fixture.start();
    fixture.pool_failed(0);
    BOOST_TEST(fixture.stop(1h, 2h) == "");
    BOOST_TEST(fixture.next_ms() == 7'200'000);
    BOOST_TEST(fixture.wait(2h) == "start_failed");
    BOOST_TEST(fixture.book.abandoned() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
