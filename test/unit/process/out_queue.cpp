// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What is to be written, without a pipe to write it to.

#include "process/pool/out_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

namespace {

using leasepool::detail::out_queue;

}  // namespace

BOOST_AUTO_TEST_SUITE(out_queue_pieces)

BOOST_AUTO_TEST_CASE(new_queue_is_empty)
{
    out_queue const out;
    BOOST_TEST(out.empty());
    BOOST_TEST(out.appended() == 0);
    BOOST_TEST(out.written() == 0);
}

BOOST_AUTO_TEST_CASE(small_pieces_are_gathered)
{
    out_queue out;
    out.append("one ");
    out.tail() += "two ";
    out.append("three");
    BOOST_TEST(out.tail() == "one two three");
    BOOST_TEST(out.appended() == 13);
    BOOST_TEST(!out.empty());
}

BOOST_AUTO_TEST_CASE(piece_below_the_bound_is_copied)
{
    out_queue out;
    std::string bytes(out_queue::large - 1, 'x');
    out.append(bytes);
    BOOST_TEST((out.tail() == bytes));
}

BOOST_AUTO_TEST_CASE(large_piece_is_not_copied)
{
    out_queue out;
    out.append("before ");
    std::string const bytes(out_queue::large, 'x');
    out.append(bytes);
    BOOST_TEST(out.appended() == 7 + bytes.size());
    out.tail() += "after";
    BOOST_TEST(out.tail() == "after");
    BOOST_TEST(out.appended() == 7 + bytes.size() + 5);
}

BOOST_AUTO_TEST_CASE(piece_that_is_full_gets_no_more)
{
    out_queue out;
    std::string const bytes(1000, 'x');
    for (int n = 0; n != 1000; ++n) {
        out.append(bytes);
        BOOST_TEST_REQUIRE(out.tail().size() < out_queue::full + bytes.size());
    }
    BOOST_TEST(out.appended() == 1'000'000);
}

BOOST_AUTO_TEST_CASE(cleared_queue_forgets_what_was_not_written)
{
    out_queue out;
    out.append("one");
    std::string const bytes(out_queue::large, 'x');
    out.append(bytes);
    out.clear();
    BOOST_TEST(out.empty());
    BOOST_TEST(out.appended() == 0);
    out.append("two");
    BOOST_TEST(out.tail() == "two");
}

BOOST_AUTO_TEST_SUITE_END()
