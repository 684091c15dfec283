// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Workers that are retired, close their pipes, or die.

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

BOOST_AUTO_TEST_SUITE(link_state_end)

// Retiring -----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(idle_worker_that_is_retired_has_its_input_closed)
{
    link_fixture fixture;
    BOOST_TEST(fixture.retire() == "close");
    BOOST_TEST((fixture.link.state() == phase::closing));
    BOOST_TEST(fixture.link.retiring());
    BOOST_TEST(!fixture.link.room(fixture.now));
    BOOST_TEST(!fixture.link.idle());
    BOOST_TEST(fixture.retire() == "");
}

BOOST_AUTO_TEST_CASE(retired_worker_answers_what_it_has_before_its_input_is_closed)
{
    link_fixture fixture;
    fixture.send({1, 2});
    BOOST_TEST(fixture.retire() == "");
    BOOST_TEST(!fixture.link.room(fixture.now));
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.answer(2) == "finished; close");
}

BOOST_AUTO_TEST_CASE(job_of_a_retired_worker_keeps_its_timeout)
{
    link_fixture fixture;
    fixture.send(1, 1s);
    fixture.retire();
    BOOST_TEST(fixture.wait(1s) == "cancel 1");
    BOOST_TEST(fixture.wait(2s) == "kill");
    BOOST_TEST((fixture.link.why_killed() == verdict::asked));
}

BOOST_AUTO_TEST_CASE(bar_of_a_retired_worker_is_lifted_before_its_input_is_closed)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.ask(1);
    fixture.retire();
    BOOST_TEST(fixture.answer(1) == "finished; resume; close");
}

BOOST_AUTO_TEST_CASE(worker_that_does_not_end_when_its_input_is_closed_is_killed)
{
    link_fixture fixture;
    fixture.retire();
    BOOST_TEST(fixture.next_ms() == 2000);
    BOOST_TEST(fixture.wait(1999ms) == "");
    BOOST_TEST(fixture.wait(1ms) == "kill");
    BOOST_TEST((fixture.link.why_killed() == verdict::overdue));
}

BOOST_AUTO_TEST_CASE(worker_retired_while_it_starts_is_closed_when_it_is_ready)
{
    link_fixture fixture(usual);
    BOOST_TEST(fixture.retire() == "");
    BOOST_TEST((fixture.link.state() == phase::starting));
    BOOST_TEST(fixture.ready() == "close");
}

BOOST_AUTO_TEST_CASE(worker_retired_while_it_starts_may_still_be_late)
{
    link_fixture fixture(usual);
    fixture.retire();
    BOOST_TEST(fixture.wait(30s) == "kill");
    BOOST_TEST((fixture.link.why_killed() == verdict::start_timeout));
}

// Pipes --------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_that_closes_a_pipe_has_to_end_soon)
{
    link_fixture fixture;
    BOOST_TEST(fixture.pipe_closed() == "");
    BOOST_TEST(!fixture.link.room(fixture.now));
    BOOST_TEST(!fixture.link.idle());
    BOOST_TEST(fixture.next_ms() == 2000);
    BOOST_TEST(fixture.wait(1s) == "");
    BOOST_TEST(fixture.pipe_closed() == "");  // the other one
    BOOST_TEST(fixture.next_ms() == 1000);
    BOOST_TEST(fixture.wait(1s) == "kill");
    BOOST_TEST((fixture.link.why_killed() == verdict::overdue));
}

BOOST_AUTO_TEST_CASE(worker_that_closes_a_pipe_was_not_retired)
{
    link_fixture fixture;
    fixture.pipe_closed();
    BOOST_TEST(!fixture.link.retiring());

    link_fixture starting(usual);
    starting.pipe_closed();
    BOOST_TEST(!starting.link.retiring());
    BOOST_TEST(starting.next_ms() == 2000);
}

BOOST_AUTO_TEST_CASE(answers_still_count_after_a_pipe_was_closed)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.pipe_closed();
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.next_ms() == 2000);
    BOOST_TEST(fixture.ended() == "2 failed, 3 returned");
}

BOOST_AUTO_TEST_CASE(closed_pipe_does_not_put_off_the_kill_of_a_job)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.ask(1);
    fixture.wait(1s);
    fixture.pipe_closed();
    BOOST_TEST(fixture.next_ms() == 1000);
    BOOST_TEST(fixture.wait(1s) == "kill");
}

BOOST_AUTO_TEST_CASE(pipe_closed_when_it_ends_as_it_should_changes_nothing)
{
    link_fixture fixture;
    fixture.retire();
    fixture.wait(1s);
    BOOST_TEST(fixture.pipe_closed() == "");
    BOOST_TEST(fixture.next_ms() == 1000);
}

// Death --------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(death_fails_the_head_and_returns_the_others)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    BOOST_TEST(fixture.ended() == "1 failed, 2 returned, 3 returned");
    BOOST_TEST(fixture.next_ms() == -1);
}

BOOST_AUTO_TEST_CASE(death_of_an_idle_worker_fails_nothing)
{
    link_fixture fixture;
    BOOST_TEST(fixture.ended() == "");
    BOOST_TEST((fixture.link.state() == phase::ended));
}

BOOST_AUTO_TEST_CASE(death_after_answers_fails_the_first_without)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.answer(1);
    BOOST_TEST(fixture.ended() == "2 failed, 3 returned");
}

BOOST_AUTO_TEST_CASE(job_whose_request_was_not_written_to_its_end_never_began)
{
    link_fixture fixture;
    fixture.writes = false;
    fixture.send({1, 2});
    fixture.link.written(fixture.sent - 11);
    BOOST_TEST(fixture.ended() == "1 returned, 2 returned");
}

BOOST_AUTO_TEST_CASE(job_whose_request_was_just_written_may_have_begun)
{
    link_fixture fixture;
    fixture.writes = false;
    fixture.send({1, 2});
    fixture.link.written(fixture.sent - 10);
    BOOST_TEST(fixture.ended() == "1 failed, 2 returned");
}

BOOST_AUTO_TEST_CASE(waiting_job_that_was_asked_to_stop_does_not_go_elsewhere)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.ask(2);
    BOOST_TEST(fixture.ended() == "1 failed, 2 stopped, 3 returned");
}

BOOST_AUTO_TEST_CASE(running_job_that_was_asked_to_stop_fails_when_its_worker_dies_of_itself)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(1);
    BOOST_TEST(fixture.ended() == "1 failed, 2 returned");
}

BOOST_AUTO_TEST_CASE(job_that_was_asked_to_stop_before_it_was_written_is_stopped)
{
    link_fixture fixture;
    fixture.writes = false;
    fixture.send(1);
    fixture.ask(1);
    BOOST_TEST(fixture.ended() == "1 stopped");
}

BOOST_AUTO_TEST_CASE(kill_meant_for_a_job_that_was_done_fails_the_next_if_it_may_have_begun)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.ask(1);
    BOOST_TEST(fixture.wait(2s) == "kill");
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.ended() == "2 failed, 3 returned");
}

// Breaking the protocol ----------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(violation_fails_the_head_and_the_next_which_may_have_begun)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    BOOST_TEST(fixture.answer(2) == "violation");
    BOOST_TEST(fixture.violated() == "kill");
    BOOST_TEST((fixture.link.why_killed() == verdict::violation));
    BOOST_TEST(fixture.ended() == "1 failed, 2 failed, 3 returned");
}

BOOST_AUTO_TEST_CASE(each_line_that_cannot_be_read_may_have_been_an_answer)
{
    link_fixture fixture;
    fixture.send({1, 2, 3, 4, 5});
    fixture.violated();
    BOOST_TEST(fixture.violated() == "");
    BOOST_TEST(fixture.ended() == "1 failed, 2 failed, 3 failed, 4 returned, 5 returned");
}

BOOST_AUTO_TEST_CASE(head_that_answers_behind_a_violation_fails_and_the_next_may_have_begun)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.violated();
    BOOST_TEST(fixture.answer(1) == "spoilt");
    BOOST_TEST(fixture.ended() == "2 failed, 3 returned");
}

BOOST_AUTO_TEST_CASE(jobs_that_are_done_behind_a_violation_are_done)
{
    link_fixture fixture;
    fixture.send({1, 2, 3, 4});
    fixture.violated();
    fixture.answer(1);
    BOOST_TEST(fixture.answer(2) == "finished");
    BOOST_TEST(fixture.ended() == "3 failed, 4 returned");
}

BOOST_AUTO_TEST_CASE(answer_that_skips_one_says_that_the_skipped_was_garbled)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.violated();
    BOOST_TEST(fixture.answer(2) == "spoilt");
    BOOST_TEST(fixture.out.id == 1u);
    BOOST_TEST(fixture.answer(2) == "finished");
    BOOST_TEST(fixture.ended() == "3 failed");
}

BOOST_AUTO_TEST_CASE(jobs_behind_what_cannot_be_read_any_more_may_all_have_begun)
{
    link_fixture fixture;
    fixture.writes = false;
    fixture.send({1, 2, 3});
    fixture.link.written(fixture.sent - 10);
    BOOST_TEST(fixture.violated(false) == "kill");
    BOOST_TEST(fixture.ended() == "1 failed, 2 failed, 3 returned");
}

BOOST_AUTO_TEST_CASE(jobs_of_a_worker_that_was_killed_may_all_have_run_if_its_answers_are_lost)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.kill(verdict::dropped);
    fixture.violated(false);
    BOOST_TEST((fixture.link.why_killed() == verdict::dropped));
    BOOST_TEST(fixture.ended() == "1 failed, 2 failed, 3 failed");
}

BOOST_AUTO_TEST_CASE(worker_that_is_killed_for_its_job_breaks_no_protocol_after_that)
{
    link_fixture fixture;
    fixture.send({1, 2});
    fixture.ask(1);
    BOOST_TEST(fixture.wait(2s) == "kill");
    BOOST_TEST(fixture.violated() == "");
    BOOST_TEST((fixture.link.why_killed() == verdict::asked));
    // The line may have been the answer of job 1.
    BOOST_TEST(fixture.ended() == "1 killed, 2 failed");
}

// Goodbye ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_that_says_goodbye_gives_its_jobs_back)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.answer(1);
    fixture.ask(3);
    BOOST_TEST(fixture.goodbye() == "2 returned, 3 stopped; close");
    BOOST_TEST(fixture.link.retiring());
    BOOST_TEST(!fixture.link.in_service());
    BOOST_TEST(fixture.next_ms() == 2000);
    // The worker answers to the cancel, which it has read, too.
    BOOST_TEST(fixture.not_begun(2) == "nothing");
    BOOST_TEST(fixture.answer(3) == "violation");
}

BOOST_AUTO_TEST_CASE(second_goodbye_and_one_before_it_is_ready_change_nothing)
{
    link_fixture fixture;
    BOOST_TEST(fixture.goodbye() == "close");
    BOOST_TEST(fixture.goodbye() == "");
    link_fixture starting(usual);
    BOOST_TEST(starting.goodbye() == "");
    BOOST_TEST((starting.link.state() == phase::starting));
}

// What was not read --------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(request_that_was_not_read_never_began)
{
    link_fixture fixture;
    fixture.send({1, 2});
    BOOST_TEST(fixture.ended(true, 20) == "1 returned, 2 returned");

    link_fixture partly;
    partly.send({1, 2});
    // One byte of the first is missing.
    BOOST_TEST(partly.ended(true, 11) == "1 returned, 2 returned");

    link_fixture read;
    read.send({1, 2});
    BOOST_TEST(read.ended(true, 10) == "1 failed, 2 returned");
}

// Workers that do not end --------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_that_a_kill_does_not_end_is_lost)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    fixture.ask(2);
    fixture.kill(verdict::dropped);
    BOOST_TEST(fixture.wait(1999ms) == "");
    BOOST_TEST((fixture.link.state() == phase::killing));
    fixture.wait(1ms);
    BOOST_TEST((fixture.link.state() == phase::lost));
    // It may still run all of them.
    BOOST_TEST(fixture.taken_out() == "1 failed, 2 failed, 3 failed");
}

BOOST_AUTO_TEST_CASE(worker_has_a_second_to_die_also_without_grace)
{
    link_fixture fixture(link_fixture::wish{.options = {.startup_timeout = 30s, .kill_grace = 0s}});
    fixture.kill(verdict::dropped);
    BOOST_TEST(fixture.next_ms() == 1000);
}

BOOST_AUTO_TEST_CASE(worker_that_has_exited_is_not_lost)
{
    link_fixture fixture;
    fixture.send(1);
    fixture.kill(verdict::dropped);
    fixture.link.exited();
    BOOST_TEST(fixture.next_ms() == -1);
    BOOST_TEST(fixture.answer(1) == "finished");
    BOOST_TEST(fixture.ended() == "");
}

BOOST_AUTO_TEST_CASE(start_that_hangs_is_ended_at_its_timeout_and_then_lost)
{
    link_state link(usual, link_fixture::epoch);
    BOOST_TEST((link.state() == phase::launching));
    link.tick(link_fixture::epoch + 30s);
    BOOST_TEST((link.poll().what == link_state::act::kill));
    BOOST_TEST((link.why_killed() == verdict::start_timeout));
    link.tick(link_fixture::epoch + 32s);
    BOOST_TEST((link.state() == phase::lost));
}

BOOST_AUTO_TEST_SUITE_END()
