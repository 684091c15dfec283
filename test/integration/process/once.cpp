// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include <deque>
#include <random>
#include <set>

// However often workers die: a job that killed its worker has run once, and is not run again; one that
// was queued behind it runs once.

namespace leasepool::test {
namespace {

constexpr int crashes = 1'500;
constexpr int wrong_words = 200;
// Of that many jobs one kills its worker.
constexpr int one_in = 3;
constexpr std::size_t at_a_time = 100;

struct numbered {
    int number;
    bool kills;
    attempt job;
};

using names = std::vector<char const*>;

// They end the worker on the spot.
names const ends{"exit", "abort", "segfault", "terminate", "grandchild"};
names const kills_itself{"kill"};
// Behind these it goes on until it is killed.
names const breaches{"garbage", "print", "wrong_id", "twice", "too_long", "close_stdout"};

void wrong_at_random(std::vector<std::string> const& kind, names const& faults, int times)
{
    scratch_folder const folder;
    auto const path = folder.file("ran");
    int submitted = 0;
    int innocents = 0;
    std::set<int> done;
    auto options = misbehaving_workers(kind, 2);
    // A process that dies closes its pipes first. On a busy machine the rest can take its time; a
    // SIGKILL of its own is then not to be told from ours.
    if (&faults == &kills_itself)
        options.kill_grace = 60s;
    with_pool(options, [&](pool_fixture& workers) -> asio::awaitable<void> {
        std::mt19937 random(1);
        std::deque<numbered> running;
        auto const take = [&]() -> asio::awaitable<void> {
            auto of = std::move(running.front());
            running.pop_front();
            auto const seen = co_await of.job.get();
            if (!seen.code)
                done.insert(of.number);
            else if (!of.kills) {
                ++innocents;
                BOOST_TEST_MESSAGE(of.number << " did no wrong: " << seen.text);
            }
            if (seen.code && seen.code != errc::worker_died && seen.code != errc::protocol_error &&
                seen.code != errc::message_too_large)
                BOOST_ERROR(of.number << ": " << seen.text);
        };
        for (int wrongs = 0; wrongs != times; ++submitted) {
            bool const kills = random() % one_in == 0;
            wrongs += kills;
            auto job = kills ? workers.begin("append_and",
                                   args(path, submitted, faults[random() % faults.size()]))
                             : workers.begin("append", args(path, submitted));
            running.push_back({submitted, kills, std::move(job)});
            if (running.size() == at_a_time)
                co_await take();
        }
        while (!running.empty())
            co_await take();
        co_await workers.check_service();
    });

    std::multiset<int> ran;
    std::ifstream file(path);
    for (int n = 0; file >> n;)
        ran.insert(n);
    int twice = 0;
    int never = 0;
    for (int n = 0; n != submitted; ++n) {
        twice += ran.count(n) > 1;
        never += ran.count(n) == 0 && done.count(n) != 0;
    }
    BOOST_TEST(twice == 0);
    BOOST_TEST(never == 0);
    BOOST_TEST(ran.size() <= static_cast<std::size_t>(submitted));
    if (&faults != &breaches || kind.empty()) {
        BOOST_TEST(innocents == 0);
        BOOST_TEST(ran.size() == static_cast<std::size_t>(submitted));
    }
    else
        BOOST_TEST_MESSAGE(innocents << " of " << submitted << " failed with their neighbors");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process_once)

BOOST_AUTO_TEST_CASE(jobs_run_once_whatever_their_neighbors_die_of)
{
    wrong_at_random({}, ends, crashes);
}

BOOST_AUTO_TEST_CASE(jobs_sent_ahead_run_once_whatever_their_neighbors_die_of)
{
    wrong_at_random({"--pipelining"}, ends, crashes);
    wrong_at_random({"--pipelining"}, kills_itself, crashes / 5);
}

BOOST_AUTO_TEST_CASE(jobs_run_once_whatever_their_neighbors_say)
{
    wrong_at_random({}, breaches, wrong_words);
}

BOOST_AUTO_TEST_CASE(jobs_sent_ahead_run_once_at_most_whatever_their_neighbors_say)
{
    wrong_at_random({"--pipelining"}, breaches, wrong_words);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
