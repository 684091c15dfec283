// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A grinder's batches: how many at a time, and what becomes of items whose lease cannot be had or
// ends before they begin.

#include "unit/support/grinder_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::detail::grinder_state;

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_batches)

BOOST_AUTO_TEST_CASE(no_more_than_max_concurrent_batches_are_under_way)
{
    grinder_fixture fixture({.batch_size = 2, .max_wait = 1s, .max_concurrent_batches = 2});
    fixture.start();
    BOOST_TEST(fixture.submit("abcdef") == "begin b0(ab); begin b1(cd)");
    BOOST_TEST(fixture.granted(1) == "gave cdef");
    BOOST_TEST(fixture.granted(0) == "gave ab");
    BOOST_TEST(fixture.submit("gh") == "");
    BOOST_TEST(fixture.next_ms() == -1);  // it takes the end of a batch
    BOOST_TEST(fixture.done(1) == "begin b2(gh)");
}

BOOST_AUTO_TEST_CASE(failed_acquire_fails_the_items_it_was_for_only)
{
    grinder_fixture fixture({.batch_size = 2, .max_wait = 1s});
    fixture.start();
    fixture.submit("abcd");
    BOOST_TEST(fixture.acquire_failed(0) == "failed ab; begin b1(cd)");
    BOOST_TEST(fixture.state.so_far().failed_batches == 1u);
    BOOST_TEST(fixture.granted(1) == "gave cd");
}

BOOST_AUTO_TEST_CASE(batch_that_cannot_be_begun_fails_the_items_it_was_for)
{
    grinder_fixture fixture({.batch_size = 2, .max_batch = 2, .max_wait = 1s, .max_pending = 2});
    fixture.start();
    fixture.refuses_to_begin = true;
    BOOST_TEST(fixture.submit("ab") == "not begun ab");
    BOOST_TEST(fixture.state.pending() == 0u);
    BOOST_TEST(fixture.state.so_far().failed_batches == 1u);
}

BOOST_AUTO_TEST_CASE(items_that_come_back_go_to_the_next_lease_before_all_others)
{
    grinder_fixture fixture({.batch_size = 4, .max_batch = 4, .max_wait = 1s});
    fixture.start();
    fixture.submit("abcd");
    fixture.granted(0);
    BOOST_TEST(fixture.submit("ef") == "");
    BOOST_TEST(fixture.lost(0) == "");
    BOOST_TEST(fixture.returned(0, "cd") == "begin b1(cdef)");
    BOOST_TEST(fixture.state.so_far().returned == 2u);
    BOOST_TEST(fixture.granted(1) == "gave cdef");
    BOOST_TEST(fixture.done(0) == "");
    BOOST_TEST(fixture.done(1) == "");
}

BOOST_AUTO_TEST_CASE(lost_batch_does_not_hold_up_others)
{
    grinder_fixture fixture({.batch_size = 1, .max_wait = 1s});
    fixture.start();
    fixture.submit("a");
    fixture.granted(0);
    BOOST_TEST(fixture.submit("b") == "");
    BOOST_TEST(fixture.lost(0) == "begin b1(b)");
    BOOST_TEST(fixture.state.lost() == 1u);
    BOOST_TEST(fixture.granted(1) == "gave b");
    BOOST_TEST(fixture.lost(0) == "");  // told twice
    BOOST_TEST(fixture.done(0) == "");
    BOOST_TEST(fixture.state.lost() == 0u);
}

BOOST_AUTO_TEST_CASE(item_that_came_back_can_be_canceled)
{
    grinder_fixture fixture({.batch_size = 2, .max_wait = 1s, .max_concurrent_batches = 1});
    fixture.start();
    fixture.submit("ab");
    fixture.granted(0);
    fixture.returned(0, "b");  // the slot is taken still
    BOOST_TEST(fixture.state.pending() == 1u);
    BOOST_TEST(fixture.cancel('b') == "canceled");
    BOOST_TEST(fixture.done(0) == "");
    BOOST_TEST(fixture.state.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(items_come_back_from_three_leases_that_began_nothing_and_then_get_the_reason)
{
    grinder_fixture fixture({.batch_size = 2, .max_wait = 1s});
    fixture.start();
    fixture.submit("ab");
    for (std::size_t n = 0; n != 2; ++n) {
        fixture.granted(n);
        fixture.lost(n);
        BOOST_TEST(fixture.returned(n, "ab") == "begin b" + std::to_string(n + 1) + "(ab)");
        fixture.done(n);
    }
    fixture.granted(2);
    BOOST_TEST(fixture.returned(2, "ab") == "refused a; refused b");
    BOOST_TEST(fixture.done(2) == "");
    BOOST_TEST(fixture.state.pending() == 0u);
}

BOOST_AUTO_TEST_CASE(items_come_back_for_as_long_as_leases_begin_something)
{
    grinder_fixture fixture({.batch_size = 9, .max_wait = 1s});
    fixture.start();
    fixture.submit("abcdefghi");
    std::string left = "abcdefghi";
    for (std::size_t n = 0; n != 8; ++n) {
        BOOST_TEST(fixture.granted(n) == "gave " + left);
        left.erase(0, 1);
        BOOST_TEST(fixture.lost(n) == "");
        BOOST_TEST(
            fixture.returned(n, left) == "begin b" + std::to_string(n + 1) + "(" + left + ")");
        fixture.done(n);
    }
}

BOOST_AUTO_TEST_SUITE_END()
