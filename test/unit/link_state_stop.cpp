// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Jobs that are asked to stop, the bar, recalls, and kills.

#include "link_desk.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace leasepool::detail::test;
using leasepool::errc;
using leasepool::detail::link_state;
using phase = link_state::phase;
using verdict = link_state::verdict;

}  // namespace

BOOST_AUTO_TEST_SUITE(link_state_stop)

// Asking -------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(asking_for_a_job_that_is_not_here_does_nothing)
{
    link_desk desk;
    desk.send(1);
    BOOST_TEST(!desk.link.ask(2, errc::job_timeout, desk.now));
    BOOST_TEST((desk.link.poll().what == link_state::act::none));
    BOOST_TEST(!desk.link.barred());
}

BOOST_AUTO_TEST_CASE(running_job_is_cancelled_and_answers)
{
    link_desk desk;
    desk.send(1);
    BOOST_TEST(desk.ask(1) == "cancel 1");
    BOOST_TEST(desk.link.barred());
    BOOST_TEST(desk.answer(1) == "finished; resume");
    BOOST_TEST((desk.out.asked == boost::asio::error::operation_aborted));
    BOOST_TEST(!desk.link.barred());
    BOOST_TEST(desk.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(waiting_job_is_cancelled_and_never_runs)
{
    link_desk desk;
    desk.send({1, 2});
    BOOST_TEST(desk.ask(2) == "cancel 2");
    BOOST_TEST(desk.not_begun(2) == "stopped; resume");
    BOOST_TEST(desk.out.id == 2);
    BOOST_TEST((desk.out.asked == boost::asio::error::operation_aborted));
    BOOST_TEST(desk.answer(1) == "finished");
}

BOOST_AUTO_TEST_CASE(jobs_behind_a_cancelled_one_come_back)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.ask(1);
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.not_begun(3) == "returned");
    BOOST_TEST(!desk.out.asked);
    BOOST_TEST(desk.answer(1) == "finished; resume");
}

BOOST_AUTO_TEST_CASE(jobs_behind_may_come_back_after_the_answer_and_the_resume)
{
    link_desk desk;
    desk.send({1, 2});
    desk.ask(1);
    BOOST_TEST(desk.answer(1) == "finished; resume");
    desk.send(3);
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.answer(3) == "finished");
}

BOOST_AUTO_TEST_CASE(cancel_that_comes_too_late_hits_nothing)
{
    link_desk desk;
    desk.send({1, 2});
    BOOST_TEST(desk.ask(1) == "cancel 1");
    // The worker had answered 1 and begun 2 before it took note.
    BOOST_TEST(desk.answer(1) == "finished; resume");
    BOOST_TEST(desk.answer(2) == "finished");
    BOOST_TEST(!desk.out.asked);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_while_the_bar_is_up)
{
    link_desk desk;
    desk.send({1, 2});
    desk.ask(2);
    BOOST_TEST(!desk.link.room(desk.now));
    desk.answer(1);
    BOOST_TEST(!desk.link.room(desk.now));
    desk.not_begun(2);
    BOOST_TEST(desk.link.room(desk.now));
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_before_the_resume_is)
{
    link_desk desk;
    desk.send({1, 2});
    desk.ask(1);
    // The shell has more to take note of before it polls. What it would send now, the worker would
    // read before the resume, and put aside.
    desk.link.answered(1, link_state::answer::done, desk.out, desk.now);
    BOOST_TEST(!desk.link.room(desk.now));
    BOOST_TEST((desk.link.poll().what == link_state::act::send_resume));
    BOOST_TEST(desk.link.room(desk.now));
}

BOOST_AUTO_TEST_CASE(bar_is_lifted_when_every_cancelled_job_is_answered)
{
    link_desk desk;
    desk.send({1, 2, 3, 4});
    BOOST_TEST(desk.ask(3) == "cancel 3");
    BOOST_TEST(desk.ask(1) == "cancel 1");
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.not_begun(3) == "stopped");
    BOOST_TEST(desk.not_begun(4) == "returned");
    BOOST_TEST(desk.answer(1) == "finished; resume");
}

BOOST_AUTO_TEST_CASE(several_asked_at_once_are_cancelled_one_by_one)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.link.ask(3, errc::job_timeout, desk.now);
    BOOST_TEST(desk.ask(1) == "cancel 1; cancel 3");
}

BOOST_AUTO_TEST_CASE(cancel_before_the_resume_was_sent_takes_its_place)
{
    link_desk desk;
    desk.send({1, 2});
    desk.ask(1);
    desk.link.answered(1, link_state::answer::done, desk.out, desk.now);
    BOOST_TEST(desk.ask(2) == "cancel 2");
    BOOST_TEST(desk.link.barred());
    BOOST_TEST(desk.not_begun(2) == "stopped; resume");
}

BOOST_AUTO_TEST_CASE(job_answered_before_its_cancel_was_sent_is_not_cancelled)
{
    link_desk desk;
    desk.send({1, 2});
    desk.link.ask(1, errc::job_timeout, desk.now);
    BOOST_TEST(desk.answer(1) == "finished");
    BOOST_TEST((desk.out.asked == errc::job_timeout));
    BOOST_TEST(!desk.link.barred());
}

// Kills --------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(job_that_does_not_stop_has_its_worker_killed)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.ask(1);
    BOOST_TEST(desk.next_ms() == 2000);
    desk.not_begun(2);
    BOOST_TEST(desk.wait(1999ms) == "");
    BOOST_TEST(desk.wait(1ms) == "kill");
    BOOST_TEST((desk.link.why_killed() == verdict::asked));
    BOOST_TEST(desk.ended() == "1 stopped, 3 returned");
}

BOOST_AUTO_TEST_CASE(kill_clock_of_a_waiting_job_starts_when_it_is_the_head)
{
    link_desk desk;
    desk.send({1, 2});
    desk.ask(2);
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.wait(1h) == "");
    BOOST_TEST(desk.answer(1) == "finished");
    BOOST_TEST(desk.next_ms() == 2000);
    BOOST_TEST(desk.wait(2s) == "kill");
}

BOOST_AUTO_TEST_CASE(kill_clock_ends_with_its_job)
{
    link_desk desk;
    desk.send({1, 2});
    desk.ask(1);
    desk.wait(1999ms);
    desk.answer(1);
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.wait(1h) == "");
    BOOST_TEST((desk.link.state() == phase::ready));
}

BOOST_AUTO_TEST_CASE(timeout_without_grace_kills_at_once)
{
    link_desk desk({.options = {.kill_grace = 0s}});
    desk.send(1, 1s);
    BOOST_TEST(desk.wait(1s) == "kill");
    BOOST_TEST(desk.ended() == "1 stopped");
    BOOST_TEST((desk.out.asked == errc::job_timeout));
}

BOOST_AUTO_TEST_CASE(answer_that_was_on_its_way_when_the_worker_was_killed_counts)
{
    link_desk desk({.options = {.kill_grace = 0s}});
    desk.send(1, 1s);
    desk.send(2);
    BOOST_TEST(desk.wait(1s) == "kill");
    // Its cancel was never sent, and there is none to send any more.
    BOOST_TEST(desk.answer(1) == "finished");
    BOOST_TEST(desk.ended() == "2 failed");
}

BOOST_AUTO_TEST_CASE(answers_after_a_kill_lead_to_nothing_that_is_sent)
{
    link_desk desk;
    desk.send({1, 2});
    desk.ask(1);
    BOOST_TEST(desk.kill(verdict::dropped) == "kill");
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.answer(1) == "finished");
    BOOST_TEST(desk.kill(verdict::violation) == "");
    BOOST_TEST((desk.link.why_killed() == verdict::dropped));
}

BOOST_AUTO_TEST_CASE(kill_takes_the_place_of_what_was_to_be_sent)
{
    link_desk desk;
    desk.send({1, 2});
    desk.link.ask(2, errc::job_timeout, desk.now);
    BOOST_TEST(desk.kill(verdict::violation) == "kill");
    BOOST_TEST(desk.wait(1h) == "");
    BOOST_TEST(desk.ended() == "1 failed, 2 stopped");
}

BOOST_AUTO_TEST_CASE(kill_takes_the_place_of_a_resume)
{
    link_desk desk;
    desk.send(1);
    desk.ask(1);
    desk.link.answered(1, link_state::answer::done, desk.out, desk.now);
    BOOST_TEST(desk.kill(verdict::dropped) == "kill");
}

BOOST_AUTO_TEST_CASE(kill_takes_the_place_of_a_recall)
{
    link_desk desk;
    desk.send({1, 2});
    desk.now += 10ms;
    desk.link.tick(desk.now);
    BOOST_TEST(desk.kill(verdict::dropped) == "kill");
}

BOOST_AUTO_TEST_CASE(kill_takes_the_place_of_closing_the_input)
{
    link_desk desk;
    desk.link.retire(desk.now);
    BOOST_TEST(desk.kill(verdict::dropped) == "kill");
}

BOOST_AUTO_TEST_CASE(
    running_job_that_was_asked_to_stop_fails_when_its_worker_is_killed_for_another_reason)
{
    link_desk desk;
    desk.send(1);
    desk.ask(1);
    desk.kill(verdict::violation);
    BOOST_TEST(desk.ended() == "1 failed");
}

BOOST_AUTO_TEST_CASE(job_asked_to_stop_after_the_kill_does_not_go_elsewhere)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.kill(verdict::dropped);
    BOOST_TEST(desk.ask(2) == "");
    BOOST_TEST(desk.ended() == "1 failed, 2 stopped, 3 returned");
}

// Recalls ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(jobs_behind_a_long_one_are_recalled)
{
    link_desk desk;
    desk.send({1, 2, 3});
    BOOST_TEST(desk.next_ms() == 10);
    BOOST_TEST(desk.wait(9999us) == "");
    BOOST_TEST(desk.wait(1us) == "cancel 0");
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.not_begun(3) == "returned; resume");
    BOOST_TEST(!desk.link.room(desk.now));
    BOOST_TEST(desk.wait(1h) == "");
    BOOST_TEST(desk.answer(1) == "finished");
}

BOOST_AUTO_TEST_CASE(long_job_with_nothing_behind_it_recalls_nothing)
{
    link_desk desk;
    desk.send(1);
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.wait(1h) == "");
    BOOST_TEST(!desk.link.barred());
}

BOOST_AUTO_TEST_CASE(patience_starts_afresh_with_each_head)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.wait(9ms);
    desk.answer(1);
    BOOST_TEST(desk.wait(9ms) == "");
    BOOST_TEST(desk.wait(1ms) == "cancel 0");
}

BOOST_AUTO_TEST_CASE(recall_ends_as_well_when_its_jobs_run_after_all)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.wait(10ms);
    BOOST_TEST(desk.answer(1) == "finished");
    BOOST_TEST(desk.answer(2) == "finished; resume");
    BOOST_TEST(desk.answer(3) == "finished");
    BOOST_TEST(desk.link.room(desk.now));
}

BOOST_AUTO_TEST_CASE(recall_is_not_needed_while_the_bar_is_up_already)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.ask(3);
    BOOST_TEST(desk.wait(10ms) == "");
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.not_begun(3) == "stopped; resume");
}

BOOST_AUTO_TEST_CASE(recall_is_not_needed_when_a_cancel_is_to_be_sent)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.link.ask(3, errc::job_timeout, desk.now);
    BOOST_TEST(desk.wait(10ms) == "cancel 3");
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.not_begun(3) == "stopped; resume");
}

BOOST_AUTO_TEST_CASE(bar_stays_after_a_recall_until_a_cancelled_job_is_answered)
{
    link_desk desk;
    desk.send({1, 2});
    desk.wait(10ms);
    BOOST_TEST(desk.ask(1) == "cancel 1");
    BOOST_TEST(desk.not_begun(2) == "returned");
    BOOST_TEST(desk.answer(1) == "finished; resume");
}

BOOST_AUTO_TEST_CASE(recall_takes_the_place_of_a_resume_that_was_not_sent)
{
    link_desk desk;
    desk.send({1, 2, 3});
    desk.ask(3);
    desk.wait(10ms);
    desk.link.answered(3, link_state::answer::not_begun, desk.out, desk.now);
    // The bar was to be lifted, but 2 is still behind a long job.
    BOOST_TEST(desk.wait(1ms) == "cancel 0");
    BOOST_TEST(desk.not_begun(2) == "returned; resume");
}

BOOST_AUTO_TEST_CASE(recall_that_has_nothing_left_to_bring_back_is_not_sent)
{
    link_desk desk;
    desk.send({1, 2});
    desk.now += 10ms;
    desk.link.tick(desk.now);
    // Before the shell polls, it reads that both have run.
    desk.link.answered(1, link_state::answer::done, desk.out, desk.now);
    BOOST_TEST(desk.answer(2) == "finished");
    BOOST_TEST(!desk.link.barred());
    BOOST_TEST(desk.link.room(desk.now));
}

BOOST_AUTO_TEST_CASE(patience_longer_than_the_clock_never_ends)
{
    link_desk desk({.options = {.kill_grace = 2s, .patience = link_state::duration::max()}});
    desk.send({1, 2});
    BOOST_TEST(desk.next_ms() == -1);
    BOOST_TEST(desk.wait(1h) == "");
}

BOOST_AUTO_TEST_SUITE_END()
