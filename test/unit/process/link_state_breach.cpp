// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Every way in which a worker that reads ahead can break the protocol during four jobs, up to every
// moment at which the kill may hit it. It knows what it has begun; the state of the link does not, and
// must neither give such a job to another worker nor fail more of the others than it has to.

#include "unit/support/link_fixture.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace leasepool::detail::test {
namespace {

constexpr std::size_t jobs = 4;

/// What the worker does in a job.
struct script {
    bool noise;    // a line that is no message, while it runs
    bool garbled;  // so is its answer
};

constexpr std::array<script, 4> scripts{
    {{false, false}, {false, true}, {true, false}, {true, true}}};

struct event {
    enum class what { begins, line_that_is_none, answer } what;
    std::size_t job;
};

std::vector<event> events_of(std::array<script, jobs> const& plan)
{
    using what = enum event::what;
    std::vector<event> all;
    for (std::size_t job = 0; job != jobs; ++job) {
        all.push_back({what::begins, job});
        if (plan[job].noise)
            all.push_back({what::line_that_is_none, job});
        all.push_back({plan[job].garbled ? what::line_that_is_none : what::answer, job});
    }
    return all;
}

void live_and_die(
    std::array<script, jobs> const& plan, std::vector<event> const& all, std::size_t until)
{
    using what = enum event::what;
    link_fixture fixture;
    fixture.send({1, 2, 3, 4});
    std::array<std::string, jobs> results;
    auto const note = [&](std::string const& result) {
        auto& of = results[fixture.out.id - 1];
        BOOST_TEST(of == "", "job " << fixture.out.id << " ends twice");
        of = result.substr(0, result.find(';'));
    };
    std::array<bool, jobs> begun{};
    std::array<bool, jobs> answered{};
    std::size_t lines = 0;
    for (std::size_t n = 0; n != until; ++n) {
        auto const [happens, job] = all[n];
        switch (happens) {
        case what::begins:
            begun[job] = true;
            break;
        case what::line_that_is_none:
            fixture.violated();
            ++lines;
            break;
        case what::answer:
            do
                note(fixture.answer(job + 1));
            while (fixture.out.id != job + 1);
            answered[job] = true;
            break;
        }
    }
    fixture.link.ended(true, 0);
    while (fixture.link.in_flight() != 0) {
        auto const loss = fixture.link.lose(fixture.out);
        note(loss == link_state::loss::failed ? "failed" : "returned");
        BOOST_TEST((loss != link_state::loss::stopped));
    }

    std::size_t failed_unbegun = 0;
    for (std::size_t job = 0; job != jobs; ++job)
        BOOST_TEST_CONTEXT("job " << job + 1)
        {
            BOOST_TEST(results[job] != "");
            if (begun[job])
                BOOST_TEST(results[job] != "returned");
            else
                failed_unbegun += results[job] != "returned";
            if (answered[job] && !plan[job].noise)
                BOOST_TEST(results[job] == "finished");
        }
    // The one whose turn it is may have begun, and each line may have been an answer.
    BOOST_TEST(failed_unbegun <= lines + 1);
    if (lines == 0)
        BOOST_TEST(failed_unbegun <= 1U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(link_state_breach)

BOOST_AUTO_TEST_CASE(no_job_that_may_have_run_is_run_again_whatever_the_worker_says)
{
    std::size_t lives = 0;
    for (std::size_t number = 0; number != 256; ++number) {
        std::array<script, jobs> plan{};
        for (std::size_t job = 0; job != jobs; ++job)
            plan[job] = scripts[number >> (2 * job) & 3U];
        auto const all = events_of(plan);
        for (std::size_t until = 0; until <= all.size(); ++until, ++lives)
            BOOST_TEST_CONTEXT("plan " << number << ", killed after " << until << " events")
        live_and_die(plan, all, until);
    }
    BOOST_TEST(lives == 2816U);
}

BOOST_AUTO_TEST_CASE(
    job_begun_after_an_unreadable_answer_of_a_worker_that_is_being_killed_is_not_run_again)
{
    link_fixture fixture;
    fixture.send({1, 2, 3});
    BOOST_TEST(fixture.ask(1) == "cancel 1");
    BOOST_TEST(fixture.wait(2s) == "kill");
    // The answer of job 1. The worker has not read the cancel and begins job 2.
    BOOST_TEST(fixture.violated() == "");
    BOOST_TEST(fixture.ended() == "1 killed, 2 failed, 3 returned");
}

BOOST_AUTO_TEST_CASE(
    answer_after_an_unreadable_one_of_a_worker_that_is_being_killed_counts_as_begun)
{
    link_fixture fixture;
    fixture.send({1, 2, 3, 4});
    BOOST_TEST(fixture.kill(link_state::verdict::dropped) == "kill");
    fixture.violated();
    // As the pool takes an answer whose turn it is not.
    BOOST_TEST(fixture.answer(2) == "violation");
    fixture.violated();
    BOOST_TEST(fixture.ended() == "1 failed, 2 failed, 3 failed, 4 returned");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::detail::test
