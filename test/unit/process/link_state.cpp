// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A worker that starts, and is sent jobs, and answers them.

#include "unit/support/link_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::errc;
using leasepool::detail::link_state;
using phase = link_state::phase;
using verdict = link_state::verdict;

constexpr link_state::options usual{.startup_timeout = 30s, .kill_grace = 2s};

}  // namespace

BOOST_AUTO_TEST_SUITE(link_state_jobs)

// Start --------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_that_is_not_ready_has_no_room)
{
    link_fixture fixture(usual);
    BOOST_TEST((fixture.link.state() == phase::starting));
    BOOST_TEST(!fixture.link.room(fixture.now));
    BOOST_TEST(!fixture.link.idle());
    BOOST_TEST(fixture.next_ms() == 30'000);
}

BOOST_AUTO_TEST_CASE(ready_worker_has_room_and_no_deadline)
{
    link_fixture fixture(usual);
    BOOST_TEST(fixture.ready() == "");
    BOOST_TEST((fixture.link.state() == phase::ready));
    BOOST_TEST(fixture.link.room(fixture.now));
    BOOST_TEST(fixture.link.idle());
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(1h) == "");
}

BOOST_AUTO_TEST_CASE(worker_that_is_not_ready_in_time_is_killed)
{
    link_fixture fixture(usual);
    BOOST_TEST(fixture.wait(29'999ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "kill");
    BOOST_TEST((fixture.link.state() == phase::killing));
    BOOST_TEST((fixture.link.why_killed() == verdict::start_timeout));
    BOOST_TEST(fixture.next_ms() == 2000);
}

BOOST_AUTO_TEST_CASE(ready_after_the_kill_does_not_bring_it_back)
{
    link_fixture fixture(usual);
    fixture.wait(30s);
    BOOST_TEST(fixture.ready() == "");
    BOOST_TEST((fixture.link.state() == phase::killing));
    BOOST_TEST(!fixture.link.room(fixture.now));
}

BOOST_AUTO_TEST_CASE(startup_timeout_longer_than_the_clock_never_comes)
{
    link_fixture fixture(link_state::options{.startup_timeout = link_state::duration::max()});
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(1h) == "");
}

// One at a time, or several ------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_without_pipelining_gets_one_job_at_a_time)
{
    link_fixture fixture({.pipelining = false});
    for (std::uint64_t id = 1; id != 4; ++id) {
        fixture.send(id);
        BOOST_TEST(!fixture.link.room(fixture.now));
        fixture.wait(1us);
        BOOST_TEST(fixture.answer(id) == "finished");
        fixture.link.paced(fixture.now);
    }
    BOOST_TEST(fixture.link.depth() == 1);
}

BOOST_AUTO_TEST_CASE(worker_that_pipelines_gets_one_job_until_its_pace_is_known)
{
    link_fixture fixture(usual);
    fixture.ready(true);
    fixture.send(1);
    BOOST_TEST(!fixture.link.room(fixture.now));
    fixture.wait(10us);
    fixture.answer(1);
    fixture.link.paced(fixture.now);
    BOOST_TEST(fixture.link.depth() == 100);
    fixture.send({2, 3});
    BOOST_TEST(fixture.link.room(fixture.now));
}

BOOST_AUTO_TEST_CASE(jobs_in_flight_are_bounded_by_the_budget)
{
    link_fixture fixture;
    for (std::uint64_t id = 1; id <= 100; ++id)
        fixture.send(id);
    BOOST_TEST(!fixture.link.room(fixture.now));
    fixture.answer(1);
    BOOST_TEST(fixture.link.room(fixture.now));
}

BOOST_AUTO_TEST_CASE(jobs_in_flight_are_bounded_by_their_number)
{
    link_fixture fixture(
        {.options = {.startup_timeout = 30s, .kill_grace = 2s, .max_in_flight = 3}});
    BOOST_TEST(fixture.link.depth() == 3);
    fixture.send({1, 2, 3});
    BOOST_TEST(!fixture.link.room(fixture.now));
}

BOOST_AUTO_TEST_CASE(jobs_that_take_no_time_do_not_divide_by_zero)
{
    link_fixture fixture(usual);
    fixture.ready(true);
    fixture.send(1);
    fixture.answer(1);
    fixture.link.paced(fixture.now);
    BOOST_TEST(fixture.link.depth() == 512);
}

BOOST_AUTO_TEST_CASE(slower_jobs_count_at_once)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.wait(200us);
    fixture.answer(1);
    fixture.answer(2);
    fixture.link.paced(fixture.now);
    BOOST_TEST(fixture.link.depth() == 10);
}

BOOST_AUTO_TEST_CASE(faster_jobs_count_by_and_by)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.wait(2us);
    fixture.answer(1);
    fixture.link.paced(fixture.now);
    BOOST_TEST(fixture.link.depth() == 125);  // 8us: a quarter of the way from 10us to 2us
}

BOOST_AUTO_TEST_CASE(time_without_a_job_is_not_part_of_the_pace)
{
    link_fixture fixture;
    fixture.wait(1h);
    fixture.send(1);
    fixture.wait(10us);
    fixture.answer(1);
    fixture.link.paced(fixture.now);
    BOOST_TEST(fixture.link.depth() == 100);
}

BOOST_AUTO_TEST_CASE(pace_counts_from_the_answers_before)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.wait(10us);
    fixture.answer(1);
    fixture.link.paced(fixture.now);
    fixture.wait(10us);
    fixture.answer(2);
    fixture.link.paced(fixture.now);
    BOOST_TEST(fixture.link.depth() == 100);
}

BOOST_AUTO_TEST_CASE(pace_of_no_answer_is_no_pace)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.wait(1ms);
    fixture.link.paced(fixture.now);
    BOOST_TEST(fixture.link.depth() == 100);
}

BOOST_AUTO_TEST_CASE(jobs_longer_than_the_budget_go_one_at_a_time)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.wait(1001us);
    fixture.answer(1);
    fixture.link.paced(fixture.now);
    BOOST_TEST(fixture.link.depth() == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_behind_a_head_that_runs_longer_than_the_patience)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.wait(9ms);
    BOOST_TEST(fixture.link.room(fixture.now));
    fixture.wait(1ms);
    BOOST_TEST(!fixture.link.room(fixture.now));
    fixture.answer(1);
    BOOST_TEST(fixture.link.room(fixture.now));
}

// Answers ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(answer_gives_the_job_back_as_it_was_sent)
{
    link_fixture fixture;
    fixture.send(7, 5s);
    BOOST_TEST(fixture.answer(7) == "finished");
    BOOST_TEST(fixture.out.id == 7);
    BOOST_TEST(fixture.out.what == &fixture);
    BOOST_TEST((fixture.out.timeout == 5s));
    BOOST_TEST(!fixture.out.asked);
    BOOST_TEST(fixture.link.idle());
}

BOOST_AUTO_TEST_CASE(first_unanswered_job_is_the_head_since_it_is_first)
{
    link_fixture fixture;
    BOOST_TEST(fixture.link.head() == nullptr);
    auto const start = fixture.now;
    fixture.send({1, 2});
    BOOST_TEST(fixture.link.head()->id == 1);
    fixture.wait(3ms);
    BOOST_TEST((fixture.link.head_since() == start));
    fixture.answer(1);
    BOOST_TEST(fixture.link.head()->id == 2);
    BOOST_TEST((fixture.link.head_since() == start + 3ms));
}

BOOST_AUTO_TEST_CASE(answer_out_of_order_is_a_violation)
{
    link_fixture fixture;
    fixture.send({1, 2});
    BOOST_TEST(fixture.answer(2) == "violation");
    BOOST_TEST(fixture.link.in_flight() == 2);
    BOOST_TEST(fixture.link.head()->id == 1);
}

BOOST_AUTO_TEST_CASE(second_answer_is_a_violation)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.answer(1);
    BOOST_TEST(fixture.answer(1) == "violation");
    BOOST_TEST(fixture.not_begun(1) == "violation");
    BOOST_TEST(fixture.link.in_flight() == 1);
}

BOOST_AUTO_TEST_CASE(answer_of_an_unknown_id_is_a_violation)
{
    link_fixture fixture;
    BOOST_TEST(fixture.answer(1) == "violation");
    BOOST_TEST(fixture.not_begun(1) == "violation");
    fixture.send(2);
    BOOST_TEST(fixture.answer(1) == "violation");
    BOOST_TEST(fixture.not_begun(1) == "violation");
}

BOOST_AUTO_TEST_CASE(answer_to_a_request_that_is_not_written_to_its_end_is_a_violation)
{
    link_fixture fixture;
    fixture.writes = false;
    fixture.send(1);
    fixture.ask(1);
    fixture.link.written(fixture.sent - 1);
    BOOST_TEST(fixture.answer(1) == "violation");
    BOOST_TEST(fixture.not_begun(1) == "violation");
    fixture.link.written(fixture.sent);
    BOOST_TEST(fixture.answer(1) == "finished; resume");
}

BOOST_AUTO_TEST_CASE(not_begun_without_a_cancel_is_a_violation)
{
    link_fixture fixture;
    fixture.send({1, 2});
    BOOST_TEST(fixture.not_begun(1) == "violation");
    BOOST_TEST(fixture.not_begun(2) == "violation");
    BOOST_TEST(fixture.link.in_flight() == 2);
}

BOOST_AUTO_TEST_CASE(not_begun_of_a_job_sent_after_the_cancel_is_a_violation)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(2);
    BOOST_TEST(fixture.not_begun(2) == "stopped; resume");
    fixture.send(3);
    BOOST_TEST(fixture.not_begun(3) == "violation");
}

// Timeouts -----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(job_that_exceeds_its_timeout_is_asked_to_stop)
{
    link_fixture fixture;
    fixture.send(1, 5s);
    BOOST_TEST(fixture.next_ms() == 5000);
    BOOST_TEST(fixture.wait(4999ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "cancel 1");
    BOOST_TEST(fixture.next_ms() == 2000);
    BOOST_TEST(fixture.answer(1) == "finished; resume");
    BOOST_TEST((fixture.out.asked == errc::job_timeout));
}

BOOST_AUTO_TEST_CASE(timeout_counts_from_when_the_job_is_the_head)
{
    link_fixture fixture({.options = {.kill_grace = 2s, .patience = 1h}});
    fixture.send(1);
    fixture.send(2, 5s);
    BOOST_TEST(fixture.wait(6s) == "");
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.next_ms() == 5000);
    BOOST_TEST(fixture.wait(4999ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "cancel 2");
}

BOOST_AUTO_TEST_CASE(job_without_a_timeout_runs_for_ever)
{
    link_fixture fixture;
    fixture.send(1);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(10'000h) == "");
}

BOOST_AUTO_TEST_CASE(timeout_longer_than_the_clock_never_comes)
{
    link_fixture fixture;
    fixture.send(1, link_state::duration::max());
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(1h) == "");
}

BOOST_AUTO_TEST_CASE(job_that_was_asked_to_stop_keeps_the_first_reason)
{
    link_fixture fixture;
    fixture.send(1, 1s);
    fixture.ask(1);
    BOOST_TEST(fixture.wait(1s) == "");
    BOOST_TEST(fixture.ask(1, errc::job_timeout) == "");
    BOOST_TEST(fixture.answer(1) == "finished; resume");
    BOOST_TEST((fixture.out.asked == boost::asio::error::operation_aborted));
}

BOOST_AUTO_TEST_SUITE_END()
