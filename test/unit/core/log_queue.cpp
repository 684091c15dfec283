// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the bounds on log records that wait.

#include "core/manager/log_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

namespace {

using leasepool::severity;
using leasepool::detail::log_queue;

log_queue::record taken(log_queue& from)
{
    std::list<log_queue::record> to;
    BOOST_REQUIRE(from.take(to));
    return to.front();
}

bool is_empty(log_queue& queue)
{
    std::list<log_queue::record> to;
    return !queue.take(to);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(log_queue_bounds)

BOOST_AUTO_TEST_CASE(records_come_out_in_order)
{
    log_queue queue;
    queue.add(severity::info, "first", {{"job", "add"}});
    queue.add(severity::error, "second", {});
    auto const first = taken(queue);
    BOOST_TEST(first.message == "first");
    BOOST_TEST((first.level == severity::info));
    BOOST_TEST(first.fields.at(0).value == "add");
    BOOST_TEST(first.dropped_before == 0u);
    BOOST_TEST(taken(queue).message == "second");
    BOOST_TEST(is_empty(queue));
}

BOOST_AUTO_TEST_CASE(oldest_records_are_dropped_beyond_the_number)
{
    log_queue queue;
    for (std::size_t i = 0; i != log_queue::max_records + 5; ++i)
        queue.add(severity::info, std::to_string(i), {});
    auto const first = taken(queue);
    BOOST_TEST(first.message == "5");
    BOOST_TEST(first.dropped_before == 5u);
    BOOST_TEST(taken(queue).dropped_before == 0u);
    BOOST_TEST(queue.dropped() == 5u);
}

BOOST_AUTO_TEST_CASE(oldest_records_are_dropped_beyond_the_bytes_of_texts_and_fields)
{
    std::string const large(log_queue::max_bytes / 4, '.');
    log_queue queue;
    queue.add(severity::info, large, {});
    queue.add(severity::info, "of fields", {{"error", large}, {"where", large}});
    queue.add(severity::info, large, {});
    BOOST_TEST(taken(queue).message == "of fields");
    BOOST_TEST(taken(queue).message == large);
    BOOST_TEST(is_empty(queue));
    // What was taken does not count any more.
    for (int i = 0; i != 3; ++i)
        queue.add(severity::info, large, {});
    BOOST_TEST(queue.dropped() == 1u);
}

BOOST_AUTO_TEST_CASE(newest_record_is_kept_however_large_it_is)
{
    log_queue queue;
    queue.add(severity::info, "small", {});
    queue.add(severity::info, std::string(2 * log_queue::max_bytes, '.'), {});
    auto const only = taken(queue);
    BOOST_TEST(only.message.size() == 2 * log_queue::max_bytes);
    BOOST_TEST(only.dropped_before == 1u);
    BOOST_TEST(is_empty(queue));
}

BOOST_AUTO_TEST_CASE(records_that_could_not_be_made_count_as_dropped)
{
    log_queue queue;
    queue.count_dropped();
    queue.count_dropped();
    queue.add(severity::info, "next", {});
    BOOST_TEST(taken(queue).dropped_before == 2u);
    BOOST_TEST(queue.dropped() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
