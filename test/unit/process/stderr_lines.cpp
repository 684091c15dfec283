// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What workers write to stderr, cut into lines.

#include "process/pool/stderr_lines.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

using leasepool::detail::stderr_lines;
using strings = std::vector<std::string>;

/// Lines as they come.
struct reader {
    strings add(std::string_view bytes)
    {
        strings out;
        lines.add(bytes, [&](std::string const& line) { out.push_back(line); });
        return out;
    }
    strings finish()
    {
        strings out;
        lines.finish([&](std::string const& line) { out.push_back(line); });
        return out;
    }

    stderr_lines lines;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(stderr_of_workers)

BOOST_AUTO_TEST_CASE(lines_come_when_they_are_complete)
{
    reader in;
    BOOST_TEST(in.add("one\ntwo\nthr") == (strings{"one", "two"}));
    BOOST_TEST(in.add("ee") == strings{});
    BOOST_TEST(in.add("\n") == strings{"three"});
    BOOST_TEST(in.lines.last() == (strings{"one", "two", "three"}));
}

BOOST_AUTO_TEST_CASE(lines_come_the_same_byte_by_byte)
{
    reader in;
    strings all;
    for (char const c : std::string("a\r\n\nb\xff\nc"))
        for (auto const& line : in.add(std::string(1, c)))
            all.push_back(line);
    BOOST_TEST(all == (strings{"a", "", "b\xef\xbf\xbd"}));
}

BOOST_AUTO_TEST_CASE(nothing_gives_nothing)
{
    reader in;
    BOOST_TEST(in.add("") == strings{});
    BOOST_TEST(in.finish() == strings{});
    BOOST_TEST(in.lines.last() == strings{});
}

BOOST_AUTO_TEST_CASE(carriage_return_at_the_end_of_a_line_is_dropped)
{
    reader in;
    BOOST_TEST(in.add("one\r\nt\rwo\n\r\n") == (strings{"one", "t\rwo", ""}));
}

BOOST_AUTO_TEST_CASE(line_without_an_end_comes_at_the_end)
{
    reader in;
    in.add("one\ntwo");
    BOOST_TEST(in.finish() == strings{"two"});
    BOOST_TEST(in.finish() == strings{});
    BOOST_TEST(in.lines.last() == (strings{"one", "two"}));
}

BOOST_AUTO_TEST_CASE(what_is_beyond_the_longest_line_is_passed_over)
{
    reader in;
    std::string const longest(stderr_lines::longest, 'x');
    BOOST_TEST((in.add(longest + "\n") == strings{longest}));
    BOOST_TEST((in.add(longest + "y\nz\n") == strings{longest, "z"}));
    for (int n = 0; n != 100; ++n)
        BOOST_TEST(in.add(std::string(1000, 'x')) == strings{});
    BOOST_TEST((in.add("y\nz\n") == strings{longest, "z"}));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_are_replaced)
{
    reader in;
    BOOST_TEST(in.add("caf\xe9\n") == strings{"caf\xef\xbf\xbd"});
    // A character that the longest line cuts in two.
    std::string const nearly(stderr_lines::longest - 1, 'x');
    auto const cut = in.add(nearly + "\xc3\xa9\n");
    BOOST_TEST((cut == strings{nearly + "\xef\xbf\xbd"}));
}

BOOST_AUTO_TEST_CASE(character_that_comes_in_two_pieces_is_whole)
{
    reader in;
    in.add("caf\xc3");
    BOOST_TEST(in.add("\xa9\n") == strings{"caf\xc3\xa9"});
}

BOOST_AUTO_TEST_CASE(only_the_last_lines_are_remembered)
{
    reader in;
    for (std::size_t n = 0; n != stderr_lines::most + 5; ++n)
        in.add(std::to_string(n) + "\n");
    auto const last = in.lines.last();
    BOOST_TEST_REQUIRE(last.size() == stderr_lines::most);
    BOOST_TEST(last.front() == "5");
    BOOST_TEST(last.back() == std::to_string(stderr_lines::most + 4));
}

BOOST_AUTO_TEST_SUITE_END()
