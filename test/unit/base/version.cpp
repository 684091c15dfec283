// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/version.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(version)

BOOST_AUTO_TEST_CASE(version_text_and_number_agree)
{
    const std::string text = std::to_string(LEASEPOOL_VERSION / 100'000) + "." +
        std::to_string(LEASEPOOL_VERSION / 100 % 1'000) + "." +
        std::to_string(LEASEPOOL_VERSION % 100);
    BOOST_TEST(leasepool::version == text);
}

BOOST_AUTO_TEST_SUITE_END()
