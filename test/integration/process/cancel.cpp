// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include <algorithm>
#include <set>
#include <sys/stat.h>

// Who wants a job to stop, and when: the caller, its time limit, the end of the lease, of the manager,
// of the context. Whoever it is, the process is gone then, and each operation completes once.

namespace leasepool::test {
namespace {

using cancel = asio::cancellation_type;

std::vector<std::vector<std::string>> const kinds{{}, {"--pipelining"}, {"--lying"}};

/// Until the pool knows that these jobs are short, so that it sends them ahead.
asio::awaitable<void> warm_up(pool_fixture& workers)
{
    std::vector<attempt> jobs;
    for (int i = 0; i != 50; ++i)
        jobs.push_back(workers.begin("nothing"));
    for (auto& job : jobs)
        co_await job.get();
}

/// A file without content that a job opens, and so waits for who writes to it.
class fifo {
public:
    explicit fifo(std::string path) : path_(std::move(path)) { ::mkfifo(path_.c_str(), 0600); }
    std::string const& path() const { return path_; }
    void open_it() const { std::ofstream(path_) << 'x'; }

private:
    std::string path_;
};

std::multiset<std::string> lines_of(std::string const& path)
{
    std::multiset<std::string> found;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        found.insert(line);
    return found;
}

void check_code(job_result const& seen, error_code const& expected)
{
    BOOST_TEST(seen.code == expected, seen.text);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process_cancel)

BOOST_AUTO_TEST_CASE(canceled_while_queued_it_never_runs)
{
    scratch_folder const folder;
    fifo const barrier(folder.file("fifo"));
    auto const path = folder.file("ran");
    for (auto const& kind : kinds)
        with_pool(misbehaving_workers(kind), [&](pool_fixture& workers) -> asio::awaitable<void> {
            auto first = workers.begin("await_byte", args(barrier.path()));
            std::vector<attempt> queued;
            for (int i = 0; i != 4; ++i)
                queued.push_back(workers.begin("append", args(path, i)));
            queued[0].cancel(cancel::terminal);
            queued[1].cancel(cancel::partial);
            queued[2].cancel(cancel::total);
            for (int i : {0, 1, 2})
                check_code(co_await queued[static_cast<std::size_t>(i)].get(),
                    asio::error::operation_aborted);
            BOOST_TEST(!first.done());
            barrier.open_it();
            check_code(co_await first.get(), {});
            check_code(co_await queued[3].get(), {});
            BOOST_TEST((lines_of(path) == std::multiset<std::string>{"3"}));
            std::filesystem::remove(path);
            BOOST_TEST(workers.log.count("worker ended") == 0);
        });
}

BOOST_AUTO_TEST_CASE(canceled_while_it_runs_its_worker_is_killed)
{
    for (auto const& kind : kinds)
        for (auto const how : {cancel::terminal, cancel::partial, cancel::all})
            for (auto const* const fault : {"spin", "deaf", "hang", "half_line"})
                BOOST_TEST_CONTEXT(fault << ' ' << (kind.empty() ? "" : kind.front()))
    with_pool(misbehaving_workers(kind), [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto job = workers.begin(fault, args("running"));
        auto const pid = co_await job.begun();
        auto next = workers.begin("add", args(1, 1));
        job.cancel(how);
        job.cancel(how);
        check_code(co_await job.get(), asio::error::operation_aborted);
        await_gone(pid);
        check_code(co_await next.get(), {});
        BOOST_TEST(workers.log.count("worker ended") == 1);
    });
}

BOOST_AUTO_TEST_CASE(total_cancellation_leaves_a_running_job_alone)
{
    scratch_folder const folder;
    fifo const barrier(folder.file("fifo"));
    with_pool(misbehaving_workers(), [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto job = workers.begin("await_byte", args(barrier.path()));
        job.cancel(cancel::total);
        co_await settle();
        BOOST_TEST(!job.done());
        barrier.open_it();
        check_code(co_await job.get(), {});
    });
}

BOOST_AUTO_TEST_CASE(worker_that_stops_when_asked_to_is_kept)
{
    auto options = misbehaving_workers({"--pipelining"});
    options.kill_grace = 60s;
    with_pool(options, [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto const before = co_await workers.call("pid");
        for (int i = 0; i != 20; ++i) {
            auto job = workers.begin("sleep", args(60'000));
            auto next = workers.begin("add", args(i, 1));
            job.cancel(cancel::terminal);
            check_code(co_await job.get(), asio::error::operation_aborted);
            BOOST_TEST((co_await next.get()).value == json::value(i + 1));
        }
        BOOST_TEST((co_await workers.call("pid")).value == before.value);

        auto late = workers.begin("sleep", args(60'000), job_options().timeout(10ms));
        check_code(co_await late.get(), errc::job_timeout);
        BOOST_TEST((co_await workers.call("pid")).value == before.value);
    });
}

BOOST_AUTO_TEST_CASE(canceled_among_jobs_that_were_sent_ahead)
{
    // Wherever it is by then. What was canceled in time has not run; all else has run once.
    scratch_folder const folder;
    auto const path = folder.file("ran");
    for (auto const& kind : kinds)
        for (int round = 0; round != 20; ++round)
            with_pool(
                misbehaving_workers(kind), [&](pool_fixture& workers) -> asio::awaitable<void> {
                    co_await warm_up(workers);
                    std::vector<attempt> jobs;
                    for (int i = 0; i != 100; ++i)
                        jobs.push_back(workers.begin("append", args(path, i)));
                    for (int i = 0; i != round; ++i)
                        co_await asio::post(asio::use_awaitable);
                    for (std::size_t i = 3; i < 100; i += 9) {
                        auto const types = {cancel::terminal, cancel::partial, cancel::total};
                        jobs[i].cancel(types.begin()[i % 3]);
                    }
                    std::multiset<std::string> expected;
                    for (std::size_t i = 0; i != 100; ++i) {
                        auto const seen = co_await jobs[i].get();
                        if (!seen.code)
                            expected.insert(std::to_string(i));
                        else {
                            check_code(seen, asio::error::operation_aborted);
                            BOOST_TEST(i % 9 == 3U);
                        }
                    }
                    auto const ran = lines_of(path);
                    // One that was killed for it may have run to that point.
                    if (workers.log.count("worker ended") == 0)
                        BOOST_TEST(ran == expected, boost::test_tools::per_element());
                    std::set<std::string> const once(ran.begin(), ran.end());
                    BOOST_TEST(once.size() == ran.size());
                    std::filesystem::remove(path);
                    co_await workers.check_service();
                });
}

BOOST_AUTO_TEST_CASE(job_timeout_counts_from_the_begin_of_the_job)
{
    auto options = misbehaving_workers();
    options.job_timeout = 300ms;
    with_pool(options, [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto first = workers.begin("deaf");
        auto const pid = co_await first.begun();
        // Has waited for longer than it may run, when it begins.
        auto second = workers.begin("add", args(1, 2), job_options().timeout(200ms));
        check_code(co_await first.get(), errc::job_timeout);
        await_gone(pid);
        BOOST_TEST((co_await second.get()).value == json::value(3));
    });
}

BOOST_AUTO_TEST_CASE(flood_from_a_worker_does_not_keep_the_clocks_from_running)
{
    with_pool(misbehaving_workers(), [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto job = workers.begin("flood_progress", args("running"), job_options().timeout(50ms));
        check_code(co_await job.get(), errc::job_timeout);
        BOOST_TEST(job.news().size() > 1000U);
        co_await workers.full_again();
        auto loud = workers.begin(
            "flood_stderr", args("running", 1'000'000'000), job_options().timeout(50ms));
        auto const pid = co_await loud.begun();
        check_code(co_await loud.get(), errc::job_timeout);
        await_gone(pid);
        co_await workers.check_service();
    });
}

BOOST_AUTO_TEST_CASE(lease_that_expires_takes_its_jobs_with_it)
{
    for (auto const& kind : kinds)
        with_pool(misbehaving_workers(kind),
            [&](pool_fixture& workers) -> asio::awaitable<void> {
                co_await warm_up(workers);
                auto job = workers.begin("deaf");
                auto const pid = co_await job.begun();
                std::vector<attempt> behind;
                for (int i = 0; i != 10; ++i)
                    behind.push_back(workers.begin("add", args(1, 1)));
                BOOST_TEST(workers.lease.renew(20ms));
                check_code(co_await job.get(), errc::lease_expired);
                for (auto& each : behind)
                    check_code(co_await each.get(), errc::lease_expired);
                await_gone(pid);
                check_code(co_await workers.call("add", args(1, 1)), errc::lease_expired);
                workers.lease = co_await workers.pools.async_acquire({}, asio::use_awaitable);
                co_await workers.check_service();
            },
            {.grace = 0s});
}

BOOST_AUTO_TEST_CASE(stop_ends_jobs_at_its_deadline_or_at_once)
{
    for (auto const& kind : kinds)
        for (auto const& how : {stop_options{.deadline = 30ms},
                 stop_options{.mode = stop_mode::cancel, .deadline = 60s}}) {
            nothing_left const checked;
            asio::io_context io;
            pool_fixture workers(io, misbehaving_workers(kind));
            run(io, [&]() -> asio::awaitable<void> {
                co_await workers.start();
                co_await warm_up(workers);
                auto job = workers.begin("deaf");
                auto const pid = co_await job.begun();
                std::vector<attempt> behind;
                for (int i = 0; i != 10; ++i)
                    behind.push_back(workers.begin("add", args(1, 1)));
                co_await workers.pools.async_stop(how, asio::use_awaitable);
                await_gone(pid);
                check_code(co_await job.get(), errc::not_running);
                for (auto& each : behind)
                    check_code(co_await each.get(), errc::not_running);
            });
        }
}

BOOST_AUTO_TEST_CASE(stop_lets_jobs_finish_before_its_deadline)
{
    scratch_folder const folder;
    fifo const barrier(folder.file("fifo"));
    nothing_left const checked;
    asio::io_context io;
    pool_fixture workers(io);
    run(io, [&]() -> asio::awaitable<void> {
        co_await workers.start();
        auto job = workers.begin("await_byte", args(barrier.path()));
        auto behind = workers.begin("add", args(1, 1));
        verdict stopped(io);
        workers.lease.release();
        workers.pools.async_stop({}, stopped.handler());
        co_await settle();
        BOOST_TEST(!stopped.done());
        barrier.open_it();
        check_code(co_await job.get(), {});
        check_code(co_await behind.get(), {});
        BOOST_TEST(!co_await stopped.get());
    });
}

BOOST_AUTO_TEST_CASE(manager_destroyed_with_running_jobs_completes_them)
{
    for (auto const& kind : kinds) {
        nothing_left const checked;
        asio::io_context io;
        auto workers = std::make_unique<pool_fixture>(io, misbehaving_workers(kind, 2));
        run(io, [&]() -> asio::awaitable<void> {
            co_await workers->start();
            std::vector<attempt> jobs;
            std::vector<pid_t> pids;
            for (int i = 0; i != 2; ++i) {
                jobs.push_back(workers->begin("deaf"));
                pids.push_back(co_await jobs.back().begun());
            }
            for (int i = 0; i != 10; ++i)
                jobs.push_back(workers->begin("add", args(1, 1)));
            workers.reset();
            for (auto const pid : pids)
                await_gone(pid);
            for (auto& job : jobs)
                check_code(co_await job.get(), errc::not_running);
        });
    }
}

BOOST_AUTO_TEST_CASE(context_destroyed_with_running_jobs_destroys_their_handlers)
{
    for (auto const& kind : kinds) {
        nothing_left const checked;
        auto const alive = std::make_shared<int>();
        auto io = std::make_unique<asio::io_context>();
        process_manager pools(*io, process_backend(misbehaving_workers(kind)), {.max_pools = 1});
        process_lease lease;
        pid_t pid = -1;
        run(*io, [&]() -> asio::awaitable<void> {
            co_await pools.async_start(asio::use_awaitable);
            lease = co_await pools.async_acquire({}, asio::use_awaitable);
            attempt job(*io, lease, "deaf");
            pid = co_await job.begun();
            for (int i = 0; i != 10; ++i)
                lease.async_call("add", args(1, 1),
                    [alive](std::exception_ptr, json::value) { BOOST_ERROR("completed"); });
            io->stop();
        });
        BOOST_TEST(alive.use_count() == 11);
        io.reset();
        BOOST_TEST(alive.use_count() == 1);
        await_gone(pid);
        BOOST_TEST(lease.ended() == errc::not_running);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
