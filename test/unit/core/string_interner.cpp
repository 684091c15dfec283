// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Numbers for the names of owners.

#include "core/support/string_interner.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using leasepool::detail::string_interner;

BOOST_AUTO_TEST_SUITE(names_of_owners)

BOOST_AUTO_TEST_CASE(same_name_has_the_same_number_for_as_long_as_it_is_referred_to)
{
    string_interner names;
    auto const a = names.refer("a");
    auto const b = names.refer("b");
    BOOST_TEST(a != 0u);
    BOOST_TEST(a != b);
    BOOST_TEST(names.refer("a") == a);
    BOOST_TEST(names.name(a) == "a");
    BOOST_TEST(names.name(b) == "b");
    names.drop(a);
    BOOST_TEST(names.name(a) == "a");
    names.drop(a);
    BOOST_TEST(names.size() == 1u);
    names.drop(b);
    BOOST_TEST(names.size() == 0u);
}

BOOST_AUTO_TEST_CASE(no_name_is_nobody)
{
    string_interner names;
    BOOST_TEST(names.refer("") == 0u);
    BOOST_TEST(names.name(0) == "");
    names.drop(0);
    BOOST_TEST(names.size() == 0u);
}

BOOST_AUTO_TEST_CASE(numbers_are_used_again)
{
    string_interner names;
    for (int n = 0; n != 1'000; ++n) {
        auto const kept = names.refer("kept");
        auto const gone = names.refer("name " + std::to_string(n));
        BOOST_TEST(gone <= 2u);
        BOOST_TEST(names.name(gone) == "name " + std::to_string(n));
        names.drop(gone);
        BOOST_TEST(names.name(kept) == "kept");
    }
    BOOST_TEST(names.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
