// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include <csignal>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

// Workers that end in an orderly way while a forked copy of this program holds the ends of their
// pipes. The end of their input does not come then, so only the notification leasepool/shutdown
// reaches them.

namespace leasepool::test {
namespace {

/// A forked copy of this program, which does nothing and has all of its descriptors.
class forked_copy {
public:
    forked_copy() : pid_(::fork())
    {
        BOOST_TEST_REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::alarm(600);
            for (;;)
                ::pause();
        }
    }
    ~forked_copy()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    forked_copy(forked_copy const&) = delete;
    forked_copy& operator=(forked_copy const&) = delete;

private:
    pid_t pid_;
};

/// Workers of this library, which understand leasepool/shutdown. A kill would come too late for the
/// time limit of the test.
process_backend_options workers_of_the_library(std::size_t workers)
{
    auto options = misbehaving_workers({}, workers);
    options.command = {LEASEPOOL_RUNTIME_WORKER};
    options.kill_grace = 1h;
    return options;
}

void check_orderly_ends(journal const& log, std::ptrdiff_t count)
{
    auto const ended = log.entries("worker ended");
    BOOST_TEST(std::ssize(ended) == count);
    for (auto const& entry : ended)
        BOOST_TEST(entry["error"] == "exited with status 0");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process_forked)

BOOST_AUTO_TEST_CASE(stop_needs_no_kill)
{
    nothing_left const checked;
    asio::io_context io;
    pool_fixture workers(io, workers_of_the_library(3));
    run(io, [&]() -> asio::awaitable<void> {
        co_await workers.start();
        co_await workers.check_service();
        forked_copy const holds_pipes;
        co_await workers.stop();
        check_orderly_ends(workers.log, 3);
    });
}

BOOST_AUTO_TEST_CASE(replacement_of_a_worker_needs_no_kill)
{
    auto options = workers_of_the_library(1);
    options.max_jobs_per_worker = 2;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        auto const first = workers.log.last("worker ready")["worker"];
        forked_copy const holds_pipes;
        // One job, after which the successor is started. The successor itself gets none, because the
        // forked copy does not hold its pipes.
        co_await workers.check_service();
        auto const ended = co_await workers.log.await("worker ended");
        BOOST_TEST(ended["worker"] == first);
        check_orderly_ends(workers.log, 1);
    });
}

BOOST_AUTO_TEST_CASE(end_of_a_pool_that_is_not_needed_needs_no_kill)
{
    nothing_left const checked;
    asio::io_context io;
    journal log(io);
    process_manager pools(io, process_backend(workers_of_the_library(2)),
        {.max_pools = 2, .min_pools = 1, .idle_ttl = 0ms, .log = std::ref(log)});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start(asio::use_awaitable);
        auto first = co_await pools.async_acquire({}, asio::use_awaitable);
        auto second = co_await pools.async_acquire({}, asio::use_awaitable);
        forked_copy const holds_pipes;
        first.release();
        co_await log.await("worker ended", 2);
        check_orderly_ends(log, 2);
        BOOST_TEST(pools.total() == 1U);
        second.release();
        co_await pools.async_stop({}, asio::use_awaitable);
        check_orderly_ends(log, 4);
    });
}

BOOST_AUTO_TEST_CASE(retirement_of_a_pool_needs_no_kill)
{
    nothing_left const checked;
    asio::io_context io;
    journal log(io);
    process_manager pools(io, process_backend(workers_of_the_library(2)),
        {.max_pools = 1, .grace = 0ms, .log = std::ref(log)});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start(asio::use_awaitable);
        auto lease = co_await pools.async_acquire({}, asio::use_awaitable);
        attempt job(io, lease, "await_stop");
        co_await job.progressed();
        forked_copy const holds_pipes;
        BOOST_TEST(lease.renew(1ms));
        // The lease expires while the job runs, so its pool is retired. The job stops when asked to.
        BOOST_TEST((co_await job.get()).code == errc::lease_expired);
        co_await log.await("worker ended", 2);
        check_orderly_ends(log, 2);
        co_await pools.async_stop({}, asio::use_awaitable);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
