// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A grinder's queue: when a batch goes, what it takes, who waits for room.

#include "grinder_desk.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::grinder_state;

grinder_state::options const three_in_a_second{.batch_size = 3, .max_wait = 1s};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_queue)

BOOST_AUTO_TEST_CASE(batch_goes_when_batch_size_items_are_pending)
{
    grinder_desk desk(three_in_a_second);
    BOOST_TEST(desk.start() == "");
    BOOST_TEST(desk.submit("ab") == "");
    BOOST_TEST(desk.submit("c") == "begin b0(abc)");
    BOOST_TEST(desk.granted(0) == "gave abc");
    BOOST_TEST(desk.state.pending() == 0u);
    BOOST_TEST(desk.state.so_far().batches == 1u);
    BOOST_TEST(desk.state.so_far().handed == 3u);
}

BOOST_AUTO_TEST_CASE(batch_goes_when_the_oldest_item_has_waited_max_wait)
{
    grinder_desk desk(three_in_a_second);
    desk.start();
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.submit("a") == "");
    BOOST_TEST(desk.next_ms() == 1000);
    BOOST_TEST(desk.wait(400ms) == "");
    BOOST_TEST(desk.submit("b") == "");
    BOOST_TEST(desk.next_ms() == 600);
    BOOST_TEST(desk.wait(600ms - 1ns) == "");
    BOOST_TEST(desk.wait(1ns) == "begin b0(ab)");
}

BOOST_AUTO_TEST_CASE(time_counts_from_the_oldest_that_is_left)
{
    grinder_desk desk(three_in_a_second);
    desk.start();
    desk.submit("a");
    desk.wait(400ms);
    desk.submit("b");
    BOOST_TEST(desk.cancel('a') == "cancelled");
    BOOST_TEST(desk.next_ms() == 1000);
    BOOST_TEST(desk.wait(600ms) == "");
    BOOST_TEST(desk.wait(400ms) == "begin b0(b)");
}

BOOST_AUTO_TEST_CASE(batch_takes_what_came_while_it_waited_for_its_lease)
{
    grinder_desk desk(three_in_a_second);
    desk.start();
    desk.submit("abc");
    BOOST_TEST(desk.submit("defgh") == "");  // one batch at a time
    BOOST_TEST(desk.state.pending() == 8u);
    BOOST_TEST(desk.granted(0) == "gave abcdefgh");
}

BOOST_AUTO_TEST_CASE(batch_takes_no_more_than_max_batch)
{
    grinder_desk desk({.batch_size = 3, .max_batch = 4, .max_wait = 1s});
    desk.start();
    desk.submit("abcdefgh");
    BOOST_TEST(desk.granted(0) == "gave abcd");
    BOOST_TEST(desk.done(0) == "begin b1(efgh)");
}

BOOST_AUTO_TEST_CASE(queue_time_is_counted_until_the_hand_over)
{
    grinder_desk desk(three_in_a_second);
    desk.start();
    desk.submit("ab");
    desk.wait(1s);
    desk.wait(2s);
    desk.granted(0);
    auto const& times = desk.state.so_far().queue_time;
    BOOST_TEST(times.count() == 2u);
    BOOST_TEST(times.max() == 3'000'000'000u);
    BOOST_TEST(times.sum() == 6'000'000'000u);
}

BOOST_AUTO_TEST_CASE(oldest_is_the_oldest_that_is_not_with_a_lease)
{
    grinder_desk desk(three_in_a_second);
    desk.start();
    BOOST_TEST((desk.state.oldest() == grinder_state::never));
    auto const begin = desk.now;
    desk.submit("a");
    desk.wait(200ms);
    desk.submit("bcd");
    BOOST_TEST((desk.state.oldest() == begin));
    desk.wait(200ms);
    desk.granted(0);
    BOOST_TEST((desk.state.oldest() == grinder_state::never));
    desk.submit("e");
    BOOST_TEST((desk.state.oldest() == begin + 400ms));
}

// Room ---------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(item_beyond_max_pending_is_refused_if_it_does_not_wait)
{
    grinder_desk desk({.batch_size = 3, .max_wait = 1s, .max_pending = 3});
    desk.start();
    desk.submit("abc");
    BOOST_TEST(desk.submit("d", false) == "queue_full");
    BOOST_TEST(desk.state.so_far().refused == 1u);
    BOOST_TEST(desk.state.pending() == 3u);
}

BOOST_AUTO_TEST_CASE(items_wait_for_room_in_order)
{
    grinder_desk desk({.batch_size = 3, .max_batch = 3, .max_wait = 1s, .max_pending = 3});
    desk.start();
    BOOST_TEST(desk.submit("abcdefgh") == "begin b0(abc)");
    BOOST_TEST(desk.state.pending() == 3u);
    BOOST_TEST(desk.state.waiting() == 5u);
    BOOST_TEST(desk.granted(0) == "gave abc");
    BOOST_TEST(desk.state.pending() == 3u);
    BOOST_TEST(desk.state.waiting() == 2u);
    BOOST_TEST(desk.done(0) == "begin b1(def)");
    BOOST_TEST(desk.granted(1) == "gave def");
    BOOST_TEST(desk.state.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(item_that_does_not_wait_is_refused_while_others_wait)
{
    grinder_desk desk({.batch_size = 1, .max_batch = 1, .max_wait = 1s, .max_pending = 1});
    desk.start();
    desk.submit("ab");
    BOOST_TEST(desk.submit("c", false) == "queue_full");
}

BOOST_AUTO_TEST_CASE(cancelled_item_makes_room)
{
    grinder_desk desk({.batch_size = 3, .max_wait = 1s, .max_pending = 3});
    desk.start();
    desk.submit("ab");
    desk.submit("c");
    desk.submit("de");
    BOOST_TEST(desk.cancel('d') == "cancelled");  // that waited
    BOOST_TEST(desk.state.waiting() == 1u);
    BOOST_TEST(desk.cancel('b') == "cancelled");
    BOOST_TEST(desk.state.waiting() == 0u);
    BOOST_TEST(desk.state.pending() == 3u);
    BOOST_TEST(desk.granted(0) == "gave ace");
}

BOOST_AUTO_TEST_CASE(item_that_waited_for_room_is_as_old_as_it_is)
{
    grinder_desk desk({.batch_size = 2, .max_batch = 2, .max_wait = 1s, .max_pending = 2});
    desk.start();
    desk.submit("abc");
    desk.wait(1s);
    BOOST_TEST(desk.granted(0) == "gave ab");
    BOOST_TEST(desk.done(0) == "begin b1(c)");
}

// Cancellation -------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(cancelled_item_never_goes)
{
    grinder_desk desk(three_in_a_second);
    desk.start();
    desk.submit("ab");
    BOOST_TEST(desk.cancel('a') == "cancelled");
    BOOST_TEST(desk.cancel('a') == "too late");
    BOOST_TEST(desk.submit("cd") == "begin b0(bcd)");
    BOOST_TEST(desk.cancel('c') == "cancelled");  // also while its batch waits for a lease
    BOOST_TEST(desk.granted(0) == "gave bd");
    BOOST_TEST(desk.cancel('b') == "too late");  // its lease has it
    BOOST_TEST(desk.state.so_far().cancelled == 2u);
}

BOOST_AUTO_TEST_CASE(batch_all_of_whose_items_are_cancelled_gives_up_its_acquire)
{
    grinder_desk desk({.batch_size = 2, .max_wait = 1s});
    desk.start();
    desk.submit("ab");
    BOOST_TEST(desk.cancel('a') == "cancelled");
    BOOST_TEST(desk.cancel('b') == "cancelled; withdraw b0");
    BOOST_TEST(desk.acquire_failed(0) == "failed ");
    BOOST_TEST(desk.state.so_far().failed_batches == 0u);
}

BOOST_AUTO_TEST_CASE(batch_without_items_waits_on_for_those_that_came_since)
{
    grinder_desk desk({.batch_size = 2, .max_wait = 1s});
    desk.start();
    desk.submit("abc");
    desk.cancel('a');
    BOOST_TEST(desk.cancel('b') == "cancelled");
    BOOST_TEST(desk.granted(0) == "gave c");
}

BOOST_AUTO_TEST_CASE(grant_that_nobody_is_left_for_gives_nothing)
{
    grinder_desk desk({.batch_size = 1, .max_wait = 1s});
    desk.start();
    desk.submit("a");
    BOOST_TEST(desk.cancel('a') == "cancelled; withdraw b0");
    BOOST_TEST(desk.granted(0) == "gave ");
    BOOST_TEST(desk.done(0) == "");
    BOOST_TEST(desk.state.so_far().batches == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
