// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the search for values that JSON cannot represent, and of the texts of these errors.

#include "wire/encoding_error.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace {

namespace json = boost::json;
using namespace leasepool::wire;

constexpr auto infinity = std::numeric_limits<double>::infinity();
constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Returns the path and the text of the first error; empty: none.
std::string found(json::value const& v, std::size_t max_depth = 63)
{
    auto const bad = find_encoding_error(v, max_depth);
    return bad ? bad->path + " " + std::string(describe(bad->what)) : std::string();
}

json::value nested(std::size_t depth, bool objects, json::value inside = nullptr)
{
    for (; depth > 0; --depth)
        inside = objects ? json::value(json::object{{"k", std::move(inside)}})
                         : json::value(json::array{std::move(inside)});
    return inside;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_encoding_error)

BOOST_AUTO_TEST_CASE(values_that_json_can_represent_have_no_error)
{
    for (auto const& v : {json::value(), json::value(true), json::value(-1), json::value(1.5),
             json::value(std::numeric_limits<double>::max()),
             json::value(std::numeric_limits<double>::denorm_min()), json::value(-0.0),
             json::value("gr\xC3\xBCn"), json::value(json::array{}), json::value(json::object{}),
             json::value{{"a", {1, 2.5, {{"b", nullptr}}}}, {"", "\x01"}}})
        BOOST_TEST(found(v) == "");
}

BOOST_AUTO_TEST_CASE(number_that_is_not_finite_is_an_error)
{
    for (auto const bad : {infinity, -infinity, not_a_number}) {
        BOOST_TEST(found(bad) == " not a finite number");
        BOOST_TEST(found({1, bad}) == "/1 not a finite number");
        BOOST_TEST(found({1, {{"points", {0, 0, 0, {{"w", 1}, {"x", bad}}}}}}) ==
            "/1/points/3/x not a finite number");
    }
}

BOOST_AUTO_TEST_CASE(invalid_utf8_is_an_error_in_strings_and_in_keys)
{
    BOOST_TEST(found("\xFF") == " a string that is not valid UTF-8");
    BOOST_TEST(
        found({{"a", 1}, {"b", {"ok", "\xC0\x80"}}}) == "/b/1 a string that is not valid UTF-8");
    // The path is valid UTF-8 also then.
    BOOST_TEST(
        found({{"a", {{"na\xEFve", 1}}}}) == "/a/na\xEF\xBF\xBDve a key that is not valid UTF-8");
}

BOOST_AUTO_TEST_CASE(depth_of_exactly_the_limit_passes_and_one_more_does_not)
{
    for (bool const objects : {false, true}) {
        BOOST_TEST(found(nested(5, objects), 5) == "");
        BOOST_TEST(found(nested(6, objects), 5) ==
            (objects ? "/k/k/k/k/k arrays and objects nested too deeply"
                     : "/0/0/0/0/0 arrays and objects nested too deeply"));
        BOOST_TEST(found(nested(5, objects, 1), 5) == "");
    }
    BOOST_TEST(found(1, 0) == "");
    BOOST_TEST(found(json::array{}, 0) == " arrays and objects nested too deeply");
    BOOST_TEST(found(json::array{}, 1) == "");
}

BOOST_AUTO_TEST_CASE(search_ends_at_the_maximum_depth_however_deep_the_value_is)
{
    // The destructor of Boost.JSON's value is recursive. With a monotonic resource it does nothing.
    json::monotonic_resource resource;
    json::value deep(&resource);
    json::value* inner = &deep;
    for (int i = 0; i < 500'000; ++i) {
        inner->emplace_array().emplace_back(nullptr);
        inner = &inner->get_array()[0];
    }
    BOOST_TEST(found(deep).starts_with("/0/0/0"));
    BOOST_TEST(found(deep, 1'000).ends_with("/0 arrays and objects nested too deeply"));
}

BOOST_AUTO_TEST_CASE(first_error_in_the_order_of_writing_is_returned)
{
    BOOST_TEST(found({{"a", {1, {{"z", infinity}}}}, {"b", "\xFF"}}).starts_with("/a/1/z "));
    BOOST_TEST(found({{"\xFF", infinity}}).ends_with("key that is not valid UTF-8"));
    BOOST_TEST(found({nested(3, false), infinity}, 3).starts_with("/0/0/0 "));
}

BOOST_AUTO_TEST_CASE(keys_in_a_path_are_escaped_and_cut)
{
    BOOST_TEST(found({{"a/b~c", infinity}}) == "/a~1b~0c not a finite number");
    BOOST_TEST(found({{"", infinity}}) == "/ not a finite number");
    BOOST_TEST(found({{std::string(1'000, 'k'), infinity}}) ==
        "/" + std::string(64, 'k') + "\xE2\x80\xA6 not a finite number");
}

BOOST_AUTO_TEST_CASE(arguments_are_counted_from_one_or_named)
{
    json::value const positional{1, 2};
    json::value const named{{"a", 1}};
    BOOST_TEST(argument_at("/1/points/3/x", positional) == "argument 2, at /points/3/x");
    BOOST_TEST(argument_at("/0", positional) == "argument 1");
    BOOST_TEST(argument_at("/1/points", named) == "argument \"1\", at /points");
    BOOST_TEST(argument_at("/a", named) == "argument \"a\"");
    BOOST_TEST(argument_at("", named) == "");
    // A worker may send any string as a path.
    BOOST_TEST(argument_at("/x", positional) == "argument \"x\"");
    BOOST_TEST(argument_at("x", positional) == "argument \"x\"");
    BOOST_TEST(argument_at("//", positional) == "argument \"\", at /");

    json::value const params{1, {{"x", infinity}}};
    BOOST_TEST(describe(*find_encoding_error(params, 9), params) ==
        "argument 2, at /x: not a finite number");
    BOOST_TEST(describe(encoding_error{encoding_error::kind::too_large, ""}, params) ==
        "too large for one message");
    BOOST_TEST(describe(encoding_error{encoding_error::kind::too_large, "/0", 1024}, params) ==
        "argument 1: too large for one message (max_message_bytes is 1024)");
    BOOST_TEST(describe(encoding_error{encoding_error::kind::too_deep, "", 64}) ==
        "arrays and objects nested too deeply (a message has at most 64 levels)");
    BOOST_TEST(describe(encoding_error{encoding_error::kind::not_finite, "", 64}) ==
        "not a finite number");
}

BOOST_AUTO_TEST_CASE(place_with_control_characters_is_escaped)
{
    BOOST_TEST(argument_at("/0/\x1B[31m\n", json::value{1}) == R"(argument 1, at /\x1b[31m\n)");
    BOOST_TEST(argument_at("/\x1B", json::value{1}) == R"(argument "\x1b")");
    BOOST_TEST(argument_at("/0/" + std::string(100'000, 'k'), json::value{1}).size() < 300);
}

BOOST_AUTO_TEST_CASE(largest_part_is_named)
{
    std::string const large(1'000, 'x');
    BOOST_TEST(largest_part({"a", large, "b"}) == "/1");
    BOOST_TEST(largest_part({{"a", {large, large}}, {"b", large}}) == "/a");
    BOOST_TEST(largest_part({{large, 1}, {"b", 2}}).starts_with("/xxx"));
    BOOST_TEST(largest_part({1, json::array(500, 1.5), large, 2}) == "/1");
    BOOST_TEST(largest_part(json::value(large)) == "");
    BOOST_TEST(largest_part(json::array{}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
