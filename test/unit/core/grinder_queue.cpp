// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A grinder's queue: when a batch goes, what it takes, which items wait for room.

#include "unit/support/grinder_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::grinder_state;

grinder_state::options const three_in_a_second{.batch_size = 3, .max_wait = 1s};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_queue)

BOOST_AUTO_TEST_CASE(batch_goes_when_batch_size_items_are_pending)
{
    grinder_fixture fixture(three_in_a_second);
    BOOST_TEST(fixture.start() == "");
    BOOST_TEST(fixture.submit("ab") == "");
    BOOST_TEST(fixture.submit("c") == "begin b0(abc)");
    BOOST_TEST(fixture.granted(0) == "gave abc");
    BOOST_TEST(fixture.state.pending() == 0u);
    BOOST_TEST(fixture.state.so_far().batches == 1u);
    BOOST_TEST(fixture.state.so_far().handed == 3u);
}

BOOST_AUTO_TEST_CASE(batch_goes_when_the_oldest_item_has_waited_max_wait)
{
    grinder_fixture fixture(three_in_a_second);
    fixture.start();
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.submit("a") == "");
    BOOST_TEST(fixture.next_ms() == 1000);
    BOOST_TEST(fixture.wait(400ms) == "");
    BOOST_TEST(fixture.submit("b") == "");
    BOOST_TEST(fixture.next_ms() == 600);
    BOOST_TEST(fixture.wait(600ms - 1ns) == "");
    BOOST_TEST(fixture.wait(1ns) == "begin b0(ab)");
}

BOOST_AUTO_TEST_CASE(time_counts_from_the_oldest_that_is_left)
{
    grinder_fixture fixture(three_in_a_second);
    fixture.start();
    fixture.submit("a");
    fixture.wait(400ms);
    fixture.submit("b");
    BOOST_TEST(fixture.cancel('a') == "canceled");
    BOOST_TEST(fixture.next_ms() == 1000);
    BOOST_TEST(fixture.wait(600ms) == "");
    BOOST_TEST(fixture.wait(400ms) == "begin b0(b)");
}

BOOST_AUTO_TEST_CASE(batch_takes_what_came_while_it_waited_for_its_lease)
{
    grinder_fixture fixture(three_in_a_second);
    fixture.start();
    fixture.submit("abc");
    BOOST_TEST(fixture.submit("defgh") == "");  // one batch at a time
    BOOST_TEST(fixture.state.pending() == 8u);
    BOOST_TEST(fixture.granted(0) == "gave abcdefgh");
}

BOOST_AUTO_TEST_CASE(batch_takes_no_more_than_max_batch)
{
    grinder_fixture fixture({.batch_size = 3, .max_batch = 4, .max_wait = 1s});
    fixture.start();
    fixture.submit("abcdefgh");
    BOOST_TEST(fixture.granted(0) == "gave abcd");
    BOOST_TEST(fixture.done(0) == "begin b1(efgh)");
}

BOOST_AUTO_TEST_CASE(queue_time_is_counted_until_the_hand_over)
{
    grinder_fixture fixture(three_in_a_second);
    fixture.start();
    fixture.submit("ab");
    fixture.wait(1s);
    fixture.wait(2s);
    fixture.granted(0);
    auto const& times = fixture.state.so_far().queue_time;
    BOOST_TEST(times.count() == 2u);
    BOOST_TEST(times.max() == 3'000'000'000u);
    BOOST_TEST(times.sum() == 6'000'000'000u);
}

BOOST_AUTO_TEST_CASE(oldest_is_the_oldest_that_is_not_with_a_lease)
{
    grinder_fixture fixture(three_in_a_second);
    fixture.start();
    BOOST_TEST((fixture.state.oldest() == grinder_state::never));
    auto const begin = fixture.now;
    fixture.submit("a");
    fixture.wait(200ms);
    fixture.submit("bcd");
    BOOST_TEST((fixture.state.oldest() == begin));
    fixture.wait(200ms);
    fixture.granted(0);
    BOOST_TEST((fixture.state.oldest() == grinder_state::never));
    fixture.submit("e");
    BOOST_TEST((fixture.state.oldest() == begin + 400ms));
}

// Room ---------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(item_beyond_max_pending_is_refused_if_it_does_not_wait)
{
    grinder_fixture fixture({.batch_size = 3, .max_wait = 1s, .max_pending = 3});
    fixture.start();
    fixture.submit("abc");
    BOOST_TEST(fixture.submit("d", false) == "queue_full");
    BOOST_TEST(fixture.state.so_far().refused == 1u);
    BOOST_TEST(fixture.state.pending() == 3u);
}

BOOST_AUTO_TEST_CASE(items_wait_for_room_in_order)
{
    grinder_fixture fixture({.batch_size = 3, .max_batch = 3, .max_wait = 1s, .max_pending = 3});
    fixture.start();
    BOOST_TEST(fixture.submit("abcdefgh") == "begin b0(abc)");
    BOOST_TEST(fixture.state.pending() == 3u);
    BOOST_TEST(fixture.state.waiting() == 5u);
    BOOST_TEST(fixture.granted(0) == "gave abc");
    BOOST_TEST(fixture.state.pending() == 3u);
    BOOST_TEST(fixture.state.waiting() == 2u);
    BOOST_TEST(fixture.done(0) == "begin b1(def)");
    BOOST_TEST(fixture.granted(1) == "gave def");
    BOOST_TEST(fixture.state.waiting() == 0u);
}

BOOST_AUTO_TEST_CASE(item_that_does_not_wait_is_refused_while_others_wait)
{
    grinder_fixture fixture({.batch_size = 1, .max_batch = 1, .max_wait = 1s, .max_pending = 1});
    fixture.start();
    fixture.submit("ab");
    BOOST_TEST(fixture.submit("c", false) == "queue_full");
}

BOOST_AUTO_TEST_CASE(canceled_item_makes_room)
{
    grinder_fixture fixture({.batch_size = 3, .max_wait = 1s, .max_pending = 3});
    fixture.start();
    fixture.submit("ab");
    fixture.submit("c");
    fixture.submit("de");
    BOOST_TEST(fixture.cancel('d') == "canceled");  // that waited
    BOOST_TEST(fixture.state.waiting() == 1u);
    BOOST_TEST(fixture.cancel('b') == "canceled");
    BOOST_TEST(fixture.state.waiting() == 0u);
    BOOST_TEST(fixture.state.pending() == 3u);
    BOOST_TEST(fixture.granted(0) == "gave ace");
}

BOOST_AUTO_TEST_CASE(item_that_waited_for_room_is_as_old_as_it_is)
{
    grinder_fixture fixture({.batch_size = 2, .max_batch = 2, .max_wait = 1s, .max_pending = 2});
    fixture.start();
    fixture.submit("abc");
    fixture.wait(1s);
    BOOST_TEST(fixture.granted(0) == "gave ab");
    BOOST_TEST(fixture.done(0) == "begin b1(c)");
}

// Cancellation -------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(canceled_item_never_goes)
{
    grinder_fixture fixture(three_in_a_second);
    fixture.start();
    fixture.submit("ab");
    BOOST_TEST(fixture.cancel('a') == "canceled");
    BOOST_TEST(fixture.cancel('a') == "too late");
    BOOST_TEST(fixture.submit("cd") == "begin b0(bcd)");
    BOOST_TEST(fixture.cancel('c') == "canceled");  // also while its batch waits for a lease
    BOOST_TEST(fixture.granted(0) == "gave bd");
    BOOST_TEST(fixture.cancel('b') == "too late");  // its lease has it
    BOOST_TEST(fixture.state.so_far().canceled == 2u);
}

BOOST_AUTO_TEST_CASE(batch_all_of_whose_items_are_canceled_gives_up_its_acquire)
{
    grinder_fixture fixture({.batch_size = 2, .max_wait = 1s});
    fixture.start();
    fixture.submit("ab");
    BOOST_TEST(fixture.cancel('a') == "canceled");
    BOOST_TEST(fixture.cancel('b') == "canceled; withdraw b0");
    BOOST_TEST(fixture.acquire_failed(0) == "failed ");
    BOOST_TEST(fixture.state.so_far().failed_batches == 0u);
}

BOOST_AUTO_TEST_CASE(batch_without_items_waits_on_for_those_that_came_since)
{
    grinder_fixture fixture({.batch_size = 2, .max_wait = 1s});
    fixture.start();
    fixture.submit("abc");
    fixture.cancel('a');
    BOOST_TEST(fixture.cancel('b') == "canceled");
    BOOST_TEST(fixture.granted(0) == "gave c");
}

BOOST_AUTO_TEST_CASE(grant_that_nobody_is_left_for_gives_nothing)
{
    grinder_fixture fixture({.batch_size = 1, .max_wait = 1s});
    fixture.start();
    fixture.submit("a");
    BOOST_TEST(fixture.cancel('a') == "canceled; withdraw b0");
    BOOST_TEST(fixture.granted(0) == "gave ");
    BOOST_TEST(fixture.done(0) == "");
    BOOST_TEST(fixture.state.so_far().batches == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
