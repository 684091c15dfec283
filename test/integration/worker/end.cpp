// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How a worker ends, and what ends with it.

#include "integration/support/worker_support.hpp"

#include <cstdlib>
#include <fcntl.h>

using namespace leasepool::test;

namespace {

bool killed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(worker_end, ready_worker)

BOOST_AUTO_TEST_CASE(end_of_input_finishes_an_idle_worker)
{
    BOOST_TEST(worker.finish() == 0);
    BOOST_TEST(worker.errors() == "counted to 0\nend of main\n");
}

BOOST_AUTO_TEST_CASE(what_was_received_is_answered_before_the_end)
{
    worker.send(call(1, "add", {1, 1}) + call(2, "add", {2, 2}) + "{\"jsonrpc\":");
    worker.close_input();
    BOOST_TEST(worker.result_of(1) == json::value(2));
    BOOST_TEST(worker.result_of(2) == json::value(4));
    BOOST_TEST(worker.rest() == "");
    BOOST_TEST(worker.wait() == 0);
    auto const errors = worker.errors();
    BOOST_TEST(
        errors.find(R"( bytes without a line end came: "{\"jsonrpc\":")") != errors.npos, errors);
}

BOOST_AUTO_TEST_CASE(job_that_runs_at_the_end_of_input_is_asked_to_stop)
{
    worker.send(call(1, "await_stop") + call(2, "await_stop") + call(3, "add", {1, 1}));
    worker.await_waiting(1);
    worker.close_input();
    BOOST_TEST(worker.code_of(1) == -32003);
    worker.await_waiting(2);
    BOOST_TEST(worker.code_of(2) == -32003);
    BOOST_TEST(worker.result_of(3) == json::value(2));
    BOOST_TEST(worker.wait() == 0);
}

BOOST_AUTO_TEST_CASE(busy_worker_whose_parent_is_gone_dies_with_what_it_started)
{
    BOOST_TEST(worker.run(1, "leave_child").is_null());
    worker.send(call(2, "await_gate"));
    worker.await_waiting(2);
    worker.close_output();
    worker.close_input();
    worker.await_death_of_all();
    BOOST_TEST(killed(worker.wait()));
}

BOOST_AUTO_TEST_CASE(busy_worker_whose_output_is_closed_last_dies_too)
{
    worker.send(call(1, "await_gate"));
    worker.await_waiting(1);
    worker.send(call(2, "await_stop"));
    worker.close_input();
    worker.open_gate();
    // The end of the input is known, then, and that the output had a reader.
    BOOST_TEST(worker.result_of(1).is_string());
    worker.await_waiting(2);
    BOOST_TEST(worker.code_of(2) == -32003);
    BOOST_TEST(worker.wait() == 0);

    worker_process other;
    other.receive_ready();
    other.send(call(1, "await_stop") + call(2, "await_gate"));
    other.await_waiting(1);
    other.close_input();
    BOOST_TEST(other.code_of(1) == -32003);
    other.await_waiting(2);
    other.close_output();
    other.await_death_of_all();
    BOOST_TEST(killed(other.wait()));
}

BOOST_AUTO_TEST_CASE(idle_worker_whose_parent_is_gone_takes_along_what_it_started)
{
    BOOST_TEST(worker.run(1, "leave_child").is_null());
    worker.close_output();
    worker.close_input();
    worker.await_death_of_all();
    BOOST_TEST(killed(worker.wait()));
    // In good order.
    BOOST_TEST(worker.errors() == "counted to 0\n");
}

BOOST_AUTO_TEST_CASE(idle_worker_that_finishes_leaves_what_it_started_to_its_parent)
{
    BOOST_TEST(worker.run(1, "leave_child").is_null());
    auto const group = worker.pid();
    worker.close_input();
    BOOST_TEST(worker.wait() == 0);
    BOOST_TEST(::kill(-group, SIGKILL) == 0);
    worker.await_death_of_all();
}

BOOST_AUTO_TEST_CASE(worker_that_leads_no_group_kills_nobody_else)
{
    // It is in the group of this program, which would not live to see the end of this test.
    worker_process member({.leads_group = false});
    member.receive_ready();
    member.send(call(1, "await_gate"));
    member.await_waiting(1);
    member.close_output();
    member.close_input();
    member.await_death_of_all();
    BOOST_TEST(killed(member.wait()));
}

BOOST_AUTO_TEST_CASE(answer_that_nobody_reads_ends_the_worker_and_its_group)
{
    BOOST_TEST(worker.run(1, "leave_child").is_null());
    worker.close_output();
    worker.send(call(2, "add", {1, 1}));
    worker.await_death_of_all();
    BOOST_TEST(killed(worker.wait()));
}

BOOST_AUTO_TEST_CASE(job_that_does_not_stop_at_the_end_of_input_is_killed_with_what_it_started)
{
    worker_process limited({.arguments = {"short-grace"}});
    limited.receive_ready();
    BOOST_TEST(limited.run(1, "leave_child").is_null());
    limited.send(call(2, "await_gate"));
    limited.await_waiting(2);
    // The output has a reader all the time.
    limited.close_input();
    limited.await_death_of_all();
    BOOST_TEST(killed(limited.wait()));
    BOOST_TEST(limited.rest() == "");
}

BOOST_AUTO_TEST_CASE(stop_callback_that_does_not_return_does_not_hold_up_the_end)
{
    worker_process limited({.arguments = {"short-grace"}});
    limited.receive_ready();
    limited.send(call(1, "block_stop"));
    limited.await_waiting(1);
    limited.close_input();
    BOOST_TEST(killed(limited.wait()));
}

BOOST_AUTO_TEST_CASE(job_that_does_not_stop_after_a_violation_is_killed)
{
    worker_process limited({.arguments = {"short-grace"}});
    limited.receive_ready();
    limited.send(call(1, "await_gate"));
    limited.await_waiting(1);
    limited.send("what?\n");
    BOOST_TEST(limited.receive().at("error").at("code") == json::value(-32700));
    BOOST_TEST(killed(limited.wait()));
}

BOOST_AUTO_TEST_CASE(busy_worker_detects_the_end_of_its_parent_after_a_violation)
{
    worker.send(call(1, "await_gate"));
    worker.await_waiting(1);
    worker.send("what?\n");
    BOOST_TEST(worker.receive().at("error").at("code") == json::value(-32700));
    worker.close_output();
    worker.await_death_of_all();
    BOOST_TEST(killed(worker.wait()));
}

BOOST_AUTO_TEST_CASE(grace_may_be_longer_than_the_clock_can_count)
{
    worker_process patient({.arguments = {"endless-grace"}});
    patient.receive_ready();
    patient.send(call(1, "await_stop") + call(2, "add", {1, 1}));
    patient.await_waiting(1);
    patient.close_input();
    BOOST_TEST(patient.code_of(1) == -32003);
    BOOST_TEST(patient.result_of(2) == json::value(2));
    BOOST_TEST(patient.wait() == 0);
}

BOOST_AUTO_TEST_CASE(job_that_closes_descriptors_ends_its_worker_with_a_reason)
{
    auto const check = [](std::string const& requests) {
        // The watcher cannot be joined then, which is right.
        worker_process one(
            {.environment = {"LEASEPOOL_WORKER=1", "TSAN_OPTIONS=report_thread_leaks=0"}});
        one.receive_ready();
        one.send(requests);
        BOOST_TEST(one.rest() == "");
        BOOST_TEST(one.wait() == 1 << 8);
        auto const errors = one.errors();
        BOOST_TEST(
            errors.find("A job must close only descriptors that it has opened.") != errors.npos,
            errors);
    };
    check(call(1, "close_from", {3}));
    check(call(1, "close_from", {3}) + call(2, "nothing"));
}

BOOST_AUTO_TEST_CASE(job_may_exit_or_crash)
{
    worker.send(call(1, "raise", {"exit"}) + call(2, "nothing"));
    BOOST_TEST(worker.rest() == "");
    BOOST_TEST(worker.wait() == 41 << 8);

    worker_process other;
    other.receive_ready();
    other.send(call(1, "raise", {"abort"}));
    BOOST_TEST(other.rest() == "");
    auto const status = other.wait();
    BOOST_TEST(WIFSIGNALED(status));
    BOOST_TEST(WTERMSIG(status) == SIGABRT);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(worker_start_)

BOOST_AUTO_TEST_CASE(lists_of_jobs_that_are_wrong_are_refused)
{
    worker_process twice({.arguments = {"twice"}});
    BOOST_TEST(twice.rest() == "");
    BOOST_TEST(twice.errors().find("job \"add\" is listed twice") != std::string::npos);
    BOOST_TEST(twice.wait() == 2 << 8);
    worker_process elsewhere({.arguments = {"elsewhere"}});
    BOOST_TEST(elsewhere.rest() == "");
    BOOST_TEST(elsewhere.errors().find("job \"elsewhere\" has no function") != std::string::npos);
    BOOST_TEST(elsewhere.wait() == 2 << 8);
}

BOOST_AUTO_TEST_CASE(grace_that_is_zero_is_refused)
{
    worker_process worker({.arguments = {"no-grace"}});
    worker.close_input();
    BOOST_TEST(worker.rest() == "");
    BOOST_TEST(worker.errors().find("stop_grace must be greater than zero") != std::string::npos);
    BOOST_TEST(worker.wait() == 2 << 8);
}

BOOST_AUTO_TEST_CASE(state_that_cannot_be_made_is_said_on_stderr)
{
    worker_process worker({.arguments = {"no-state"}});
    BOOST_TEST(worker.rest() == "");
    BOOST_TEST(worker.errors() ==
        "leasepool worker: the worker's state could not be made: the database is locked\n"
        "end of main\n");
    BOOST_TEST(worker.wait() == 1 << 8);
}

BOOST_AUTO_TEST_CASE(worker_without_a_null_device_says_how_to_make_one)
{
    worker_process worker({.arguments = {"chroot"}});
    BOOST_TEST(worker.rest() == "");
    auto const errors = worker.errors();
    auto const status = worker.wait();
    if (status == 77 << 8) {
        BOOST_TEST_MESSAGE("not tested: this user may not call chroot");
        return;
    }
    BOOST_TEST(status == 1 << 8);
    BOOST_TEST(errors.find("mknod -m 666 dev/null c 1 3: No such file") != errors.npos, errors);
}

BOOST_AUTO_TEST_CASE(mark_in_the_environment_tells_a_worker)
{
    BOOST_TEST(worker_process({.arguments = {"is-worker"}}).wait() == 10 << 8);
    BOOST_TEST(worker_process({.arguments = {"is-worker"}, .environment = {}}).wait() == 11 << 8);
}

BOOST_AUTO_TEST_CASE(mark_that_a_launcher_lost_is_not_needed)
{
    worker_process worker({.environment = {}});
    worker.receive_ready();
    BOOST_TEST(worker.run(1, "add", {1, 2}) == json::value(3));
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_CASE(worker_started_by_hand_explains_itself)
{
    unique_fd const terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    BOOST_REQUIRE(terminal);
    BOOST_REQUIRE(::grantpt(terminal.get()) == 0);
    BOOST_REQUIRE(::unlockpt(terminal.get()) == 0);
    unique_fd const slave(::open(::ptsname(terminal.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    BOOST_REQUIRE(slave);
    worker_process worker({.environment = {}, .input = slave.get()});
    BOOST_TEST(worker.rest() == "");
    BOOST_TEST(worker.errors().find("leasepool worker: this program is a worker") == 0u);
    BOOST_TEST(worker.wait() == 2 << 8);
}

BOOST_AUTO_TEST_CASE(requests_may_come_from_a_file)
{
    unique_fd const file(::open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    BOOST_REQUIRE(file);
    auto const text = call(1, "add", {1, 1}) + call(2, "await_stop") + call(3, "add", {2, 2});
    BOOST_REQUIRE(
        ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    BOOST_REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
    worker_process worker({.input = file.get()});
    worker.receive_ready();
    BOOST_TEST(worker.result_of(1) == json::value(2));
    worker.await_waiting(2);
    BOOST_TEST(worker.code_of(2) == -32003);
    BOOST_TEST(worker.result_of(3) == json::value(4));
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
