// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How many workers a pool has: starts, pauses, recycling.

#include "process/pool/worker_supply.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace {

using leasepool::detail::worker_supply;
using namespace std::chrono_literals;

/// A supply and its clock.
struct supply_fixture {
    explicit supply_fixture(worker_supply::options const& o) : supply(o) {}
    explicit supply_fixture(std::size_t workers)
        : supply_fixture({.workers = workers, .backoff = 100ms, .max_backoff = 1s, .attempts = 3})
    {
    }
    /// All in service, each with a job.
    static supply_fixture proven(std::size_t workers)
    {
        supply_fixture fixture(workers);
        fixture.fill();
        for (std::size_t n = 0; n != workers; ++n)
            fixture.supply.ready();
        fixture.supply.proven();
        return fixture;
    }

    /// Starts as many as are wanted, and says how many.
    std::size_t fill()
    {
        std::size_t count = 0;
        for (; count != 100 && supply.wants_start(now); ++count)
            supply.starting();
        return count;
    }
    void start_failed() { supply.start_failed(now); }
    void left(bool was_due, bool proved) { supply.left(was_due, proved, now); }
    /// How long until the next may be started, in milliseconds; -1: none is wanted.
    std::int64_t next_ms() const
    {
        return supply.next_deadline() == worker_supply::never
            ? -1
            : std::chrono::duration_cast<std::chrono::milliseconds>(supply.next_deadline() - now)
                  .count();
    }

    worker_supply supply;
    worker_supply::time now{24h};
};

constexpr bool due = true;
constexpr bool proved = true;

}  // namespace

BOOST_AUTO_TEST_SUITE(supply)

// Starting -----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(new_supply_wants_all_its_workers)
{
    supply_fixture fixture(3);
    BOOST_TEST(fixture.supply.wants_start(fixture.now));
    BOOST_TEST(fixture.fill() == 3);
    BOOST_TEST(fixture.supply.in_starting() == 3);
    BOOST_TEST(fixture.next_ms() == -1);
    fixture.supply.ready();
    BOOST_TEST(fixture.supply.in_starting() == 2);
    BOOST_TEST(fixture.supply.serving() == 1);
    BOOST_TEST(fixture.fill() == 0);
}

BOOST_AUTO_TEST_CASE(failed_start_is_tried_again_after_a_pause)
{
    supply_fixture fixture(1);
    fixture.fill();
    fixture.start_failed();
    BOOST_TEST(fixture.supply.failures() == 1);
    BOOST_TEST(fixture.supply.in_starting() == 0);
    BOOST_TEST(fixture.next_ms() == 100);
    fixture.now += 99ms;
    BOOST_TEST(fixture.fill() == 0);
    fixture.now += 1ms;
    BOOST_TEST(fixture.fill() == 1);
}

BOOST_AUTO_TEST_CASE(pauses_are_doubled_up_to_the_longest)
{
    supply_fixture fixture(1);
    for (auto const pause : {100, 200, 400, 800, 1000, 1000}) {
        BOOST_TEST(fixture.fill() == 1);
        fixture.start_failed();
        BOOST_TEST(fixture.next_ms() == pause);
        fixture.now += std::chrono::milliseconds(pause);
    }
}

BOOST_AUTO_TEST_CASE(first_pause_is_not_longer_than_the_longest)
{
    supply_fixture fixture({.workers = 1, .backoff = 5s, .max_backoff = 1s, .attempts = 3});
    fixture.fill();
    fixture.start_failed();
    BOOST_TEST(fixture.next_ms() == 1000);
}

BOOST_AUTO_TEST_CASE(pauses_longer_than_the_clock_do_not_overflow)
{
    auto const ever = worker_supply::duration::max();
    supply_fixture fixture(
        {.workers = 1, .backoff = ever - 1s, .max_backoff = ever, .attempts = 3});
    fixture.fill();
    fixture.start_failed();
    BOOST_TEST(fixture.next_ms() == -1);
    fixture.supply.starting();
    fixture.now = worker_supply::never;
    fixture.start_failed();
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(workers_that_were_started_together_fail_once)
{
    supply_fixture fixture(3);
    fixture.fill();
    fixture.start_failed();
    fixture.now += 50ms;
    fixture.start_failed();
    fixture.start_failed();
    BOOST_TEST(fixture.supply.failures() == 1);
    BOOST_TEST(fixture.next_ms() == 50);
    fixture.now += 50ms;
    BOOST_TEST(fixture.fill() == 3);
    fixture.start_failed();
    BOOST_TEST(fixture.supply.failures() == 2);
}

BOOST_AUTO_TEST_CASE(pause_of_one_holds_for_all)
{
    supply_fixture fixture(2);
    fixture.fill();
    fixture.supply.ready();
    fixture.start_failed();
    fixture.supply.ready();  // nothing came of the other one
    BOOST_TEST(fixture.fill() == 0);
}

BOOST_AUTO_TEST_CASE(supply_gives_up_after_its_attempts)
{
    supply_fixture fixture(1);
    for (int attempt = 1; attempt <= 3; ++attempt) {
        BOOST_TEST(!fixture.supply.given_up());
        fixture.now += 1s;
        BOOST_TEST(fixture.fill() == 1);
        BOOST_TEST(!fixture.supply.given_up());
        fixture.start_failed();
    }
    BOOST_TEST(fixture.supply.given_up());
}

BOOST_AUTO_TEST_CASE(supply_does_not_give_up_while_one_starts)
{
    supply_fixture fixture(2);
    for (int attempt = 1; attempt != 3; ++attempt) {
        fixture.fill();
        fixture.start_failed();
        fixture.start_failed();
        fixture.now += 1s;
    }
    BOOST_TEST(fixture.fill() == 2);
    fixture.start_failed();
    BOOST_TEST(fixture.supply.failures() == 3);
    BOOST_TEST(!fixture.supply.given_up());
    fixture.start_failed();
    BOOST_TEST(fixture.supply.given_up());
}

BOOST_AUTO_TEST_CASE(supply_does_not_give_up_while_one_serves)
{
    supply_fixture fixture(2);
    fixture.fill();
    fixture.supply.ready();
    fixture.start_failed();
    for (int attempt = 2; attempt <= 5; ++attempt) {
        fixture.now += 1s;
        fixture.fill();
        fixture.start_failed();
    }
    BOOST_TEST(fixture.supply.failures() == 5);
    BOOST_TEST(!fixture.supply.given_up());
    fixture.left(!due, proved);
    BOOST_TEST(fixture.supply.given_up());
}

// Serving ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_that_dies_after_its_first_job_is_replaced_at_once)
{
    auto fixture = supply_fixture::proven(2);
    BOOST_TEST(fixture.next_ms() == -1);
    fixture.left(!due, proved);
    BOOST_TEST(fixture.supply.serving() == 1);
    BOOST_TEST(fixture.supply.failures() == 0);
    BOOST_TEST(fixture.fill() == 1);
}

BOOST_AUTO_TEST_CASE(worker_that_dies_before_its_first_job_has_failed_to_start)
{
    supply_fixture fixture(1);
    fixture.fill();
    fixture.supply.ready();
    fixture.left(!due, !proved);
    BOOST_TEST(fixture.supply.serving() == 0);
    BOOST_TEST(fixture.supply.in_starting() == 0);
    BOOST_TEST(fixture.supply.failures() == 1);
    BOOST_TEST(fixture.next_ms() == 100);
}

BOOST_AUTO_TEST_CASE(ready_is_not_enough_to_forget_failures)
{
    supply_fixture fixture(1);
    fixture.fill();
    fixture.start_failed();
    fixture.now += 100ms;
    fixture.fill();
    fixture.supply.ready();
    BOOST_TEST(fixture.supply.failures() == 1);
    fixture.left(!due, !proved);
    BOOST_TEST(fixture.next_ms() == 200);
}

BOOST_AUTO_TEST_CASE(first_job_forgets_failures_and_the_pause)
{
    supply_fixture fixture(2);
    fixture.fill();
    fixture.supply.ready();
    fixture.start_failed();
    BOOST_TEST(!fixture.supply.wants_start(fixture.now));
    fixture.supply.proven();
    BOOST_TEST(fixture.supply.failures() == 0);
    BOOST_TEST(fixture.fill() == 1);
    fixture.start_failed();
    BOOST_TEST(fixture.next_ms() == 100);
}

// Recycling ----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_that_is_due_stays_until_its_successor_is_ready)
{
    auto fixture = supply_fixture::proven(2);
    BOOST_TEST(!fixture.supply.can_retire());
    fixture.supply.due();
    BOOST_TEST(!fixture.supply.can_retire());
    BOOST_TEST(fixture.fill() == 1);
    BOOST_TEST(!fixture.supply.can_retire());
    fixture.supply.ready();
    BOOST_TEST(fixture.supply.can_retire());
    fixture.left(due, proved);
    BOOST_TEST(!fixture.supply.can_retire());
    BOOST_TEST(fixture.supply.serving() == 2);
    BOOST_TEST(fixture.fill() == 0);
}

BOOST_AUTO_TEST_CASE(each_worker_that_is_due_gets_a_successor)
{
    auto fixture = supply_fixture::proven(2);
    fixture.supply.due();
    fixture.supply.due();
    BOOST_TEST(fixture.fill() == 2);
    fixture.supply.ready();
    BOOST_TEST(fixture.supply.can_retire());
    fixture.left(due, proved);
    BOOST_TEST(!fixture.supply.can_retire());
    fixture.supply.ready();
    BOOST_TEST(fixture.supply.can_retire());
    fixture.left(due, proved);
    BOOST_TEST(fixture.supply.serving() == 2);
    BOOST_TEST(fixture.fill() == 0);
}

BOOST_AUTO_TEST_CASE(worker_that_is_due_and_dies_is_replaced_once)
{
    auto fixture = supply_fixture::proven(1);
    fixture.supply.due();
    BOOST_TEST(fixture.fill() == 1);
    fixture.left(due, proved);
    BOOST_TEST(fixture.fill() == 0);
    fixture.supply.ready();
    BOOST_TEST(!fixture.supply.can_retire());
    BOOST_TEST(fixture.supply.serving() == 1);
}

BOOST_AUTO_TEST_CASE(worker_that_is_recycled_without_a_job_has_not_failed)
{
    auto fixture = supply_fixture::proven(1);
    fixture.supply.due();
    fixture.left(due, !proved);
    BOOST_TEST(fixture.supply.failures() == 0);
    BOOST_TEST(fixture.fill() == 1);
}

BOOST_AUTO_TEST_CASE(successor_that_does_not_start_leaves_the_one_that_is_due)
{
    auto fixture = supply_fixture::proven(1);
    fixture.supply.due();
    fixture.fill();
    fixture.start_failed();
    BOOST_TEST(!fixture.supply.can_retire());
    BOOST_TEST(fixture.supply.serving() == 1);
    BOOST_TEST(fixture.next_ms() == 100);
}

BOOST_AUTO_TEST_CASE(nobody_goes_who_is_not_due)
{
    auto fixture = supply_fixture::proven(1);
    fixture.supply.due();
    fixture.fill();
    fixture.left(!due, proved);  // the only one that is not: of those that are left, it is short
    fixture.supply.ready();
    BOOST_TEST(!fixture.supply.can_retire());
}

BOOST_AUTO_TEST_SUITE_END()
