// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Jobs that are asked to stop, the bar, recalls, and kills.

#include "unit/support/link_fixture.hpp"

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
    link_fixture fixture;
    fixture.send(1);
    BOOST_TEST(!fixture.link.ask(2, errc::job_timeout, fixture.now));
    BOOST_TEST((fixture.link.poll().what == link_state::act::none));
    BOOST_TEST(!fixture.link.barred());
}

BOOST_AUTO_TEST_CASE(running_job_is_canceled_and_answers)
{
    link_fixture fixture;
    fixture.send(1);
    BOOST_TEST(fixture.ask(1) == "cancel 1");
    BOOST_TEST(fixture.link.barred());
    BOOST_TEST(fixture.answer(1) == "finished; resume");
    BOOST_TEST((fixture.out.asked == boost::asio::error::operation_aborted));
    BOOST_TEST(!fixture.link.barred());
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(waiting_job_is_canceled_and_never_runs)
{
    link_fixture fixture;
    fixture.send({1, 2});
    BOOST_TEST(fixture.ask(2) == "cancel 2");
    BOOST_TEST(fixture.not_begun(2) == "stopped; resume");
    BOOST_TEST(fixture.out.id == 2);
    BOOST_TEST((fixture.out.asked == boost::asio::error::operation_aborted));
    BOOST_TEST(fixture.answer(1) == "finished");
}

BOOST_AUTO_TEST_CASE(jobs_behind_a_canceled_one_come_back)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.ask(1);
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.not_begun(3) == "returned");
    BOOST_TEST(!fixture.out.asked);
    BOOST_TEST(fixture.answer(1) == "finished; resume");
}

BOOST_AUTO_TEST_CASE(jobs_behind_may_come_back_after_the_answer_and_the_resume)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(1);
    BOOST_TEST(fixture.answer(1) == "finished; resume");
    fixture.send(3);
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.answer(3) == "finished");
}

BOOST_AUTO_TEST_CASE(cancel_that_comes_too_late_hits_nothing)
{
    link_fixture fixture;
    fixture.send({1, 2});
    BOOST_TEST(fixture.ask(1) == "cancel 1");
    // The worker had answered 1 and begun 2 before it took note.
    BOOST_TEST(fixture.answer(1) == "finished; resume");
    BOOST_TEST(fixture.answer(2) == "finished");
    BOOST_TEST(!fixture.out.asked);
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_while_the_bar_is_up)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(2);
    BOOST_TEST(!fixture.link.room(fixture.now));
    fixture.answer(1);
    BOOST_TEST(!fixture.link.room(fixture.now));
    fixture.not_begun(2);
    BOOST_TEST(fixture.link.room(fixture.now));
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_before_the_resume_is)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(1);
    // The shell has more to take note of before it polls. What it would send now, the worker would
    // read before the resume, and put aside.
    fixture.link.answered(1, link_state::answer::done, fixture.out, fixture.now);
    BOOST_TEST(!fixture.link.room(fixture.now));
    BOOST_TEST((fixture.link.poll().what == link_state::act::send_resume));
    BOOST_TEST(fixture.link.room(fixture.now));
}

BOOST_AUTO_TEST_CASE(bar_is_lifted_when_every_canceled_job_is_answered)
{
    link_fixture fixture;
    fixture.send({1, 2, 3, 4});
    BOOST_TEST(fixture.ask(3) == "cancel 3");
    BOOST_TEST(fixture.ask(1) == "cancel 1");
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.not_begun(3) == "stopped");
    BOOST_TEST(fixture.not_begun(4) == "returned");
    BOOST_TEST(fixture.answer(1) == "finished; resume");
}

BOOST_AUTO_TEST_CASE(several_asked_at_once_are_canceled_one_by_one)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.link.ask(3, errc::job_timeout, fixture.now);
    BOOST_TEST(fixture.ask(1) == "cancel 1; cancel 3");
}

BOOST_AUTO_TEST_CASE(cancel_before_the_resume_was_sent_takes_its_place)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(1);
    fixture.link.answered(1, link_state::answer::done, fixture.out, fixture.now);
    BOOST_TEST(fixture.ask(2) == "cancel 2");
    BOOST_TEST(fixture.link.barred());
    BOOST_TEST(fixture.not_begun(2) == "stopped; resume");
}

BOOST_AUTO_TEST_CASE(job_answered_before_its_cancel_was_sent_is_not_canceled)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.link.ask(1, errc::job_timeout, fixture.now);
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST((fixture.out.asked == errc::job_timeout));
    BOOST_TEST(!fixture.link.barred());
}

// Kills --------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(job_that_does_not_stop_has_its_worker_killed)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.ask(1);
    BOOST_TEST(fixture.next_ms() == 2000);
    fixture.not_begun(2);
    BOOST_TEST(fixture.wait(1999ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "kill");
    BOOST_TEST((fixture.link.why_killed() == verdict::asked));
    BOOST_TEST(fixture.ended() == "1 killed, 3 returned");
}

BOOST_AUTO_TEST_CASE(kill_clock_of_a_waiting_job_starts_when_it_is_the_head)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(2);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(1h) == "");
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.next_ms() == 2000);
    BOOST_TEST(fixture.wait(2s) == "kill");
}

BOOST_AUTO_TEST_CASE(kill_clock_ends_with_its_job)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(1);
    fixture.wait(1999ms);
    fixture.answer(1);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.wait(1h) == "");
    BOOST_TEST((fixture.link.state() == phase::ready));
}

BOOST_AUTO_TEST_CASE(timeout_without_grace_kills_at_once)
{
    link_fixture fixture({.options = {.kill_grace = 0s}});
    fixture.send(1, 1s);
    BOOST_TEST(fixture.wait(1s) == "kill");
    BOOST_TEST(fixture.ended() == "1 killed");
    BOOST_TEST((fixture.out.asked == errc::job_timeout));
}

BOOST_AUTO_TEST_CASE(answer_that_was_on_its_way_when_the_worker_was_killed_counts)
{
    link_fixture fixture({.options = {.kill_grace = 0s}});
    fixture.send(1, 1s);
    fixture.send(2);
    BOOST_TEST(fixture.wait(1s) == "kill");
    // Its cancel was never sent, and there is none to send any more.
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.ended() == "2 failed");
}

BOOST_AUTO_TEST_CASE(answers_after_a_kill_lead_to_nothing_that_is_sent)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(1);
    BOOST_TEST(fixture.kill(verdict::dropped) == "kill");
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.kill(verdict::violation) == "");
    BOOST_TEST((fixture.link.why_killed() == verdict::dropped));
}

BOOST_AUTO_TEST_CASE(kill_takes_the_place_of_what_was_to_be_sent)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.link.ask(2, errc::job_timeout, fixture.now);
    BOOST_TEST(fixture.kill(verdict::violation) == "kill");
    BOOST_TEST(fixture.wait(1h) == "");
    BOOST_TEST(fixture.ended() == "1 failed, 2 stopped");
}

BOOST_AUTO_TEST_CASE(kill_takes_the_place_of_a_resume)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.ask(1);
    fixture.link.answered(1, link_state::answer::done, fixture.out, fixture.now);
    BOOST_TEST(fixture.kill(verdict::dropped) == "kill");
}

BOOST_AUTO_TEST_CASE(kill_takes_the_place_of_a_recall)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.now += 10ms;
    fixture.link.tick(fixture.now);
    BOOST_TEST(fixture.kill(verdict::dropped) == "kill");
}

BOOST_AUTO_TEST_CASE(kill_takes_the_place_of_closing_the_input)
{
    link_fixture fixture;
    fixture.link.retire(fixture.now);
    BOOST_TEST(fixture.kill(verdict::dropped) == "kill");
}

BOOST_AUTO_TEST_CASE(
    running_job_that_was_asked_to_stop_fails_when_its_worker_is_killed_for_another_reason)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.ask(1);
    fixture.kill(verdict::violation);
    BOOST_TEST(fixture.ended() == "1 failed");
}

BOOST_AUTO_TEST_CASE(job_asked_to_stop_after_the_kill_does_not_go_elsewhere)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.kill(verdict::dropped);
    BOOST_TEST(fixture.ask(2) == "");
    BOOST_TEST(fixture.ended() == "1 failed, 2 stopped, 3 returned");
}

// Recalls ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(jobs_behind_a_long_one_are_recalled)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    BOOST_TEST(fixture.next_ms() == 10);
    BOOST_TEST(fixture.wait(9999us) == "");
    BOOST_TEST(fixture.wait(1us) == "cancel 0");
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.not_begun(3) == "returned; resume");
    BOOST_TEST(!fixture.link.room(fixture.now));
    BOOST_TEST(fixture.wait(1h) == "");
    BOOST_TEST(fixture.answer(1) == "finished");
}

BOOST_AUTO_TEST_CASE(long_job_with_nothing_behind_it_recalls_nothing)
{
    link_fixture fixture;
    fixture.send(1);
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(1h) == "");
    BOOST_TEST(!fixture.link.barred());
}

BOOST_AUTO_TEST_CASE(patience_starts_afresh_with_each_head)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.wait(9ms);
    fixture.answer(1);
    BOOST_TEST(fixture.wait(9ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "cancel 0");
}

BOOST_AUTO_TEST_CASE(recall_ends_as_well_when_its_jobs_run_after_all)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.wait(10ms);
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.answer(2) == "finished; resume");
    BOOST_TEST(fixture.answer(3) == "finished");
    BOOST_TEST(fixture.link.room(fixture.now));
}

BOOST_AUTO_TEST_CASE(recall_is_not_needed_while_the_bar_is_up_already)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.ask(3);
    BOOST_TEST(fixture.wait(10ms) == "");
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.not_begun(3) == "stopped; resume");
}

BOOST_AUTO_TEST_CASE(recall_is_not_needed_when_a_cancel_is_to_be_sent)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.link.ask(3, errc::job_timeout, fixture.now);
    BOOST_TEST(fixture.wait(10ms) == "cancel 3");
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.not_begun(3) == "stopped; resume");
}

BOOST_AUTO_TEST_CASE(bar_stays_after_a_recall_until_a_canceled_job_is_answered)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.wait(10ms);
    BOOST_TEST(fixture.ask(1) == "cancel 1");
    BOOST_TEST(fixture.not_begun(2) == "returned");
    BOOST_TEST(fixture.answer(1) == "finished; resume");
}

BOOST_AUTO_TEST_CASE(recall_takes_the_place_of_a_resume_that_was_not_sent)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.ask(3);
    fixture.wait(10ms);
    fixture.link.answered(3, link_state::answer::not_begun, fixture.out, fixture.now);
    // The bar was to be lifted, but 2 is still behind a long job.
    BOOST_TEST(fixture.wait(1ms) == "cancel 0");
    BOOST_TEST(fixture.not_begun(2) == "returned; resume");
}

BOOST_AUTO_TEST_CASE(recall_that_has_nothing_left_to_bring_back_is_not_sent)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.now += 10ms;
    fixture.link.tick(fixture.now);
    // Before the shell polls, it reads that both have run.
    fixture.link.answered(1, link_state::answer::done, fixture.out, fixture.now);
    BOOST_TEST(fixture.answer(2) == "finished");
    BOOST_TEST(!fixture.link.barred());
    BOOST_TEST(fixture.link.room(fixture.now));
}

BOOST_AUTO_TEST_CASE(patience_longer_than_the_clock_never_ends)
{
    link_fixture fixture({.options = {.kill_grace = 2s, .patience = link_state::duration::max()}});
    fixture.send({1, 2});
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.wait(1h) == "");
}

BOOST_AUTO_TEST_SUITE_END()
