// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What cancel and resume do to a worker.

#include "integration/support/worker_support.hpp"

#include <sched.h>
#include <string>
#include <thread>
#include <vector>

using namespace leasepool::test;

BOOST_FIXTURE_TEST_SUITE(worker_cancel, ready_worker)

BOOST_AUTO_TEST_CASE(job_that_runs_is_asked_to_stop_and_nothing_behind_it_begins)
{
    worker.send(call(1, "await_stop") + call(2, "nothing") + call(3, "nothing"));
    worker.await_waiting(1);
    worker.send(cancel(1));
    BOOST_TEST(worker.code_of(2) == -32004);
    BOOST_TEST(worker.code_of(3) == -32004);
    BOOST_TEST(worker.code_of(1) == -32003);
    worker.send(call(4, "nothing"));
    BOOST_TEST(worker.code_of(4) == -32004);
    worker.send(resume());
    BOOST_TEST(worker.run(5, "add", {2, 2}) == json::value(4));
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_CASE(job_that_takes_no_notice_returns_its_result)
{
    worker.send(call(1, "outlast_stop"));
    worker.await_waiting(1);
    worker.send(cancel(1) + call(2, "nothing"));
    BOOST_TEST(worker.code_of(2) == -32004);
    BOOST_TEST(worker.result_of(1) == json::value("done all the same"));
}

BOOST_AUTO_TEST_CASE(cancel_of_a_job_that_waits_leaves_the_one_that_runs_alone)
{
    worker.send(call(1, "await_gate"));
    worker.await_waiting(1);
    worker.send(call(2, "nothing") + call(3, "nothing") + cancel(2));
    BOOST_TEST(worker.code_of(2) == -32004);
    BOOST_TEST(worker.code_of(3) == -32004);
    worker.send(resume() + call(4, "nothing"));
    worker.open_gate();
    BOOST_TEST(worker.result_of(1) == json::value("not asked"));
    BOOST_TEST(worker.result_of(4).is_null());
}

BOOST_AUTO_TEST_CASE(cancel_read_together_with_requests_before_it_puts_them_aside)
{
    // One write of so few bytes is read at once.
    worker.send(call(1, "nothing") + call(2, "nothing") + cancel(9) + call(3, "nothing") +
        resume() + call(4, "nothing"));
    for (std::uint64_t id = 1; id != 4; ++id)
        BOOST_TEST(worker.code_of(id) == -32004);
    BOOST_TEST(worker.result_of(4).is_null());
}

BOOST_AUTO_TEST_CASE(several_cancels_need_one_resume_and_resume_alone_does_nothing)
{
    worker.send(resume() + cancel(1) + cancel(2) + resume());
    BOOST_TEST(worker.run(3, "add", {2, 2}) == json::value(4));
}

BOOST_AUTO_TEST_CASE(job_that_was_canceled_before_does_not_stop_the_next)
{
    worker.send(call(1, "await_stop"));
    worker.await_waiting(1);
    worker.send(cancel(1));
    BOOST_TEST(worker.code_of(1) == -32003);
    worker.send(resume() + call(2, "await_gate"));
    worker.await_waiting(2);
    worker.send(cancel(1) + call(3, "nothing"));
    BOOST_TEST(worker.code_of(3) == -32004);
    worker.open_gate();
    BOOST_TEST(worker.result_of(2) == json::value("not asked"));
}

BOOST_AUTO_TEST_CASE(requests_that_come_while_a_job_runs_follow_it)
{
    worker.send(call(1, "await_gate"));
    worker.await_waiting(1);
    for (std::uint64_t id = 2; id != 50; ++id)
        worker.send(call(id, "add", {id, 0}));
    worker.open_gate();
    BOOST_TEST(worker.result_of(1) == json::value("not asked"));
    for (std::uint64_t id = 2; id != 50; ++id)
        BOOST_TEST(worker.result_of(id).to_number<std::uint64_t>() == id);
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_CASE(cancel_that_comes_just_as_the_job_begins_is_not_lost)
{
    for (std::uint64_t round = 0; round != 2000; ++round) {
        auto const canceled = 2 * round + 1;
        // The first keeps the worker busy, so that the second begins with the watcher on.
        worker.send(call(2 * round, "nothing") + call(canceled, "await_stop"));
        for (std::uint64_t pause = 0; pause != round % 40; ++pause)
            ::sched_yield();
        worker.send(cancel(canceled));
        // Were it lost, the job would wait for ever.
        for (int answers = 0; answers != 2;) {
            auto const message = worker.receive();
            if (message.contains("method"))
                continue;
            ++answers;
            if (message.at("id") != json::value(canceled))
                continue;
            auto const code = message.at("error").at("code").as_int64();
            BOOST_TEST((code == -32003 || code == -32004));
        }
        worker.send(resume());
    }
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_CASE(every_request_of_a_storm_of_cancels_is_answered_once)
{
    constexpr std::uint64_t count = 3000;
    std::string all;
    for (std::uint64_t id = 0; id != count; ++id) {
        all += call(id, "add", {id, 0});
        if (id % 7 == 0)
            all += cancel(id);
        if (id % 7 == 3)
            all += resume();
    }
    // Who does not read while he writes may wait for ever.
    std::vector<int> answers(count, 0);
    std::jthread sender([&] { worker.send(all); });
    for (std::uint64_t received = 0; received != count; ++received) {
        auto const message = worker.receive();
        auto const id = message.at("id").to_number<std::uint64_t>();
        ++answers.at(id);
        if (auto const* const result = message.if_contains("result"))
            BOOST_TEST(result->to_number<std::uint64_t>() == id);
        else
            BOOST_TEST(message.at("error").at("code") == json::value(-32004));
    }
    sender.join();
    BOOST_TEST(answers == std::vector<int>(count, 1), boost::test_tools::per_element());
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
