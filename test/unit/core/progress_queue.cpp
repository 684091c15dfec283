// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the progress that waits for the executor of its callback.

#include <leasepool/detail/progress_queue.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace json = boost::json;
using leasepool::detail::progress_queue;

/// A queue, and the calls that it has posted.
struct fixture {
    std::vector<json::value> seen;
    progress_queue queue{[this](json::value const& v) { seen.push_back(v); }};
    std::size_t posted = 0;

    progress_queue::drops add(json::value value)
    {
        return queue.add(std::move(value), [this] { ++posted; });
    }
    void run_one()
    {
        BOOST_REQUIRE(posted != 0);
        --posted;
        queue.deliver_one();
    }
    void run()
    {
        while (posted != 0)
            run_one();
    }
};

json::value large(double part_of_the_bound)
{
    return json::value(std::string(
        static_cast<std::size_t>(part_of_the_bound * double{progress_queue::max_bytes}), '.'));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(progress_queue_bounds, fixture)

BOOST_AUTO_TEST_CASE(each_value_is_delivered_by_a_call_of_its_own)
{
    add(1);
    add(2);
    BOOST_TEST(posted == 2u);
    run_one();
    BOOST_TEST(seen.size() == 1u);
    add(3);
    run();
    BOOST_TEST((seen == std::vector<json::value>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(oldest_are_dropped_and_new_ones_use_the_calls_of_these)
{
    BOOST_TEST(add(large(0.4)).count == 0u);
    BOOST_TEST(add(large(0.4)).count == 0u);
    auto const first = add(large(0.9));
    BOOST_TEST(first.count == 2u);
    BOOST_TEST(first.first);
    BOOST_TEST(posted == 2u);
    auto const next = add(large(0.5));
    BOOST_TEST(next.count == 1u);
    BOOST_TEST(!next.first);
    BOOST_TEST(add(3).count == 0u);
    BOOST_TEST(posted == 2u);
    run();
    BOOST_REQUIRE(seen.size() == 2u);
    BOOST_TEST(seen[1] == json::value(3));
}

BOOST_AUTO_TEST_CASE(newest_is_kept_however_large_it_is)
{
    add(1);
    BOOST_TEST(add(large(3)).count == 1u);
    run();
    BOOST_REQUIRE(seen.size() == 1u);
    BOOST_TEST(seen[0].is_string());
}

BOOST_AUTO_TEST_CASE(all_parts_of_a_value_count)
{
    add(json::array{1, json::object{{"k", large(0.5)}}});
    BOOST_TEST(add(large(0.4)).count == 0u);
    BOOST_TEST(add(large(0.2)).count == 1u);
    add(json::object{{std::string(progress_queue::max_bytes, 'k'), 1}});
    run();
    BOOST_TEST(seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(value_whose_call_could_not_be_posted_is_dropped)
{
    add(1);
    BOOST_CHECK_THROW(
        queue.add(2, [] { throw std::runtime_error("the queue is full"); }), std::runtime_error);
    add(3);
    run();
    BOOST_TEST((seen == std::vector<json::value>{1, 3}));
}

BOOST_AUTO_TEST_CASE(random_orders_deliver_the_newest_in_order)
{
    std::mt19937 random(1);
    for (int round = 0; round != 200; ++round) {
        fixture f;
        std::size_t dropped = 0;
        int next = 0;
        for (int i = 0; i != 100; ++i)
            if (random() % 3 == 0 && f.posted != 0)
                f.run_one();
            else
                dropped += f.add(json::array{next++, large(0.01 * (random() % 60))}).count;
        f.run();
        BOOST_REQUIRE_EQUAL(f.seen.size() + dropped, static_cast<std::size_t>(next));
        for (std::size_t i = 1; i < f.seen.size(); ++i)
            BOOST_REQUIRE_LT(f.seen[i - 1].at(0).as_int64(), f.seen[i].at(0).as_int64());
        if (next != 0)
            BOOST_REQUIRE_EQUAL(f.seen.back().at(0).as_int64(), next - 1);
    }
}

BOOST_AUTO_TEST_SUITE_END()
