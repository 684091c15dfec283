// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the writer: a message is written as a whole, or refused.

#include "wire/writer.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace json = boost::json;
using namespace leasepool::wire;

constexpr auto most = std::numeric_limits<std::uint64_t>::max();
constexpr auto infinity = std::numeric_limits<double>::infinity();

/// Returns the path and the text of a refusal; empty: the message was written.
std::string text(writer::refusal const& bad)
{
    return bad ? bad->path + " " + std::string(describe(bad->what)) : std::string();
}

json::value nested(std::size_t depth)
{
    json::value inside;
    for (; depth > 0; --depth)
        inside = json::array{std::move(inside)};
    return inside;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_writer)

BOOST_AUTO_TEST_CASE(each_kind_of_message_is_one_line)
{
    writer w;
    std::string out;
    BOOST_TEST(text(w.request(out, 7, "add", {1, 2})) == "");
    BOOST_TEST(text(w.request(out, most, "gr\xC3\xBC\xC3\x9F \"e\"", nullptr)) == "");
    BOOST_TEST(text(w.notification(out, "leasepool/cancel", {{"id", 7}})) == "");
    BOOST_TEST(text(w.notification(out, "leasepool/resume", nullptr)) == "");
    BOOST_TEST(text(w.result(out, 7, 3)) == "");
    BOOST_TEST(text(w.result(out, 0, nullptr)) == "");
    w.error(out, 7, error_number::job_threw, "no", {{"type", "T"}});
    w.error(out, std::nullopt, error_number::not_json, "");
    BOOST_TEST(out ==
        R"({"jsonrpc":"2.0","method":"add","params":[1,2],"id":7})"
        "\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"gr\xC3\xBC\xC3\x9F "
        "\\\"e\\\"\",\"id\":18446744073709551615}\n"
        R"({"jsonrpc":"2.0","method":"leasepool/cancel","params":{"id":7}})"
        "\n"
        R"({"jsonrpc":"2.0","method":"leasepool/resume"})"
        "\n"
        R"({"jsonrpc":"2.0","id":7,"result":3})"
        "\n"
        R"({"jsonrpc":"2.0","id":0,"result":null})"
        "\n"
        R"({"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"no","data":{"type":"T"}}})"
        "\n"
        R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":""}})"
        "\n");
}

BOOST_AUTO_TEST_CASE(body_of_a_request_can_be_sent_with_any_id)
{
    writer w;
    std::string body;
    BOOST_TEST(text(w.request_body(body, "add", {1, 2})) == "");
    std::string whole;
    BOOST_TEST(text(w.request(whole, 12, "add", {1, 2})) == "");
    writer::request_id(body, 12);
    BOOST_TEST(body == whole);
}

BOOST_AUTO_TEST_CASE(line_ends_inside_values_are_escaped)
{
    writer w;
    std::string out;
    BOOST_TEST(text(w.request(out, 1, "a\nb", {"c\r\nd", {{"e\n", 1}}})) == "");
    w.error(out, 1, error_number::internal, "f\ng", "h\n");
    BOOST_TEST(std::count(out.begin(), out.end(), '\n') == 2);
    BOOST_TEST(out.find('\r') == out.npos);
}

BOOST_AUTO_TEST_CASE(value_with_an_encoding_error_is_refused_and_leaves_the_buffer_unchanged)
{
    writer w;
    std::string out = "before\n";
    BOOST_TEST(text(w.request(out, 1, "m", {1, {{"x", infinity}}})) == "/1/x not a finite number");
    BOOST_TEST(text(w.request_body(out, "m", json::array{infinity})) == "/0 not a finite number");
    BOOST_TEST(text(w.notification(out, "m", json::array{"\xFF"})) ==
        "/0 a string that is not valid UTF-8");
    BOOST_TEST(text(w.result(out, 1, infinity)) == " not a finite number");
    for (auto const* const method : {"", "\xFF"})
        BOOST_TEST(text(w.request(out, 1, method, nullptr)) ==
            " the name of a job must be valid UTF-8 and not empty");
    BOOST_TEST(out == "before\n");
    BOOST_TEST(text(w.result(out, 1, 1)) == "");
    BOOST_TEST(out == "before\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}\n");
}

BOOST_AUTO_TEST_CASE(depth_of_exactly_the_limit_is_written_and_one_more_is_not)
{
    writer w({.max_depth = 10});
    std::string out;
    BOOST_TEST(text(w.request(out, 1, "m", nested(9))) == "");
    BOOST_TEST(text(w.result(out, 1, nested(9))) == "");
    out.clear();
    auto const too_deep = "/0/0/0/0/0/0/0/0/0 arrays and objects nested too deeply";
    BOOST_TEST(text(w.request(out, 1, "m", nested(10))) == too_deep);
    BOOST_TEST(text(w.result(out, 1, nested(10))) == too_deep);
    BOOST_TEST(out == "");
    w.error(out, 1, error_number::job_threw, "", nested(8));
    BOOST_TEST(out.find("data") != out.npos);
    out.clear();
    w.error(out, 1, error_number::job_threw, "", nested(9));
    BOOST_TEST(out.find("data") == out.npos);
}

BOOST_AUTO_TEST_CASE(message_of_exactly_the_limit_is_written_and_one_byte_more_is_not)
{
    for (std::size_t const limit : {std::size_t{1024}, std::size_t{200'000}}) {
        writer w({.max_message_bytes = limit});
        std::string out = "before\n";

        auto const around_result = sizeof(R"({"jsonrpc":"2.0","id":1,"result":""})") - 1;
        auto const fits = std::string(limit - around_result, 'x');
        BOOST_TEST(text(w.result(out, 1, json::value(fits))) == "");
        BOOST_TEST(out.size() == 7 + limit + 1);
        out = "before\n";
        BOOST_TEST(text(w.result(out, 1, json::value(fits + 'x'))) == " too large for one message");
        BOOST_TEST(out == "before\n");

        // The longest id must fit too.
        auto const around_call =
            sizeof(R"({"jsonrpc":"2.0","method":"m","params":[""],"id":18446744073709551615})") - 1;
        auto const argument = std::string(limit - around_call, 'x');
        BOOST_TEST(text(w.request(out, most, "m", json::array{argument})) == "");
        BOOST_TEST(out.size() == 7 + limit + 1);
        out = "before\n";
        BOOST_TEST(text(w.request(out, most, "m", json::array{argument + 'x'})) ==
            "/0 too large for one message");
        BOOST_TEST(text(w.request_body(out, "m", json::array{1, argument, 2})) ==
            "/1 too large for one message");
        BOOST_TEST(text(w.notification(out, std::string(limit, 'm'), nullptr)) ==
            " too large for one message");
        BOOST_TEST(out == "before\n");
    }
}

BOOST_AUTO_TEST_CASE(error_is_always_sent)
{
    limits const bounds{.max_message_bytes = 1024};
    writer w(bounds);
    auto const sent = [&](std::string_view message, json::value const& data) {
        std::string out;
        w.error(out, most, error_number::job_threw, message, data);
        BOOST_TEST(out.size() <= bounds.max_message_bytes + 1);
        BOOST_TEST(out.ends_with("}}\n"));
        return json::parse(out).at("error").as_object();
    };
    BOOST_TEST(sent("na\xEFve", nullptr).at("message") == "na\xEF\xBF\xBDve");
    BOOST_TEST(sent("m", infinity).if_contains("data") == nullptr);
    BOOST_TEST(sent("m", json::value(std::string(950, 'd'))).if_contains("data") == nullptr);
    BOOST_TEST(sent("m", json::value(std::string(900, 'd'))).if_contains("data") != nullptr);
    // The characters that become longest when they are escaped or replaced.
    for (auto const c : {'m', '\x01', '\xFF', '"'}) {
        auto const cut = sent(std::string(5'000, c), nullptr);
        BOOST_TEST(cut.at("message").as_string().ends_with("\xE2\x80\xA6"));
    }
}

BOOST_AUTO_TEST_CASE(limits_below_the_minimum_are_raised)
{
    writer w({.max_message_bytes = 0, .max_depth = 0});
    std::string out;
    BOOST_TEST(text(w.result(out, 1, nested(7))) == "");
    BOOST_TEST(text(w.result(out, 1, json::value(std::string(900, 'x')))) == "");
    BOOST_TEST(text(w.result(out, 1, nested(8))) != "");
}

BOOST_AUTO_TEST_SUITE_END()
