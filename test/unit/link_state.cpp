// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A worker that starts, and is sent jobs, and answers them.

#include "link_desk.hpp"

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
    link_desk desk(usual);
    BOOST_TEST((desk.link.state() == phase::starting));
    BOOST_TEST(!desk.link.room(desk.now));
    BOOST_TEST(!desk.link.idle());
    BOOST_TEST(desk.next_ms() == 30'000);
}

BOOST_AUTO_TEST_CASE(ready_worker_has_room_and_no_deadline)
{
    link_desk desk(usual);
    BOOST_TEST(desk.ready() == "");
    BOOST_TEST((desk.link.state() == phase::ready));
    BOOST_TEST(desk.link.room(desk.now));
    BOOST_TEST(desk.link.idle());
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.wait(1h) == "");
}

BOOST_AUTO_TEST_CASE(worker_that_is_not_ready_in_time_is_killed)
{
    link_desk desk(usual);
    BOOST_TEST(desk.wait(29'999ms) == "");
    BOOST_TEST(desk.wait(1ms) == "kill");
    BOOST_TEST((desk.link.state() == phase::killing));
    BOOST_TEST((desk.link.why_killed() == verdict::start_timeout));
    BOOST_TEST(desk.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(ready_after_the_kill_does_not_bring_it_back)
{
    link_desk desk(usual);
    desk.wait(30s);
    BOOST_TEST(desk.ready() == "");
    BOOST_TEST((desk.link.state() == phase::killing));
    BOOST_TEST(!desk.link.room(desk.now));
}

BOOST_AUTO_TEST_CASE(startup_timeout_longer_than_the_clock_never_comes)
{
    link_desk desk(link_state::options{.startup_timeout = link_state::duration::max()});
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.wait(1h) == "");
}

// One at a time, or several ------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_without_pipelining_gets_one_job_at_a_time)
{
    link_desk desk({.pipelining = false});
    for (std::uint64_t id = 1; id != 4; ++id) {
        desk.send(id);
        BOOST_TEST(!desk.link.room(desk.now));
        desk.wait(1us);
        BOOST_TEST(desk.answer(id) == "finished");
        desk.link.paced(desk.now);
    }
    BOOST_TEST(desk.link.depth() == 1);
}

BOOST_AUTO_TEST_CASE(worker_that_pipelines_gets_one_job_until_its_pace_is_known)
{
    link_desk desk(usual);
    desk.ready(true);
    desk.send(1);
    BOOST_TEST(!desk.link.room(desk.now));
    desk.wait(10us);
    desk.answer(1);
    desk.link.paced(desk.now);
    BOOST_TEST(desk.link.depth() == 100);
    desk.send({2, 3});
    BOOST_TEST(desk.link.room(desk.now));
}

BOOST_AUTO_TEST_CASE(jobs_in_flight_are_bounded_by_the_budget)
{
    link_desk desk;
    for (std::uint64_t id = 1; id <= 100; ++id)
        desk.send(id);
    BOOST_TEST(!desk.link.room(desk.now));
    desk.answer(1);
    BOOST_TEST(desk.link.room(desk.now));
}

BOOST_AUTO_TEST_CASE(jobs_in_flight_are_bounded_by_their_number)
{
    link_desk desk({.options = {.startup_timeout = 30s, .kill_grace = 2s, .max_in_flight = 3}});
    BOOST_TEST(desk.link.depth() == 3);
    desk.send({1, 2, 3});
    BOOST_TEST(!desk.link.room(desk.now));
}

BOOST_AUTO_TEST_CASE(jobs_that_take_no_time_do_not_divide_by_zero)
{
    link_desk desk(usual);
    desk.ready(true);
    desk.send(1);
    desk.answer(1);
    desk.link.paced(desk.now);
    BOOST_TEST(desk.link.depth() == 512);
}

BOOST_AUTO_TEST_CASE(slower_jobs_count_at_once)
{
    link_desk desk;
    desk.send({1, 2});
    desk.wait(200us);
    desk.answer(1);
    desk.answer(2);
    desk.link.paced(desk.now);
    BOOST_TEST(desk.link.depth() == 10);
}

BOOST_AUTO_TEST_CASE(faster_jobs_count_by_and_by)
{
    link_desk desk;
    desk.send(1);
    desk.wait(2us);
    desk.answer(1);
    desk.link.paced(desk.now);
    BOOST_TEST(desk.link.depth() == 125);  // 8us: a quarter of the way from 10us to 2us
}

BOOST_AUTO_TEST_CASE(time_without_a_job_is_not_part_of_the_pace)
{
    link_desk desk;
    desk.wait(1h);
    desk.send(1);
    desk.wait(10us);
    desk.answer(1);
    desk.link.paced(desk.now);
    BOOST_TEST(desk.link.depth() == 100);
}

BOOST_AUTO_TEST_CASE(pace_counts_from_the_answers_before)
{
    link_desk desk;
    desk.send({1, 2});
    desk.wait(10us);
    desk.answer(1);
    desk.link.paced(desk.now);
    desk.wait(10us);
    desk.answer(2);
    desk.link.paced(desk.now);
    BOOST_TEST(desk.link.depth() == 100);
}

BOOST_AUTO_TEST_CASE(pace_of_no_answer_is_no_pace)
{
    link_desk desk;
    desk.send(1);
    desk.wait(1ms);
    desk.link.paced(desk.now);
    BOOST_TEST(desk.link.depth() == 100);
}

BOOST_AUTO_TEST_CASE(jobs_longer_than_the_budget_go_one_at_a_time)
{
    link_desk desk;
    desk.send(1);
    desk.wait(1001us);
    desk.answer(1);
    desk.link.paced(desk.now);
    BOOST_TEST(desk.link.depth() == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_behind_a_head_that_runs_longer_than_the_patience)
{
    link_desk desk;
    desk.send(1);
    desk.wait(9ms);
    BOOST_TEST(desk.link.room(desk.now));
    desk.wait(1ms);
    BOOST_TEST(!desk.link.room(desk.now));
    desk.answer(1);
    BOOST_TEST(desk.link.room(desk.now));
}

// Answers ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(answer_gives_the_job_back_as_it_was_sent)
{
    link_desk desk;
    desk.send(7, 5s);
    BOOST_TEST(desk.answer(7) == "finished");
    BOOST_TEST(desk.out.id == 7);
    BOOST_TEST(desk.out.what == &desk);
    BOOST_TEST((desk.out.timeout == 5s));
    BOOST_TEST(!desk.out.asked);
    BOOST_TEST(desk.link.idle());
}

BOOST_AUTO_TEST_CASE(first_unanswered_job_is_the_head_since_it_is_first)
{
    link_desk desk;
    BOOST_TEST(desk.link.head() == nullptr);
    auto const start = desk.now;
    desk.send({1, 2});
    BOOST_TEST(desk.link.head()->id == 1);
    desk.wait(3ms);
    BOOST_TEST((desk.link.head_since() == start));
    desk.answer(1);
    BOOST_TEST(desk.link.head()->id == 2);
    BOOST_TEST((desk.link.head_since() == start + 3ms));
}

BOOST_AUTO_TEST_CASE(answer_out_of_order_is_a_violation)
{
    link_desk desk;
    desk.send({1, 2});
    BOOST_TEST(desk.answer(2) == "violation");
    BOOST_TEST(desk.link.in_flight() == 2);
    BOOST_TEST(desk.link.head()->id == 1);
}

BOOST_AUTO_TEST_CASE(second_answer_is_a_violation)
{
    link_desk desk;
    desk.send({1, 2});
    desk.answer(1);
    BOOST_TEST(desk.answer(1) == "violation");
    BOOST_TEST(desk.not_begun(1) == "violation");
    BOOST_TEST(desk.link.in_flight() == 1);
}

BOOST_AUTO_TEST_CASE(answer_of_an_unknown_id_is_a_violation)
{
    link_desk desk;
    BOOST_TEST(desk.answer(1) == "violation");
    BOOST_TEST(desk.not_begun(1) == "violation");
    desk.send(2);
    BOOST_TEST(desk.answer(1) == "violation");
    BOOST_TEST(desk.not_begun(1) == "violation");
}

BOOST_AUTO_TEST_CASE(answer_to_a_request_that_is_not_written_to_its_end_is_a_violation)
{
    link_desk desk;
    desk.writes = false;
    desk.send(1);
    desk.ask(1);
    desk.link.written(desk.sent - 1);
    BOOST_TEST(desk.answer(1) == "violation");
    BOOST_TEST(desk.not_begun(1) == "violation");
    desk.link.written(desk.sent);
    BOOST_TEST(desk.answer(1) == "finished; resume");
}

BOOST_AUTO_TEST_CASE(not_begun_without_a_cancel_is_a_violation)
{
    link_desk desk;
    desk.send({1, 2});
    BOOST_TEST(desk.not_begun(1) == "violation");
    BOOST_TEST(desk.not_begun(2) == "violation");
    BOOST_TEST(desk.link.in_flight() == 2);
}

BOOST_AUTO_TEST_CASE(not_begun_of_a_job_sent_after_the_cancel_is_a_violation)
{
    link_desk desk;
    desk.send({1, 2});
    desk.ask(2);
    BOOST_TEST(desk.not_begun(2) == "stopped; resume");
    desk.send(3);
    BOOST_TEST(desk.not_begun(3) == "violation");
}

// Timeouts -----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(job_that_exceeds_its_timeout_is_asked_to_stop)
{
    link_desk desk;
    desk.send(1, 5s);
    BOOST_TEST(desk.next_ms() == 5000);
    BOOST_TEST(desk.wait(4999ms) == "");
    BOOST_TEST(desk.wait(1ms) == "cancel 1");
    BOOST_TEST(desk.next_ms() == 2000);
    BOOST_TEST(desk.answer(1) == "finished; resume");
    BOOST_TEST((desk.out.asked == errc::job_timeout));
}

BOOST_AUTO_TEST_CASE(timeout_counts_from_when_the_job_is_the_head)
{
    link_desk desk({.options = {.kill_grace = 2s, .patience = 1h}});
    desk.send(1);
    desk.send(2, 5s);
    BOOST_TEST(desk.wait(6s) == "");
    BOOST_TEST(desk.answer(1) == "finished");
    BOOST_TEST(desk.next_ms() == 5000);
    BOOST_TEST(desk.wait(4999ms) == "");
    BOOST_TEST(desk.wait(1ms) == "cancel 2");
}

BOOST_AUTO_TEST_CASE(job_without_a_timeout_runs_for_ever)
{
    link_desk desk;
    desk.send(1);
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.wait(10'000h) == "");
}

BOOST_AUTO_TEST_CASE(timeout_longer_than_the_clock_never_comes)
{
    link_desk desk;
    desk.send(1, link_state::duration::max());
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.wait(1h) == "");
}

BOOST_AUTO_TEST_CASE(job_that_was_asked_to_stop_keeps_the_first_reason)
{
    link_desk desk;
    desk.send(1, 1s);
    desk.ask(1);
    BOOST_TEST(desk.wait(1s) == "");
    BOOST_TEST(desk.ask(1, errc::job_timeout) == "");
    BOOST_TEST(desk.answer(1) == "finished; resume");
    BOOST_TEST((desk.out.asked == boost::asio::error::operation_aborted));
}

BOOST_AUTO_TEST_SUITE_END()
