// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How a grinder starts and stops.

#include "grinder_desk.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::grinder_state;

grinder_state::options const three_in_a_second{.batch_size = 3, .max_wait = 1s};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_stop)

BOOST_AUTO_TEST_CASE(nothing_is_taken_before_the_start_or_while_it_stops)
{
    grinder_desk desk(three_in_a_second);
    BOOST_TEST(desk.submit("a") == "not_running");
    desk.start();
    desk.submit("abc");
    desk.granted(0);
    BOOST_TEST(desk.stop(1h) == "");
    BOOST_TEST(desk.submit("d") == "not_running");
    BOOST_TEST(desk.start() == "refused");
    BOOST_TEST(desk.done(0) == "stopped");
    BOOST_TEST(desk.submit("d") == "not_running");
}

BOOST_AUTO_TEST_CASE(start_twice_stop_before_the_start_and_start_again_are_harmless)
{
    grinder_desk desk(three_in_a_second);
    BOOST_TEST(desk.stop(1h) == "");
    BOOST_TEST(desk.start() == "");
    BOOST_TEST(desk.start() == "");
    BOOST_TEST(desk.stop(1h) == "stopped");
    BOOST_TEST(desk.stop(1h) == "");
    BOOST_TEST(desk.start() == "");
    BOOST_TEST(desk.submit("abc") == "begin b0(abc)");
}

BOOST_AUTO_TEST_CASE(draining_stop_sends_what_is_pending_at_once)
{
    grinder_desk desk(three_in_a_second);
    desk.start();
    desk.submit("a");
    BOOST_TEST(desk.stop(1h) == "begin b0(a)");
    BOOST_TEST(desk.granted(0) == "gave a");
    BOOST_TEST(desk.done(0) == "stopped");
    BOOST_TEST(desk.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(draining_stop_sends_those_that_wait_for_room_too)
{
    grinder_desk desk({.batch_size = 1, .max_batch = 1, .max_wait = 1s, .max_pending = 1});
    desk.start();
    desk.submit("abc");
    BOOST_TEST(desk.stop(1h) == "");
    for (std::size_t n = 0; n != 2; ++n) {
        desk.granted(n);
        BOOST_TEST(desk.done(n).starts_with("begin"));
    }
    BOOST_TEST(desk.granted(2) == "gave c");
    BOOST_TEST(desk.done(2) == "stopped");
}

BOOST_AUTO_TEST_CASE(deadline_turns_draining_into_cancelling)
{
    grinder_desk desk({.batch_size = 1, .max_batch = 1, .max_wait = 1s});
    desk.start();
    desk.submit("ab");
    desk.granted(0);
    BOOST_TEST(desk.stop(5s) == "");
    BOOST_TEST(desk.next_ms() == 5000);
    BOOST_TEST(desk.wait(5s) == "fail b; cancel b0");
    BOOST_TEST(desk.done(0) == "stopped");
}

BOOST_AUTO_TEST_CASE(cancelling_stop_fails_what_is_here_and_withdraws_what_waits_for_a_lease)
{
    grinder_desk desk({.batch_size = 2, .max_batch = 2, .max_wait = 1s, .max_pending = 3});
    desk.start();
    desk.submit("abcde");
    BOOST_TEST(desk.cancel_stop() == "fail c; fail d; fail e; withdraw b0");
    BOOST_TEST(desk.acquire_failed(0) == "failed ab; stopped");
}

BOOST_AUTO_TEST_CASE(grant_that_races_a_cancelling_stop_begins_nothing)
{
    grinder_desk desk({.batch_size = 2, .max_wait = 1s});
    desk.start();
    desk.submit("ab");
    BOOST_TEST(desk.cancel_stop() == "withdraw b0");
    BOOST_TEST(desk.granted(0) == "gave ; fail a; fail b");
    BOOST_TEST(desk.done(0) == "stopped");
}

BOOST_AUTO_TEST_CASE(cancelling_stop_takes_back_what_has_not_begun)
{
    grinder_desk desk(three_in_a_second);
    desk.start();
    desk.submit("abc");
    desk.granted(0);
    BOOST_TEST(desk.cancel_stop() == "cancel b0");
    BOOST_TEST(desk.returned(0, "bc") == "refused b; refused c");
    BOOST_TEST(desk.done(0) == "stopped");
}

BOOST_AUTO_TEST_CASE(second_stop_tightens_the_first_and_never_loosens_it)
{
    grinder_desk desk({.batch_size = 1, .max_batch = 1, .max_wait = 1s});
    desk.start();
    desk.submit("ab");
    desk.granted(0);
    desk.stop(10s);
    desk.stop(20s);
    BOOST_TEST(desk.next_ms() == 10'000);
    desk.stop(5s);
    BOOST_TEST(desk.next_ms() == 5'000);
    BOOST_TEST(desk.cancel_stop() == "fail b; cancel b0");
    BOOST_TEST(desk.stop(5s) == "");
}

BOOST_AUTO_TEST_CASE(stop_waits_for_what_runs_on_leases_that_ended)
{
    grinder_desk desk({.batch_size = 1, .max_wait = 1s});
    desk.start();
    desk.submit("a");
    desk.granted(0);
    desk.lost(0);
    BOOST_TEST(desk.cancel_stop() == "");
    BOOST_TEST(desk.done(0) == "stopped");
}

BOOST_AUTO_TEST_CASE(what_is_forgotten_is_given_out_once)
{
    grinder_desk desk({.batch_size = 2,
        .max_batch = 2,
        .max_wait = 1s,
        .max_pending = 4,
        .max_concurrent_batches = 2});
    desk.start();
    desk.submit("ab");
    desk.granted(0);
    desk.submit("cdefgh");
    grinder_state::item_list all;
    desk.state.forget_all(all);
    BOOST_TEST(std::distance(all.begin(), all.end()) == 6);
    all.clear();
    BOOST_TEST(desk.state.pending() + desk.state.waiting() == 0u);
    // What was with a lease is still reported.
    BOOST_TEST(desk.returned(0, "b") == "refused b");
    BOOST_TEST(desk.lost(0) == "");
    BOOST_TEST(desk.done(0) == "");
}

BOOST_AUTO_TEST_SUITE_END()
