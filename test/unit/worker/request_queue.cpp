// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the queue of a worker's requests: their order, and the effect of a cancel.

#include "worker/request_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <vector>

namespace {

using leasepool::worker::request_queue;

leasepool::wire::request request(std::uint64_t id)
{
    return {id, "job", nullptr};
}

std::optional<std::uint64_t> begin_next(request_queue& of)
{
    auto const next = of.begin_next();
    return next ? std::optional(next->id) : std::nullopt;
}

struct fixture {
    request_queue queue;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(worker_request_queue, fixture)

BOOST_AUTO_TEST_CASE(requests_begin_in_their_order)
{
    BOOST_TEST(queue.empty());
    BOOST_TEST(queue.add(request(7)));
    BOOST_TEST(queue.add(request(3)));
    BOOST_TEST((begin_next(queue) == 7u));
    BOOST_TEST(queue.has_running());
    BOOST_TEST(!queue.empty());
    queue.end_running();
    BOOST_TEST((begin_next(queue) == 3u));
    queue.end_running();
    BOOST_TEST(!begin_next(queue));
    BOOST_TEST(!queue.has_running());
}

BOOST_AUTO_TEST_CASE(cancel_of_the_running_job_stops_it_and_returns_the_other_requests)
{
    for (std::uint64_t const id : {1U, 2U, 3U})
        BOOST_TEST(queue.add(request(id)));
    BOOST_TEST((begin_next(queue) == 1u));
    auto const out = queue.cancel(1);
    BOOST_TEST(out.running);
    BOOST_TEST(
        out.not_begun == (std::vector<std::uint64_t>{2, 3}), boost::test_tools::per_element());
    BOOST_TEST(queue.empty());
    BOOST_TEST(queue.has_running());
}

BOOST_AUTO_TEST_CASE(cancel_of_another_id_returns_the_requests_and_stops_nothing)
{
    BOOST_TEST(queue.add(request(1)));
    BOOST_TEST((begin_next(queue) == 1u));
    BOOST_TEST(queue.add(request(2)));
    auto const out = queue.cancel(2);
    BOOST_TEST(!out.running);
    BOOST_TEST(out.not_begun == std::vector<std::uint64_t>{2}, boost::test_tools::per_element());
    BOOST_TEST(!queue.cancel(99).running);
    queue.end_running();
    BOOST_TEST(!queue.cancel(1).running);
}

BOOST_AUTO_TEST_CASE(paused_queue_accepts_no_request_until_one_resume)
{
    static_cast<void>(queue.cancel(1));
    static_cast<void>(queue.cancel(2));
    BOOST_TEST(!queue.add(request(3)));
    BOOST_TEST(!begin_next(queue));
    queue.resume();
    BOOST_TEST(queue.add(request(4)));
    queue.resume();
    BOOST_TEST((begin_next(queue) == 4u));
}

BOOST_AUTO_TEST_SUITE_END()
