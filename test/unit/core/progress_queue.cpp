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
#include <deque>
#include <memory>
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
    std::shared_ptr<progress_queue> queue =
        std::make_shared<progress_queue>([this](json::value const& v) { seen.push_back(v); });
    std::deque<progress_queue::call> posted;

    /// Returns the number of values dropped.
    std::size_t add(json::value value)
    {
        queue->add(
            std::move(value), [this](progress_queue::call&& c) { posted.push_back(std::move(c)); });
        return queue->take_dropped();
    }
    void run_one()
    {
        BOOST_REQUIRE(!posted.empty());
        auto next = std::move(posted.front());
        posted.pop_front();
        next();
    }
    void run()
    {
        while (!posted.empty())
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
    BOOST_TEST(posted.size() == 2u);
    run_one();
    BOOST_TEST(seen.size() == 1u);
    add(3);
    run();
    BOOST_TEST((seen == std::vector<json::value>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(oldest_are_dropped_and_new_ones_use_the_calls_of_these)
{
    BOOST_TEST(add(large(0.4)) == 0u);
    BOOST_TEST(add(large(0.4)) == 0u);
    BOOST_TEST(add(large(0.9)) == 2u);
    BOOST_TEST(posted.size() == 2u);
    BOOST_TEST(add(large(0.5)) == 1u);
    BOOST_TEST(add(3) == 0u);
    BOOST_TEST(posted.size() == 2u);
    run();
    BOOST_REQUIRE(seen.size() == 2u);
    BOOST_TEST(seen[1] == json::value(3));
}

BOOST_AUTO_TEST_CASE(newest_is_kept_however_large_it_is)
{
    add(1);
    BOOST_TEST(add(large(3)) == 1u);
    run();
    BOOST_REQUIRE(seen.size() == 1u);
    BOOST_TEST(seen[0].is_string());
}

BOOST_AUTO_TEST_CASE(all_parts_of_a_value_count)
{
    add(json::array{1, json::object{{"k", large(0.5)}}});
    BOOST_TEST(add(large(0.4)) == 0u);
    BOOST_TEST(add(large(0.2)) == 1u);
    add(json::object{{std::string(progress_queue::max_bytes, 'k'), 1}});
    run();
    BOOST_TEST(seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(call_that_is_destroyed_uncalled_costs_the_oldest_value)
{
    add(1);
    add(2);
    posted.pop_front();
    BOOST_TEST(queue->take_dropped() == 1u);
    add(3);
    run();
    BOOST_TEST((seen == std::vector<json::value>{2, 3}));
}

BOOST_AUTO_TEST_CASE(executor_that_throws_costs_a_value_only_if_it_destroys_the_call)
{
    auto const refuse = [](progress_queue::call&&) { throw std::runtime_error("full"); };
    auto const keep_and_throw = [this](progress_queue::call&& c) {
        posted.push_back(std::move(c));
        throw std::runtime_error("full");
    };
    BOOST_CHECK_THROW(queue->add(1, refuse), std::runtime_error);
    BOOST_TEST(queue->take_dropped() == 1u);
    BOOST_CHECK_THROW(queue->add(2, keep_and_throw), std::runtime_error);
    BOOST_TEST(queue->take_dropped() == 0u);
    add(3);
    run();
    add(4);
    run();
    BOOST_TEST((seen == std::vector<json::value>{2, 3, 4}));
}

BOOST_AUTO_TEST_CASE(callback_that_throws_costs_only_its_own_value)
{
    int calls = 0;
    auto const throwing = std::make_shared<progress_queue>([&](json::value const&) {
        if (++calls == 1)
            throw std::runtime_error("no");
    });
    auto const post = [this](progress_queue::call&& c) { posted.push_back(std::move(c)); };
    throwing->add(1, post);
    throwing->add(2, post);
    BOOST_CHECK_THROW(run_one(), std::runtime_error);
    run();
    BOOST_TEST(calls == 2);
    BOOST_TEST(throwing->take_dropped() == 0u);
}

BOOST_AUTO_TEST_CASE(random_orders_deliver_the_newest_in_order)
{
    std::mt19937 random(1);
    for (int round = 0; round != 500; ++round) {
        fixture f;
        std::size_t dropped = 0;
        int next = 0;
        for (int i = 0; i != 100; ++i) {
            auto const roll = random() % 8;
            if (roll < 3 && !f.posted.empty())
                f.run_one();
            else if (roll == 3 && !f.posted.empty())
                f.posted.pop_front();
            else
                dropped +=
                    f.add(json::array{next++, large(0.01 * static_cast<double>(random() % 60))});
        }
        f.run();
        dropped += f.queue->take_dropped();
        BOOST_REQUIRE_EQUAL(f.seen.size() + dropped, static_cast<std::size_t>(next));
        for (std::size_t i = 1; i < f.seen.size(); ++i)
            BOOST_REQUIRE_LT(f.seen[i - 1].at(0).as_int64(), f.seen[i].at(0).as_int64());
    }
}

BOOST_AUTO_TEST_SUITE_END()
