// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Which requests of a worker begin, and when.

#include "worker/agenda.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <vector>

namespace {

using leasepool::worker::agenda;

leasepool::wire::request request(std::uint64_t id)
{
    return {id, "job", nullptr};
}

std::optional<std::uint64_t> begin(agenda& of)
{
    auto const next = of.begin();
    return next ? std::optional(next->id) : std::nullopt;
}

struct fixture {
    agenda list;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(worker_agenda, fixture)

BOOST_AUTO_TEST_CASE(requests_begin_in_their_order)
{
    BOOST_TEST(!list.waits());
    BOOST_TEST(list.add(request(7)));
    BOOST_TEST(list.add(request(3)));
    BOOST_TEST((begin(list) == 7u));
    BOOST_TEST(list.runs());
    BOOST_TEST(list.waits());
    list.end();
    BOOST_TEST((begin(list) == 3u));
    list.end();
    BOOST_TEST(!begin(list));
    BOOST_TEST(!list.runs());
}

BOOST_AUTO_TEST_CASE(cancel_of_the_job_that_runs_stops_it_and_puts_the_others_aside)
{
    for (std::uint64_t const id : {1U, 2U, 3U})
        BOOST_TEST(list.add(request(id)));
    BOOST_TEST((begin(list) == 1u));
    auto const out = list.cancel(1);
    BOOST_TEST(out.running);
    BOOST_TEST(
        out.not_begun == (std::vector<std::uint64_t>{2, 3}), boost::test_tools::per_element());
    BOOST_TEST(!list.waits());
    BOOST_TEST(list.runs());
}

BOOST_AUTO_TEST_CASE(cancel_of_any_other_puts_aside_what_waits_and_stops_nothing)
{
    BOOST_TEST(list.add(request(1)));
    BOOST_TEST((begin(list) == 1u));
    BOOST_TEST(list.add(request(2)));
    auto const out = list.cancel(2);
    BOOST_TEST(!out.running);
    BOOST_TEST(out.not_begun == std::vector<std::uint64_t>{2}, boost::test_tools::per_element());
    BOOST_TEST(!list.cancel(99).running);
    list.end();
    BOOST_TEST(!list.cancel(1).running);
}

BOOST_AUTO_TEST_CASE(nothing_is_taken_until_one_resume)
{
    static_cast<void>(list.cancel(1));
    static_cast<void>(list.cancel(2));
    BOOST_TEST(!list.add(request(3)));
    BOOST_TEST(!begin(list));
    list.resume();
    BOOST_TEST(list.add(request(4)));
    list.resume();
    BOOST_TEST((begin(list) == 4u));
}

BOOST_AUTO_TEST_SUITE_END()
