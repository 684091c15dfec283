// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the values that the reader builds: they are those that Boost.JSON reads, and the capacity
// of a large object cannot be predicted.

#include "wire/reader.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <variant>

namespace {

namespace json = boost::json;
using namespace leasepool::wire;

json::value value_of(std::string const& text, json::storage_ptr memory = {})
{
    reader from_worker;
    auto message = from_worker.read(
        R"({"jsonrpc": "2.0", "id": 1, "result": )" + text + '}', std::move(memory));
    auto* const answer = std::get_if<result>(&message);
    BOOST_REQUIRE(answer);
    return std::move(answer->value);
}

std::string object_of(std::size_t keys)
{
    json::object out;
    for (std::size_t i = 0; i != keys; ++i)
        out.emplace("key " + std::to_string(i), i);
    return json::serialize(out);
}

/// Returns a random value with objects and arrays of up to `most` elements.
json::value random_value(std::mt19937& random, std::size_t most, int depth)
{
    auto const n = random() % (most + 1);
    switch (random() % (depth == 0 ? 3 : 5)) {
    case 0:
        return n;
    case 1:
        return json::value(std::string(n, static_cast<char>(random() % 128)));
    case 2:
        return nullptr;
    case 3: {
        json::array out;
        for (std::size_t i = 0; i != n; ++i)
            out.push_back(random_value(random, most / 8, depth - 1));
        return out;
    }
    default:
        json::object out;
        for (std::size_t i = 0; i != n; ++i)
            out[std::to_string(random() % (2 * n)) + "\"\n\u00E4"] =
                random_value(random, most / 8, depth - 1);
        return out;
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_value_builder)

BOOST_AUTO_TEST_CASE(values_are_those_that_the_library_reads)
{
    std::mt19937 random(1);
    for (int i = 0; i != 300; ++i) {
        auto const text = json::serialize(random_value(random, 300, 3));
        BOOST_REQUIRE_EQUAL(json::serialize(value_of(text)), json::serialize(json::parse(text)));
    }
}

BOOST_AUTO_TEST_CASE(last_of_equal_keys_counts_and_the_order_of_keys_is_kept)
{
    for (std::size_t const others : {std::size_t{1}, std::size_t{40}, std::size_t{400}}) {
        auto text = object_of(others);
        text.insert(1, R"("b": 1, "a": [2], "b": {"c": 3}, )");
        auto const read = value_of(text);
        auto const& object = read.get_object();
        BOOST_REQUIRE_EQUAL(object.size(), others + 2);
        BOOST_TEST(object.begin()->key() == "b");
        BOOST_TEST(json::serialize(object.at("b")) == R"({"c":3})");
        BOOST_TEST(object.begin()[1].key() == "a");
        BOOST_TEST(object.begin()[2].key() == "key 0");
    }
}

BOOST_AUTO_TEST_CASE(capacity_of_a_large_object_is_random_and_of_a_small_one_is_exact)
{
    auto const large = object_of(10'000);
    std::set<std::size_t> capacities;
    for (int i = 0; i != 20; ++i) {
        auto const read = value_of(large);
        capacities.insert(read.get_object().capacity());
        BOOST_REQUIRE_EQUAL(read.get_object().size(), 10'000U);
    }
    BOOST_TEST(capacities.size() > 10U);
    BOOST_TEST(*capacities.begin() >= 10'000U);
    BOOST_TEST(*capacities.rbegin() <= 12'500U);

    auto const read = value_of(object_of(30));
    BOOST_TEST(read.get_object().capacity() == 30U);
}

BOOST_AUTO_TEST_CASE(all_parts_of_a_value_use_the_given_memory)
{
    json::monotonic_resource memory;
    auto const read = value_of(R"([[1, "a text that is longer than a short one"], {"k": [{}]}])",
        json::storage_ptr(&memory));
    auto const uses = [&](json::value const& v) { return v.storage().get() == &memory; };
    auto const& parts = read.get_array();
    BOOST_TEST(uses(read));
    BOOST_TEST(uses(parts[0]));
    BOOST_TEST(uses(parts[0].get_array()[0]));
    BOOST_TEST(uses(parts[0].get_array()[1]));
    BOOST_TEST(uses(parts[1].at("k")));
    BOOST_TEST(uses(parts[1].at("k").get_array()[0]));
}

BOOST_AUTO_TEST_SUITE_END()
