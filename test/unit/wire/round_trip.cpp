// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of writer, line_buffer and reader together: random messages, cut into random reads, are
// read as they were written. A message with random damage is a violation or another message.

#include "wire/line_buffer.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <variant>

namespace {

namespace json = boost::json;
using namespace leasepool::wire;

class message_generator {
public:
    explicit message_generator(unsigned seed) : random_{seed} {}

    std::size_t below(std::size_t n) { return random_() % n; }

    std::string text()
    {
        static constexpr std::string_view pieces[] = {"a", "bc", "\n", "\r", "\"", "\\", "/", "~",
            std::string_view("\0", 1), "\x1F", "\x7F", "\xC3\xBC", "\xE2\x82\xAC",
            "\xF0\x9F\x98\x80", "\xEF\xBF\xBF", "jsonrpc", "{\"id\":1}", "0123456789abcdef"};
        std::string out;
        for (auto n = below(6); n > 0; --n)
            out += pieces[below(std::size(pieces))];
        return out;
    }

    double number()
    {
        for (;;)
            if (auto const d = std::bit_cast<double>(random_()); std::isfinite(d))
                return d;
    }

    json::value value(std::size_t depth)
    {
        switch (below(depth == 0 ? 7 : 9)) {
        case 0:
            return nullptr;
        case 1:
            return below(2) == 0;
        case 2:
            return static_cast<std::int64_t>(random_());
        case 3:
            return random_();
        case 4:
            return number();
        case 5:
            return static_cast<double>(below(100'000)) / 1000;
        case 6:
            return json::value(text());
        case 7:
            return array(depth);
        default:
            return object(depth);
        }
    }

    json::array array(std::size_t depth)
    {
        json::array out;
        for (auto n = below(5); n > 0; --n)
            out.push_back(value(depth - 1));
        return out;
    }

    json::object object(std::size_t depth)
    {
        json::object out;
        for (auto n = below(5); n > 0; --n)
            out[text()] = value(depth - 1);
        return out;
    }

    json::value params()
    {
        if (below(8) == 0)
            return nullptr;
        return below(2) == 0 ? json::value(array(4)) : json::value(object(4));
    }

    message any()
    {
        auto const name = "m" + text();
        switch (below(4)) {
        case 0:
            return request{random_(), name, params()};
        case 1:
            return notification{name, params()};
        case 2:
            return result{random_(), value(4)};
        default: {
            auto id = below(5) == 0 ? std::nullopt : std::optional(random_());
            return error{id, static_cast<int>(error_number::job_threw), text(), value(4)};
        }
        }
    }

private:
    std::mt19937_64 random_;
};

struct append_to {
    writer& w;
    std::string& out;

    bool operator()(request const& r) { return !w.request(out, r.id, r.method, r.params); }
    bool operator()(notification const& n) { return !w.notification(out, n.method, n.params); }
    bool operator()(result const& r) { return !w.result(out, r.id, r.value); }
    bool operator()(error const& e)
    {
        w.error(out, e.id, static_cast<error_number>(e.number), e.message, e.data);
        return true;
    }
    bool operator()(violation const&) { return false; }
};

/// Returns whether two values are equal, to the last bit of each number.
bool same(json::value const& a, json::value const& b)
{
    if (a.is_double() || b.is_double())
        return a.is_double() && b.is_double() &&
            std::bit_cast<std::uint64_t>(a.get_double()) ==
            std::bit_cast<std::uint64_t>(b.get_double());
    if (a.is_array() && b.is_array())
        return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
            b.get_array().end(), same);
    if (a.is_object() && b.is_object())
        return std::equal(a.get_object().begin(), a.get_object().end(), b.get_object().begin(),
            b.get_object().end(), [](auto const& x, auto const& y) {
                return x.key() == y.key() && same(x.value(), y.value());
            });
    return a == b;
}

bool same(message const& a, message const& b)
{
    if (auto const* const x = std::get_if<request>(&a))
        if (auto const* const y = std::get_if<request>(&b))
            return x->id == y->id && x->method == y->method && same(x->params, y->params);
    if (auto const* const x = std::get_if<notification>(&a))
        if (auto const* const y = std::get_if<notification>(&b))
            return x->method == y->method && same(x->params, y->params);
    if (auto const* const x = std::get_if<result>(&a))
        if (auto const* const y = std::get_if<result>(&b))
            return x->id == y->id && same(x->value, y->value);
    if (auto const* const x = std::get_if<error>(&a))
        if (auto const* const y = std::get_if<error>(&b))
            return x->id == y->id && x->number == y->number && x->message == y->message &&
                same(x->data, y->data);
    return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_round_trip)

BOOST_AUTO_TEST_CASE(random_messages_are_read_as_they_were_written)
{
    message_generator random(1);
    writer w;
    reader r;
    line_buffer buffer(limits{}.max_message_bytes);
    std::deque<message> sent;
    std::string pipe;
    std::size_t received = 0;
    constexpr std::size_t messages = 60'000;  // with about a million values and reads
    for (std::size_t i = 0; i < messages || !pipe.empty(); ++i) {
        if (i < messages) {
            sent.push_back(random.any());
            BOOST_TEST_REQUIRE(std::visit(append_to{w, pipe}, sent.back()));
        }
        for (auto reads = 1 + random.below(8); reads > 0; --reads) {
            auto const space = buffer.prepare();
            auto const n = std::min({space.size(), pipe.size(), random.below(100)});
            std::copy_n(pipe.data(), n, space.data());
            buffer.commit(n);
            pipe.erase(0, n);
            while (auto const line = buffer.next()) {
                json::monotonic_resource memory;
                BOOST_TEST_REQUIRE(same(r.read(*line, &memory), sent.front()), *line);
                sent.pop_front();
                ++received;
            }
        }
    }
    BOOST_TEST(received == messages);
    BOOST_TEST(buffer.unfinished() == "");
}

BOOST_AUTO_TEST_CASE(damaged_message_is_a_violation_or_another_message)
{
    message_generator random(2);
    writer w;
    reader r;
    std::size_t broken = 0;
    for (int i = 0; i < 30'000; ++i) {
        std::string line;
        BOOST_TEST_REQUIRE(std::visit(append_to{w, line}, random.any()));
        line.pop_back();
        for (auto n = 1 + random.below(3); n > 0 && !line.empty(); --n) {
            auto const at = random.below(line.size());
            switch (random.below(4)) {
            case 0:
                line[at] = static_cast<char>(random.below(256));
                break;
            case 1:
                line.erase(at, random.below(10));
                break;
            case 2:
                line.insert(at, 1, "{}[]\",:0\\ue-"[random.below(12)]);
                break;
            default:
                line.insert(at, line.substr(random.below(line.size()), random.below(20)));
            }
        }
        auto const m = r.read(line);
        if (auto const* const v = std::get_if<violation>(&m)) {
            ++broken;
            BOOST_TEST_REQUIRE(!v->text.empty());
        }
        else {
            // The message can be written, and the same message is read again.
            std::string again;
            BOOST_TEST_REQUIRE(std::visit(append_to{w, again}, m), line);
            again.pop_back();
            BOOST_TEST_REQUIRE(same(r.read(again), m), line);
        }
    }
    BOOST_TEST(broken > 10'000u);
}

BOOST_AUTO_TEST_SUITE_END()
