// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the check of UTF-8, and of text that can be sent and logged.

#include "base/utf8.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace {

using namespace leasepool::detail;
using namespace std::string_literals;
using namespace std::string_view_literals;

/// Returns a code point as UTF-8, also if it is not a character.
std::string encoded(unsigned long point)
{
    auto const byte = [](unsigned long value) { return static_cast<char>(value); };
    if (point < 0x80)
        return {byte(point)};
    if (point < 0x800)
        return {byte(0xC0 | point >> 6), byte(0x80 | (point & 0x3F))};
    if (point < 0x10000)
        return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 0x3F)),
            byte(0x80 | (point & 0x3F))};
    return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 0x3F)),
        byte(0x80 | (point >> 6 & 0x3F)), byte(0x80 | (point & 0x3F))};
}

constexpr std::string_view invalid[] = {
    "\x80",              // only a continuation
    "\xBF",              //
    "\xC0\x80",          // NUL in two bytes
    "\xC1\xBF",          // overlong
    "\xC2",              // cut
    "\xC2\x7F",          // not continued
    "\xC2\xC0",          //
    "\xDF",              //
    "\xE0\x80\x80",      // overlong
    "\xE0\x9F\xBF",      //
    "\xE0\xA0",          // cut
    "\xE1\x80\x7F",      // not continued
    "\xED\xA0\x80",      // a surrogate, U+D800
    "\xED\xBF\xBF",      // U+DFFF
    "\xEF\xBF",          // cut
    "\xF0\x80\x80\x80",  // overlong
    "\xF0\x8F\xBF\xBF",  //
    "\xF0\x90\x80",      // cut
    "\xF1\x80\x80\x7F",  // not continued
    "\xF1\x80\x41\x80",  //
    "\xF4\x90\x80\x80",  // U+110000
    "\xF5\x80\x80\x80",  // first bytes that no character has
    "\xF8\x88\x80\x80\x80",
    "\xFE",
    "\xFF",
};

}  // namespace

BOOST_AUTO_TEST_SUITE(utf8)

BOOST_AUTO_TEST_CASE(characters_are_valid_and_surrogates_and_larger_values_are_not)
{
    std::size_t wrong = 0;
    for (unsigned long point = 0; point < 0x120000; ++point) {
        bool const is_character = point < 0xD800 || (point > 0xDFFF && point <= 0x10FFFF);
        wrong += is_utf8(encoded(point)) != is_character;
    }
    BOOST_TEST(wrong == 0u);
}

BOOST_AUTO_TEST_CASE(invalid_sequence_is_found_at_any_offset)
{
    for (auto const bad : invalid) {
        BOOST_TEST(valid_utf8_prefix(bad) == 0u, in_quotes(bad));
        // At each offset within the eight bytes that are checked together.
        for (std::size_t before = 0; before < 20; ++before)
            for (std::size_t const after : {0U, 1U, 9U}) {
                auto const text =
                    std::string(before, 'a') + std::string(bad) + std::string(after, 'z');
                BOOST_TEST_REQUIRE(valid_utf8_prefix(text) == before, in_quotes(text));
            }
    }
    BOOST_TEST(is_utf8(""));
    BOOST_TEST(is_utf8("\0"sv));
    BOOST_TEST(valid_utf8_prefix("gr\xC3\xBC\xC3") == 4u);
}

BOOST_AUTO_TEST_CASE(character_cut_by_the_end_of_the_text_is_invalid_whatever_follows_in_memory)
{
    for (auto const point : {0xFCUL, 0x20ACUL, 0x1F600UL}) {
        auto const whole = encoded(point);
        for (std::size_t size = 1; size < whole.size(); ++size)
            BOOST_TEST(valid_utf8_prefix(std::string_view(whole).substr(0, size)) == 0u);
    }
}

BOOST_AUTO_TEST_CASE(repaired_text_is_valid_and_keeps_the_valid_bytes)
{
    BOOST_TEST(repaired_utf8("plain, gr\xC3\xBCn") == "plain, gr\xC3\xBCn");
    BOOST_TEST(repaired_utf8("na\xEFve") == "na\xEF\xBF\xBDve");
    BOOST_TEST(repaired_utf8("\xFF\xFE") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    BOOST_TEST(repaired_utf8("\xE2\x82") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    for (auto const bad : invalid)
        BOOST_TEST(is_utf8(repaired_utf8("a" + std::string(bad) + "z")), in_quotes(bad));
}

BOOST_AUTO_TEST_CASE(cut_does_not_divide_a_character)
{
    BOOST_TEST(repaired_utf8("abcdef", 6) == "abcdef");
    BOOST_TEST(repaired_utf8("abcdef", 5) == "abcde\xE2\x80\xA6");
    BOOST_TEST(repaired_utf8("ab\xE2\x82\xAC", 4) == "ab\xE2\x80\xA6");
    BOOST_TEST(repaired_utf8("ab\xE2\x82\xAC", 3) == "ab\xE2\x80\xA6");
    BOOST_TEST(repaired_utf8("ab\xE2\x82\xAC!", 5) == "ab\xE2\x82\xAC\xE2\x80\xA6");
    BOOST_TEST(repaired_utf8("\x80\x80\x80\x80\x80\x80", 5).size() == 5 * 3 + 3u);
    BOOST_TEST(repaired_utf8("\x80", 0) == "\xE2\x80\xA6");
}

BOOST_AUTO_TEST_CASE(quoted_bytes_are_printable_on_one_line)
{
    BOOST_TEST(in_quotes("plain") == R"("plain")");
    BOOST_TEST(in_quotes("") == R"("")");
    BOOST_TEST(in_quotes("a\"b\\c\td\r\n\0\x1B[31m\x7F"s) == R"("a\"b\\c\td\r\n\x00\x1b[31m\x7f")");
    BOOST_TEST(in_quotes("gr\xC3\xBCn \xFF") == "\"gr\xC3\xBCn \\xff\"");
    BOOST_TEST(in_quotes("\xC2\x85") == R"("\xc2\x85")");  // a control character of Latin 1
    BOOST_TEST(in_quotes(std::string(200, 'x'), 3) == "\"xxx\xE2\x80\xA6\" (200 bytes)");
}

BOOST_AUTO_TEST_CASE(printable_text_is_one_line_and_keeps_quotes_and_tabs)
{
    BOOST_TEST(printable("plain \"gr\xC3\xBCn\" C:\\x\t1") == "plain \"gr\xC3\xBCn\" C:\\x\t1");
    BOOST_TEST(
        printable("a\r\n\0\x1B[31m\x7F\xFF\xC2\x9B"s) == R"(a\r\n\x00\x1b[31m\x7f\xff\xc2\x9b)");
    BOOST_TEST(printable("") == "");
}

BOOST_AUTO_TEST_CASE(printable_text_of_a_long_text_is_cut_and_has_its_size)
{
    BOOST_TEST(printable("abcdef", 6) == "abcdef");
    BOOST_TEST(printable("abcdef", 5) == "abcde\xE2\x80\xA6 (6 bytes)");
    BOOST_TEST(printable("ab\xE2\x82\xAC", 4) == "ab\xE2\x80\xA6 (5 bytes)");
    auto const large = printable(std::string(1 << 20, '\x1B'));
    BOOST_TEST(large.size() < 5 * most_bytes_shown);
    BOOST_TEST(large.ends_with("\\x1b\xE2\x80\xA6 (1048576 bytes)"));
}

BOOST_AUTO_TEST_CASE(prefix_does_not_divide_a_character)
{
    BOOST_TEST(utf8_prefix("abc", 3) == "abc");
    BOOST_TEST(utf8_prefix("abc", 2) == "ab");
    BOOST_TEST(utf8_prefix("ab\xE2\x82\xAC", 4) == "ab");
    BOOST_TEST(utf8_prefix("\xF0\x9F\x98\x80", 3) == "");
    BOOST_TEST(utf8_prefix("", 0) == "");
}

BOOST_AUTO_TEST_SUITE_END()
