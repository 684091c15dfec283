// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/support/os.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace {

namespace lp = leasepool::detail;

}  // namespace

BOOST_AUTO_TEST_SUITE(thread_name)

BOOST_AUTO_TEST_CASE(name_that_fits_is_whole)
{
    BOOST_TEST(lp::thread_name("vendor", 3, 12, 15) == "vendor-3-12");
    BOOST_TEST(lp::thread_name("elevenbytes", 0, 1, 15) == "elevenbytes-0-1");
}

BOOST_AUTO_TEST_CASE(long_prefix_is_cut_and_the_numbers_stay)
{
    BOOST_TEST(lp::thread_name("twelve-bytes", 0, 1, 15) == "twelve-byte-0-1");
    BOOST_TEST(lp::thread_name("leasepool-worker", 1234, 56, 15) == "leasepo-1234-56");
}

BOOST_AUTO_TEST_CASE(prefix_without_room_goes_with_its_dash)
{
    BOOST_TEST(lp::thread_name("x", 1234567890, 12, 15) == "x-1234567890-12");
    BOOST_TEST(lp::thread_name("x", 1234567890, 123, 15) == "1234567890-123");
    BOOST_TEST(lp::thread_name("x", 1234567890, 1234, 15) == "1234567890-1234");
}

BOOST_AUTO_TEST_CASE(empty_prefix_leaves_no_dash)
{
    BOOST_TEST(lp::thread_name("", 3, 12, 15) == "3-12");
}

BOOST_AUTO_TEST_CASE(numbers_without_room_keep_their_end)
{
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    BOOST_TEST(lp::thread_name("x", most, 7, 15) == "4073709551615-7");
    BOOST_TEST(lp::thread_name("x", 12, 34, 1) == "4");
    BOOST_TEST(lp::thread_name("x", 12, 34, 0) == "");
}

BOOST_AUTO_TEST_CASE(prefix_is_not_cut_inside_a_character)
{
    // Two bytes, then three: each cut of 1 to 5 bytes of the prefix.
    std::string const prefix = "\xC3\xA9\xE2\x82\xAC!";
    BOOST_TEST(lp::thread_name(prefix, 1, 2, 5) == "1-2");
    BOOST_TEST(lp::thread_name(prefix, 1, 2, 6) == "\xC3\xA9-1-2");
    BOOST_TEST(lp::thread_name(prefix, 1, 2, 7) == "\xC3\xA9-1-2");
    BOOST_TEST(lp::thread_name(prefix, 1, 2, 8) == "\xC3\xA9-1-2");
    BOOST_TEST(lp::thread_name(prefix, 1, 2, 9) == "\xC3\xA9\xE2\x82\xAC-1-2");
    BOOST_TEST(lp::thread_name(prefix, 1, 2, 10) == prefix + "-1-2");
}

BOOST_AUTO_TEST_CASE(prefix_of_continuation_bytes_only_is_dropped)
{
    BOOST_TEST(lp::thread_name(std::string(20, '\x80'), 1, 2, 15) == "1-2");
}

BOOST_AUTO_TEST_CASE(no_name_is_longer_than_the_limit)
{
    for (std::size_t limit = 0; limit < 30; ++limit)
        for (std::uint64_t pool = 1; pool < 1'000'000'000'000; pool *= 10)
            for (std::size_t length = 0; length < 30; ++length)
                BOOST_TEST(
                    lp::thread_name(std::string(length, 'p'), pool, 9, limit).size() <= limit);
}

BOOST_AUTO_TEST_SUITE_END()
