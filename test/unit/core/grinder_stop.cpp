// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How a grinder starts and stops.

#include "unit/support/grinder_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::grinder_state;

grinder_state::options const three_in_a_second{.batch_size = 3, .max_wait = 1s};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_stop)

BOOST_AUTO_TEST_CASE(nothing_is_taken_before_the_start_or_while_it_stops)
{
    grinder_fixture fixture(three_in_a_second);
    BOOST_TEST(fixture.submit("a") == "not_running");
    fixture.start();
    fixture.submit("abc");
    fixture.granted(0);
    BOOST_TEST(fixture.stop(1h) == "");
    BOOST_TEST(fixture.submit("d") == "not_running");
    BOOST_TEST(fixture.start() == "refused");
    BOOST_TEST(fixture.done(0) == "stopped");
    BOOST_TEST(fixture.submit("d") == "not_running");
}

BOOST_AUTO_TEST_CASE(start_twice_stop_before_the_start_and_start_again_are_harmless)
{
    grinder_fixture fixture(three_in_a_second);
    BOOST_TEST(fixture.stop(1h) == "");
    BOOST_TEST(fixture.start() == "");
    BOOST_TEST(fixture.start() == "");
    BOOST_TEST(fixture.stop(1h) == "stopped");
    BOOST_TEST(fixture.stop(1h) == "");
    BOOST_TEST(fixture.start() == "");
    BOOST_TEST(fixture.submit("abc") == "begin b0(abc)");
}

BOOST_AUTO_TEST_CASE(draining_stop_sends_what_is_pending_at_once)
{
    grinder_fixture fixture(three_in_a_second);
    fixture.start();
    fixture.submit("a");
    BOOST_TEST(fixture.stop(1h) == "begin b0(a)");
    BOOST_TEST(fixture.granted(0) == "gave a");
    BOOST_TEST(fixture.done(0) == "stopped");
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(draining_stop_sends_those_that_wait_for_room_too)
{
    grinder_fixture fixture({.batch_size = 1, .max_batch = 1, .max_wait = 1s, .max_pending = 1});
    fixture.start();
    fixture.submit("abc");
    BOOST_TEST(fixture.stop(1h) == "");
    for (std::size_t n = 0; n != 2; ++n) {
        fixture.granted(n);
        BOOST_TEST(fixture.done(n).starts_with("begin"));
    }
    BOOST_TEST(fixture.granted(2) == "gave c");
    BOOST_TEST(fixture.done(2) == "stopped");
}

BOOST_AUTO_TEST_CASE(deadline_turns_draining_into_canceling)
{
    grinder_fixture fixture({.batch_size = 1, .max_batch = 1, .max_wait = 1s});
    fixture.start();
    fixture.submit("ab");
    fixture.granted(0);
    BOOST_TEST(fixture.stop(5s) == "");
    BOOST_TEST(fixture.next_ms() == 5000);
    BOOST_TEST(fixture.wait(5s) == "fail b; cancel b0");
    BOOST_TEST(fixture.done(0) == "stopped");
}

BOOST_AUTO_TEST_CASE(canceling_stop_fails_what_is_here_and_withdraws_what_waits_for_a_lease)
{
    grinder_fixture fixture({.batch_size = 2, .max_batch = 2, .max_wait = 1s, .max_pending = 3});
    fixture.start();
    fixture.submit("abcde");
    BOOST_TEST(fixture.cancel_stop() == "fail c; fail d; fail e; withdraw b0");
    BOOST_TEST(fixture.acquire_failed(0) == "failed ab; stopped");
}

BOOST_AUTO_TEST_CASE(grant_that_races_a_canceling_stop_begins_nothing)
{
    grinder_fixture fixture({.batch_size = 2, .max_wait = 1s});
    fixture.start();
    fixture.submit("ab");
    BOOST_TEST(fixture.cancel_stop() == "withdraw b0");
    BOOST_TEST(fixture.granted(0) == "gave ; fail a; fail b");
    BOOST_TEST(fixture.done(0) == "stopped");
}

BOOST_AUTO_TEST_CASE(canceling_stop_takes_back_what_has_not_begun)
{
    grinder_fixture fixture(three_in_a_second);
    fixture.start();
    fixture.submit("abc");
    fixture.granted(0);
    BOOST_TEST(fixture.cancel_stop() == "cancel b0");
    BOOST_TEST(fixture.returned(0, "bc") == "refused b; refused c");
    BOOST_TEST(fixture.done(0) == "stopped");
}

BOOST_AUTO_TEST_CASE(second_stop_tightens_the_first_and_never_loosens_it)
{
    grinder_fixture fixture({.batch_size = 1, .max_batch = 1, .max_wait = 1s});
    fixture.start();
    fixture.submit("ab");
    fixture.granted(0);
    fixture.stop(10s);
    fixture.stop(20s);
    BOOST_TEST(fixture.next_ms() == 10'000);
    fixture.stop(5s);
    BOOST_TEST(fixture.next_ms() == 5'000);
    BOOST_TEST(fixture.cancel_stop() == "fail b; cancel b0");
    BOOST_TEST(fixture.stop(5s) == "");
}

BOOST_AUTO_TEST_CASE(stop_waits_for_what_runs_on_leases_that_ended)
{
    grinder_fixture fixture({.batch_size = 1, .max_wait = 1s});
    fixture.start();
    fixture.submit("a");
    fixture.granted(0);
    fixture.lost(0);
    BOOST_TEST(fixture.cancel_stop() == "");
    BOOST_TEST(fixture.done(0) == "stopped");
}

BOOST_AUTO_TEST_CASE(what_is_forgotten_is_given_out_once)
{
    grinder_fixture fixture({.batch_size = 2,
        .max_batch = 2,
        .max_wait = 1s,
        .max_pending = 4,
        .max_concurrent_batches = 2});
    fixture.start();
    fixture.submit("ab");
    fixture.granted(0);
    fixture.submit("cdefgh");
    grinder_state::item_list all;
    fixture.state.forget_all(all);
    BOOST_TEST(std::distance(all.begin(), all.end()) == 6);
    all.clear();
    BOOST_TEST(fixture.state.pending() + fixture.state.waiting() == 0u);
    // What was with a lease is still reported.
    BOOST_TEST(fixture.returned(0, "b") == "refused b");
    BOOST_TEST(fixture.lost(0) == "");
    BOOST_TEST(fixture.done(0) == "");
}

BOOST_AUTO_TEST_SUITE_END()
