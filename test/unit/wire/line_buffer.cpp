// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of line_buffer: the lines do not depend on how the bytes arrive.

#include "wire/line_buffer.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using leasepool::wire::line_buffer;

/// The result of feeding a stream to a buffer.
struct outcome {
    std::vector<std::string> lines;
    bool too_long = false;
    std::string start;
    std::string unfinished;

    bool operator==(outcome const&) const = default;
};

/// Puts bytes into a buffer as reads do, and takes the complete lines.
void feed(line_buffer& buffer, std::string_view bytes, outcome& out)
{
    while (!bytes.empty()) {
        auto const space = buffer.prepare();
        BOOST_REQUIRE(space.size() >= line_buffer::min_space);
        auto const n = std::min(space.size(), bytes.size());
        std::copy_n(bytes.data(), n, space.data());
        buffer.commit(n);
        bytes.remove_prefix(n);
        while (auto const line = buffer.next())
            out.lines.emplace_back(*line);
    }
}

void finish(line_buffer const& buffer, outcome& out)
{
    out.too_long = buffer.too_long();
    out.start = buffer.start();
    out.unfinished = buffer.unfinished();
}

outcome in_pieces(std::string_view bytes, std::vector<std::size_t> const& cuts, std::size_t limit)
{
    line_buffer buffer(limit);
    outcome out;
    std::size_t at = 0;
    for (auto const cut : cuts) {
        feed(buffer, bytes.substr(at, cut - at), out);
        at = cut;
    }
    feed(buffer, bytes.substr(at), out);
    finish(buffer, out);
    return out;
}

/// Checks that each cut into two pieces, single bytes, and random cuts give the same result as one
/// piece. Returns that result.
outcome check_all_cuts(std::string_view bytes, std::size_t limit)
{
    auto const whole = in_pieces(bytes, {}, limit);
    std::vector<std::size_t> every;
    for (std::size_t at = 1; at < bytes.size(); ++at) {
        every.push_back(at);
        BOOST_TEST_REQUIRE((in_pieces(bytes, {at}, limit) == whole), "cut at " << at);
    }
    BOOST_TEST_REQUIRE((in_pieces(bytes, every, limit) == whole), "byte by byte");
    std::mt19937 random(7);
    for (int i = 0; i < 50; ++i) {
        std::vector<std::size_t> some;
        std::sample(every.begin(), every.end(), std::back_inserter(some), random() % 6, random);
        BOOST_TEST_REQUIRE((in_pieces(bytes, some, limit) == whole), "random cuts " << i);
    }
    return whole;
}

using texts = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_line_buffer)

BOOST_AUTO_TEST_CASE(lines_do_not_depend_on_how_the_bytes_are_cut)
{
    auto const out = check_all_cuts("first\nsecond\r\n\n\r\n \r \nthird\r\r\nrest", 100);
    BOOST_TEST((out.lines == texts{"first", "second", "", "", " \r ", "third\r"}));
    BOOST_TEST(out.unfinished == "rest");
    BOOST_TEST(!out.too_long);
    BOOST_TEST(out.start == "");
}

BOOST_AUTO_TEST_CASE(nothing_is_unfinished_at_the_end_of_a_line)
{
    BOOST_TEST(check_all_cuts("a\nb\n", 9).unfinished == "");
    BOOST_TEST(line_buffer(9).unfinished() == "");
    BOOST_TEST(check_all_cuts("a\nb\r", 9).unfinished == "b\r");
}

BOOST_AUTO_TEST_CASE(line_may_contain_any_byte)
{
    std::string bytes;
    for (int c = 0; c < 256; ++c)
        if (c != '\n')
            bytes += static_cast<char>(c);
    BOOST_TEST((check_all_cuts(bytes + "\n", 300).lines == texts{bytes}));
}

BOOST_AUTO_TEST_CASE(line_of_exactly_the_limit_passes_and_one_byte_more_does_not)
{
    for (auto const* const end : {"\n", "\r\n"}) {
        auto const fits = check_all_cuts("ok\n1234567" + std::string(end) + "next\n", 7);
        BOOST_TEST((fits.lines == texts{"ok", "1234567", "next"}));
        BOOST_TEST(!fits.too_long);

        auto const over = check_all_cuts("ok\n12345678" + std::string(end) + "next\n", 7);
        BOOST_TEST((over.lines == texts{"ok"}));
        BOOST_TEST(over.too_long);
        BOOST_TEST(over.start == "12345678");
        BOOST_TEST(over.unfinished == "");
    }
}

BOOST_AUTO_TEST_CASE(carriage_return_inside_a_line_counts_for_the_limit)
{
    auto const out = check_all_cuts("1234567\rx\n", 7);
    BOOST_TEST(out.lines.empty());
    BOOST_TEST(out.too_long);
    BOOST_TEST(check_all_cuts("1234567\r\r\n", 7).too_long);
    // It may still be part of the end of the line.
    BOOST_TEST(!check_all_cuts("1234567\r", 7).too_long);
}

BOOST_AUTO_TEST_CASE(line_that_is_too_long_is_detected_before_it_ends_and_keeps_its_first_bytes)
{
    line_buffer buffer(1'000'000);
    outcome out;
    feed(buffer, "short\n" + std::string(1'000'000, 'a'), out);
    BOOST_TEST(!buffer.too_long());
    feed(buffer, "aa", out);
    BOOST_TEST(buffer.too_long());
    BOOST_TEST(buffer.start() == std::string(line_buffer::start_bytes, 'a'));

    // All later bytes are dropped, and need no memory.
    for (int i = 0; i < 100; ++i)
        feed(buffer, std::string(100'000, 'b') + "\nline\n", out);
    BOOST_TEST((out.lines == texts{"short"}));
    BOOST_TEST(buffer.start() == std::string(line_buffer::start_bytes, 'a'));
    BOOST_TEST(buffer.capacity() <= line_buffer::kept_bytes);
}

BOOST_AUTO_TEST_CASE(view_of_a_line_is_valid_until_the_next_prepare)
{
    line_buffer buffer(100);
    auto const space = buffer.prepare();
    std::string_view const bytes = "one\ntwo\nthr";
    std::copy(bytes.begin(), bytes.end(), space.begin());
    buffer.commit(bytes.size());
    auto const one = buffer.next();
    auto const two = buffer.next();
    BOOST_TEST(!buffer.next());
    BOOST_TEST(*one == "one");
    BOOST_TEST(*two == "two");
    BOOST_TEST(static_cast<void const*>(one->data()) == space.data());
}

BOOST_AUTO_TEST_CASE(buffer_grows_for_a_very_long_line_and_shrinks_after_it)
{
    line_buffer buffer(64 << 20);
    BOOST_TEST(buffer.capacity() == 0u);
    outcome out;
    feed(buffer, "a\n", out);
    BOOST_TEST(buffer.capacity() == line_buffer::initial_bytes);

    std::string const giant(5'000'000, 'g');
    feed(buffer, giant, out);
    BOOST_TEST(buffer.capacity() >= giant.size());
    BOOST_TEST(buffer.capacity() <= 3 * giant.size());
    feed(buffer, "\nb", out);
    buffer.prepare();
    BOOST_TEST(buffer.capacity() == line_buffer::initial_bytes);
    feed(buffer, "\n", out);
    BOOST_TEST((out.lines == texts{"a", giant, "b"}));
}

BOOST_AUTO_TEST_CASE(buffer_of_at_most_the_kept_size_stays)
{
    line_buffer buffer(64 << 20);
    outcome out;
    std::string const long_line(500'000, 'l');
    feed(buffer, long_line + '\n', out);
    auto const grown = buffer.capacity();
    BOOST_TEST(grown >= long_line.size());
    BOOST_TEST(grown <= line_buffer::kept_bytes);
    for (int i = 0; i < 20; ++i)
        feed(buffer, "short\n", out);
    BOOST_TEST(buffer.capacity() == grown);
}

BOOST_AUTO_TEST_CASE(line_that_never_ends_is_searched_once)
{
    // A search from the beginning of the line after each byte would take 8·10¹² steps.
    constexpr std::size_t size = 4'000'000;
    line_buffer buffer(size);
    std::size_t grown = 0;
    std::size_t capacity = 0;
    for (std::size_t i = 0; i < size; ++i) {
        buffer.prepare().front() = 'x';
        buffer.commit(1);
        BOOST_REQUIRE(!buffer.next());
        grown += buffer.capacity() != capacity;
        capacity = buffer.capacity();
    }
    BOOST_TEST(buffer.unfinished().size() == size);
    BOOST_TEST(grown <= 8u);
}

BOOST_AUTO_TEST_CASE(buffer_does_not_grow_in_a_steady_stream_of_lines)
{
    // The size of the buffer is not a multiple of the length of a line, so lines are cut
    // everywhere.
    line_buffer buffer(100'000);
    std::string const line(1'777, 'l');
    std::string stream;
    for (int i = 0; i < 2'000; ++i)
        (stream += line) += '\n';
    outcome out;
    std::mt19937 random(3);
    for (std::string_view rest = stream; !rest.empty();) {
        auto const piece = rest.substr(0, random() % 5'000);
        feed(buffer, piece, out);
        rest.remove_prefix(piece.size());
        BOOST_REQUIRE(buffer.capacity() <= line_buffer::initial_bytes);
    }
    BOOST_TEST(out.lines.size() == 2'000u);
    BOOST_TEST(std::all_of(
        out.lines.begin(), out.lines.end(), [&](std::string const& s) { return s == line; }));
}

BOOST_AUTO_TEST_CASE(random_streams_agree_with_a_naive_implementation)
{
    std::mt19937 random(11);
    for (int round = 0; round < 3'000; ++round) {
        auto const limit = 1 + random() % 40;
        std::string bytes;
        for (auto n = random() % 400; n > 0; --n)
            bytes += "\n\n\r\rabcdefghijklmnopqrst"[random() % 24];

        outcome expected;
        std::size_t at = 0;
        while (!expected.too_long) {
            auto const end = bytes.find('\n', at);
            auto line = bytes.substr(at, end == bytes.npos ? end : end - at);
            auto const complete = end != bytes.npos;
            auto length = line.size();
            if (line.ends_with('\r')) {
                --length;
                if (complete)
                    line.pop_back();
            }
            if (length > limit) {
                expected.too_long = true;
                expected.start = bytes.substr(at, limit + 1);
            }
            else if (!complete) {
                expected.unfinished = line;
                break;
            }
            else
                expected.lines.push_back(line);
            at = end + 1;
        }

        std::vector<std::size_t> cuts;
        for (std::size_t cut = random() % 50; cut < bytes.size(); cut += random() % 50)
            cuts.push_back(cut);
        BOOST_TEST_REQUIRE((in_pieces(bytes, cuts, limit) == expected), "round " << round);
    }
}

BOOST_AUTO_TEST_SUITE_END()
