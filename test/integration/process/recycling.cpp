// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <fstream>
#include <map>
#include <set>
#include <sys/stat.h>

// Workers that are replaced because of their age, their size, or the jobs they had; and those that
// cannot be replaced at once, or at all.

namespace leasepool::test {
namespace {

std::int64_t pid_in(job_result const& answer)
{
    BOOST_TEST(answer.text == "");
    return answer.value.to_number<std::int64_t>();
}

/// Runs so many jobs, a few at a time; how many each process had.
asio::awaitable<std::map<std::int64_t, int>> jobs_by_process(pool_fixture& workers, int count)
{
    std::vector<attempt> jobs;
    for (int i = 0; i != count; ++i)
        jobs.push_back(workers.begin("pid"));
    std::map<std::int64_t, int> had;
    for (auto& job : jobs)
        ++had[pid_in(co_await job.get())];
    co_return had;
}

/// One is told to end only when another is ready.
void check_no_pause(pool_fixture const& workers)
{
    std::ptrdiff_t ready = 0;
    std::ptrdiff_t ended = 0;
    for (auto const& entry : workers.log.entries("worker ")) {
        ready += entry.message == "worker ready";
        ended += entry.message == "worker ended";
        BOOST_TEST((ended == 0 || ready > ended));
    }
    BOOST_TEST(ended != 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process_recycling)

BOOST_AUTO_TEST_CASE(worker_is_replaced_after_so_many_jobs)
{
    for (auto const& kind : {std::vector<std::string>{}, {"--pipelining"}})
        for (std::size_t const most : {1U, 2U, 10U})
            for (std::size_t const workers : {1U, 3U})
                BOOST_TEST_CONTEXT(most << " jobs, " << workers << " workers")
                {
                    auto options = misbehaving_workers(kind, workers);
                    options.max_jobs_per_worker = most;
                    with_pool(options, [&](pool_fixture& fixture) -> asio::awaitable<void> {
                        auto const had = co_await jobs_by_process(fixture, 100);
                        for (auto const& [pid, jobs] : had)
                            BOOST_TEST(static_cast<std::size_t>(jobs) <= most);
                        BOOST_TEST(had.size() >= 100 / most);
                        // They end as they should: at the end of their input.
                        auto const ended = co_await fixture.log.await(
                            "worker ended", static_cast<std::ptrdiff_t>(100 / most - workers));
                        BOOST_TEST((ended.level == severity::debug));
                    });
                }
}

BOOST_AUTO_TEST_CASE(worker_serves_until_its_successor_does)
{
    // One worker, and always one job for it: there is a worker to give it to, from the first to the
    // last, if the successor is started in time.
    auto options = misbehaving_workers();
    options.max_jobs_per_worker = 100;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        std::set<std::int64_t> seen;
        for (int i = 0; i != 1000; ++i)
            seen.insert(pid_in(co_await workers.call("pid")));
        BOOST_TEST(seen.size() > 9U);
        co_await workers.log.await("worker ended", 9);
    });
}

BOOST_AUTO_TEST_CASE(old_worker_is_replaced_without_a_pause)
{
    auto options = misbehaving_workers();
    options.max_worker_age = 20ms;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        auto const first = pid_in(co_await workers.call("pid"));
        // It goes of itself, also while it has nothing to do.
        co_await workers.full_again(2);
        BOOST_TEST(pid_in(co_await workers.call("pid")) != first);
        std::set<std::int64_t> seen;
        while (seen.size() < 4)
            seen.insert(pid_in(co_await workers.call("pid")));
        check_no_pause(workers);
    });
}

BOOST_AUTO_TEST_CASE(old_worker_finishes_its_job)
{
    auto options = misbehaving_workers();
    options.max_worker_age = 20ms;
    options.kill_grace = 60s;
    scratch_folder const folder;
    auto const gate = folder.file("gate");
    BOOST_TEST_REQUIRE(::mkfifo(gate.c_str(), 0600) == 0);
    with_pool(options, [&](pool_fixture& workers) -> asio::awaitable<void> {
        // The successor is ready, and has been replaced, too, before this has ended.
        auto slow = workers.begin("await_byte", args(gate));
        co_await workers.log.await("worker ready", 3);
        BOOST_TEST(!slow.done());
        std::ofstream(gate) << 'x';
        BOOST_TEST((co_await slow.get()).value == json::value(1));
        co_await workers.check_service();
    });
}

#if defined(__linux__)

BOOST_AUTO_TEST_CASE(large_worker_is_replaced)
{
    auto options = misbehaving_workers();
    options.max_worker_rss = 48U << 20;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        std::set<std::int64_t> seen;
        for (int i = 0; i != 20; ++i)
            seen.insert(pid_in(co_await workers.call("allocate", args(1 << 20))));
        BOOST_TEST(seen.size() == 1U);
        seen.insert(pid_in(co_await workers.call("allocate", args(64 << 20))));
        BOOST_TEST(seen.size() == 1U);
        co_await workers.full_again();
        seen.insert(pid_in(co_await workers.call("pid")));
        BOOST_TEST(seen.size() == 2U);
        check_no_pause(workers);
    });
}

#endif

BOOST_AUTO_TEST_CASE(worker_that_cannot_be_replaced_at_once_is_later)
{
    scratch_folder const folder;
    auto options = misbehaving_workers({"--fail-starts", folder.file("starts"), "2", "4"});
    options.start_attempts = 5;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        co_await workers.check_service();
        auto crash = workers.begin("exit");
        auto waits = workers.begin("add", args(1, 2));
        BOOST_TEST((co_await crash.get()).code == errc::worker_died);
        BOOST_TEST((co_await waits.get()).value == json::value(3));
        BOOST_TEST(workers.log.count("a worker could not be started") == 3);
        BOOST_TEST(contains(
            workers.log.last("a worker could not be started")["error"], "this is not my day"));
        BOOST_TEST(workers.pools.total() == 1U);
    });
}

BOOST_AUTO_TEST_CASE(pool_whose_workers_cannot_be_replaced_breaks)
{
    scratch_folder const folder;
    auto options = misbehaving_workers({"--fail-starts", folder.file("starts"), "2", "9"});
    options.start_attempts = 3;
    nothing_left const checked;
    asio::io_context io;
    pool_fixture workers(io, options, {.backoff = 1ms});
    run(io, [&]() -> asio::awaitable<void> {
        co_await workers.start();
        co_await workers.check_service();
        auto crash = workers.begin("exit");
        auto waits = workers.begin("add", args(1, 2));
        auto const waiting = std::make_unique<pending_acquire<process_backend>>(io, workers.pools);
        BOOST_TEST((co_await crash.get()).code == errc::worker_died);
        auto const seen = co_await waits.get();
        BOOST_TEST(seen.code == errc::worker_start_failed);
        BOOST_TEST(contains(seen.text, "this is not my day"), seen.text);
        BOOST_TEST(workers.lease.ended() == errc::pool_broken);
        BOOST_TEST((co_await workers.call("pid")).code == errc::pool_broken);
        // Nor can another pool be made: who waits is told.
        workers.lease.release();
        BOOST_TEST(co_await waiting->get() == errc::worker_start_failed);
        // When it can again, it is.
        process_lease later;
        while (!later) {
            auto [error, granted] = co_await workers.pools.async_acquire({}, as_tuple);
            later = std::move(granted);
        }
        attempt job(io, later, "add", args(2, 2));
        BOOST_TEST((co_await job.get()).value == json::value(4));
        later.release();
        co_await workers.stop();
    });
}

BOOST_AUTO_TEST_CASE(one_worker_of_several_that_cannot_be_replaced_breaks_nothing)
{
    scratch_folder const folder;
    auto options = misbehaving_workers({"--fail-starts", folder.file("starts"), "3", "1000000"}, 2);
    options.start_attempts = 1;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        BOOST_TEST((co_await workers.call("exit")).code == errc::worker_died);
        co_await workers.log.await("a worker could not be started", 3);
        for (int i = 0; i != 10; ++i)
            co_await workers.check_service();
        BOOST_TEST(!workers.lease.ended());
    });
}

BOOST_AUTO_TEST_CASE(worker_that_dies_idle_is_replaced)
{
    with_pool(misbehaving_workers({}, 2), [](pool_fixture& workers) -> asio::awaitable<void> {
        auto const pid = static_cast<pid_t>(pid_in(co_await workers.call("pid")));
        ::kill(pid, SIGKILL);
        auto const ended = co_await workers.log.await("worker ended");
        BOOST_TEST(ended["worker"] == std::to_string(pid));
        BOOST_TEST(ended["error"] == "killed by SIGKILL");
        BOOST_TEST((ended.level == severity::warning));
        co_await workers.full_again();
        co_await workers.check_service();
    });
}

BOOST_AUTO_TEST_CASE(pool_whose_worker_cannot_be_replaced_yet_is_granted_last)
{
    nothing_left const checked;
    scratch_folder const folder;
    // Two pools start; then no start succeeds, and the next but one attempt is far away.
    auto backend = misbehaving_workers({"--fail-starts", folder.file("starts"), "3", "1000"});
    backend.backoff = 1h;
    backend.max_backoff = 1h;
    backend.start_attempts = 10;
    asio::io_context io;
    journal log(io);
    process_manager pools(
        io, process_backend(backend), {.max_pools = 2, .min_pools = 2, .log = std::ref(log)});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start(asio::use_awaitable);
        auto lease = co_await pools.async_acquire({}, asio::use_awaitable);
        attempt crash(io, lease, "exit");
        BOOST_TEST((co_await crash.get()).code == errc::worker_died);
        lease.release();
        auto const first = co_await pools.async_acquire({}, asio::use_awaitable);
        auto const second = co_await pools.async_acquire({}, asio::use_awaitable);
        co_await log.await("lease granted", 3);
        auto const granted = log.entries("lease granted");
        BOOST_TEST(granted[1]["pool"] != granted[0]["pool"]);
        BOOST_TEST(granted[2]["pool"] == granted[0]["pool"]);
        co_await pools.async_stop({.mode = stop_mode::cancel}, asio::use_awaitable);
    });
}

BOOST_AUTO_TEST_CASE(leases_of_several_callers_reuse_the_workers)
{
    constexpr int callers = 3;
    constexpr int jobs = 200;
    nothing_left const checked;
    process_backend_options backend;
    backend.command = misbehaving_workers().command;
    asio::io_context io;
    journal log(io);
    // The other options are the default ones.
    process_manager pools(
        io, process_backend(backend), {.max_pools = callers, .log = std::ref(log)});
    happening done(io);
    auto const call = [&]() -> asio::awaitable<void> {
        for (int i = 0; i != jobs; ++i) {
            auto lease = co_await pools.async_acquire({}, asio::use_awaitable);
            attempt job(io, lease, "add", args(i, 1));
            BOOST_TEST((co_await job.get()).value == json::value(i + 1));
            lease.release();
            // Pools are idle between two jobs of a caller.
            co_await settle();
        }
        done();
    };
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start(asio::use_awaitable);
        for (int i = 0; i != callers; ++i)
            asio::co_spawn(io, call, asio::detached);
        co_await done.await(callers);
        auto const most = callers * static_cast<std::ptrdiff_t>(backend.workers_per_pool);
        BOOST_TEST(log.count("worker started") <= most);
        BOOST_TEST(log.count("worker ended") == 0);
        co_await pools.async_stop({}, asio::use_awaitable);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
