// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include "support/held_exec.hpp"

#include <boost/asio/post.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sched.h>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

// Workers whose start hangs in the execution of their program.

namespace leasepool::test {
namespace {

constexpr auto without_limit = static_cast<std::size_t>(-1);

/// Workers whose start and end no clock bounds within the time of a test.
process_backend_options patient(std::vector<std::string> const& words, std::size_t workers = 1)
{
    auto options = misbehaving_workers(words, workers);
    options.startup_timeout = 1h;
    options.kill_grace = 1h;
    return options;
}

/// Executions that hang, as events of a context.
class hanging_executions {
public:
    hanging_executions(asio::io_context& io, std::string word, std::size_t most = without_limit)
        : state_(std::make_shared<state>(io)),
          held_(std::move(word), most, [&io, on = state_](pid_t pid) {
              asio::post(io, [on, pid] {
                  on->pids.push_back(pid);
                  on->held();
              });
          })
    {
    }

    /// Waits until `n` executions have been held. Returns the process of the `n`th.
    asio::awaitable<pid_t> await(int n = 1)
    {
        co_await state_->held.await(n);
        co_return state_->pids[static_cast<std::size_t>(n - 1)];
    }

    void release() { held_.release(); }

private:
    struct state {
        explicit state(asio::io_context& io) : held(io) {}

        happening held;
        std::vector<pid_t> pids;
    };

    std::shared_ptr<state> state_;
    held_exec held_;
};

asio::awaitable<void> check_job(asio::io_context& io, process_lease& lease)
{
    attempt job(io, lease, "add", args(2, 3));
    BOOST_TEST((co_await job.get()).value == json::value(5));
}

std::int64_t pid_in(job_result const& answer)
{
    BOOST_TEST(answer.text == "");
    return answer.value.to_number<std::int64_t>();
}

/// Runs the context until an execution is held.
void run_until_held(asio::io_context& io, held_exec const& held)
{
    while (held.count() == 0) {
        io.poll();
        ::sched_yield();
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hanging_starts)

BOOST_AUTO_TEST_CASE(another_pool_of_the_manager_starts_and_serves)
{
    nothing_left const checked;
    asio::io_context io;
    process_manager pools(
        io, process_backend(patient({"hanging"})), {.max_pools = 3, .min_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start(asio::use_awaitable);
        auto const first = co_await pools.async_acquire({}, asio::use_awaitable);
        hanging_executions hanging(io, "hanging", 1);
        pending_acquire<process_backend> second(io, pools);
        co_await hanging.await();
        // A third pool is made for this one. The waiter in front gets it.
        pending_acquire<process_backend> third(io, pools);
        BOOST_TEST(!co_await second.get());
        co_await check_job(io, second.granted);
        BOOST_TEST(!third.done());
        hanging.release();
        BOOST_TEST(!co_await third.get());
        co_await check_job(io, third.granted);
        co_await pools.async_stop({.mode = stop_mode::cancel}, asio::use_awaitable);
    });
}

BOOST_AUTO_TEST_CASE(pool_of_another_manager_starts_and_serves)
{
    nothing_left const checked;
    asio::io_context io;
    pool_fixture held(io, patient({"hanging"}, 2));
    pool_fixture other(io, patient({"other"}, 2));
    run(io, [&]() -> asio::awaitable<void> {
        hanging_executions hanging(io, "hanging");
        verdict started(io);
        held.pools.async_start(started.handler());
        co_await hanging.await(2);
        co_await other.start();
        co_await other.check_service();
        BOOST_TEST(!started.done());
        hanging.release();
        BOOST_TEST(!co_await started.get());
        co_await held.start();
        co_await held.check_service();
        co_await held.stop();
        co_await other.stop();
    });
}

BOOST_AUTO_TEST_CASE(pool_serves_with_its_other_worker_while_a_replacement_hangs)
{
    with_pool(patient({"hanging"}, 2), [](pool_fixture& workers) -> asio::awaitable<void> {
        hanging_executions hanging(*workers.context(), "hanging");
        BOOST_TEST((co_await workers.call("exit")).code == errc::worker_died);
        co_await hanging.await();
        auto const other = pid_in(co_await workers.call("pid"));
        std::vector<attempt> jobs;
        for (int i = 0; i != 100; ++i)
            jobs.push_back(workers.begin("pid"));
        for (auto& job : jobs)
            BOOST_TEST(pid_in(co_await job.get()) == other);
        BOOST_TEST(workers.log.count("worker ready") == 2);
        hanging.release();
        co_await workers.full_again();
        co_await workers.check_service();
    });
}

BOOST_AUTO_TEST_CASE(worker_that_dies_meanwhile_is_replaced)
{
    with_pool(patient({"hanging"}, 2), [](pool_fixture& workers) -> asio::awaitable<void> {
        hanging_executions hanging(*workers.context(), "hanging", 1);
        BOOST_TEST((co_await workers.call("exit")).code == errc::worker_died);
        co_await hanging.await();
        // It is idle when it dies, so only its end can be noticed.
        auto const other = static_cast<pid_t>(pid_in(co_await workers.call("pid")));
        ::kill(other, SIGKILL);
        auto const ended = co_await workers.log.await("worker ended", 2);
        BOOST_TEST(ended["worker"] == std::to_string(other));
        BOOST_TEST(ended["error"] == "killed by SIGKILL");
        co_await workers.log.await("worker ready", 3);
        co_await workers.check_service();
        hanging.release();
        co_await workers.full_again(2);
    });
}

BOOST_AUTO_TEST_CASE(pool_whose_only_worker_is_replaced_is_not_granted_before_an_idle_one)
{
    nothing_left const checked;
    asio::io_context io;
    journal log(io);
    process_manager pools(io, process_backend(patient({"hanging"})),
        {.max_pools = 2, .min_pools = 2, .log = std::ref(log)});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start(asio::use_awaitable);
        for (int round = 1; round != 6; ++round) {
            hanging_executions hanging(io, "hanging");
            auto crashes = co_await pools.async_acquire({}, asio::use_awaitable);
            BOOST_TEST((co_await attempt(io, crashes, "exit").get()).code == errc::worker_died);
            // Its pool is the one that was used last.
            crashes.release();
            auto next = co_await pools.async_acquire({}, asio::use_awaitable);
            co_await check_job(io, next);
            next.release();
            co_await log.await("lease granted", 2 * round);
            auto const granted = log.entries("lease granted");
            BOOST_TEST(granted[granted.size() - 1]["pool"] != granted[granted.size() - 2]["pool"]);
            co_await hanging.await();
            hanging.release();
            co_await log.await("worker ready", 2 + round);
        }
        co_await pools.async_stop({}, asio::use_awaitable);
    });
}

BOOST_AUTO_TEST_CASE(startup_timeout_ends_the_start_of_a_manager)
{
    nothing_left const checked;
    asio::io_context io;
    auto options = patient({"hanging"}, 2);
    options.startup_timeout = 1s;
    options.start_attempts = 1;
    pool_fixture workers(io, options);
    run(io, [&]() -> asio::awaitable<void> {
        hanging_executions hanging(io, "hanging");
        auto const [error] = co_await workers.pools.async_start(as_tuple);
        BOOST_TEST(error == errc::worker_start_failed);
        auto const entry = co_await workers.log.await("a pool could not be made");
        BOOST_TEST(contains(entry["error"], "within startup_timeout (1 s)"), entry["error"]);
        BOOST_TEST(workers.pools.total() == 0U);
        for (int n = 1; n != 3; ++n)
            await_gone(co_await hanging.await(n));
    });
}

BOOST_AUTO_TEST_CASE(startup_timeout_fails_the_acquire)
{
    auto options = patient({"hanging"});
    options.startup_timeout = 1s;
    options.start_attempts = 1;
    auto const body = [](pool_fixture& workers) -> asio::awaitable<void> {
        auto& io = *workers.context();
        hanging_executions hanging(io, "hanging");
        // The pool breaks, because its worker cannot be replaced, and no other pool can be made.
        BOOST_TEST((co_await workers.call("exit")).code == errc::worker_died);
        co_await workers.log.await("a pool broke");
        workers.lease.release();
        pending_acquire<process_backend> fails(io, workers.pools);
        BOOST_TEST(co_await fails.get() == errc::worker_start_failed);
        await_gone(co_await hanging.await(1));
        await_gone(co_await hanging.await(2));
        hanging.release();
        while (!workers.lease) {
            auto [error, granted] = co_await workers.pools.async_acquire({}, as_tuple);
            workers.lease = std::move(granted);
        }
        co_await workers.check_service();
    };
    with_pool(options, body, {.backoff = 1ms});
}

BOOST_AUTO_TEST_CASE(stop_that_does_not_wait_leaves_the_start_to_the_end_of_the_manager)
{
    nothing_left const checked;
    asio::io_context io;
    auto workers = std::make_unique<pool_fixture>(io, patient({"hanging"}));
    run(io, [&]() -> asio::awaitable<void> {
        hanging_executions hanging(io, "hanging");
        verdict started(io);
        workers->pools.async_start(started.handler());
        auto const pid = co_await hanging.await();
        co_await workers->pools.async_stop(
            {.mode = stop_mode::cancel, .abandon_after = 0ms}, asio::use_awaitable);
        BOOST_TEST(co_await started.get() == errc::not_running);
        BOOST_TEST(exists(pid));
        workers.reset();
        await_gone(pid);
    });
}

BOOST_AUTO_TEST_CASE(stop_ends_the_other_workers_too)
{
    nothing_left const checked;
    asio::io_context io;
    pool_fixture workers(io, patient({"hanging"}, 3));
    run(io, [&]() -> asio::awaitable<void> {
        co_await workers.start();
        hanging_executions hanging(io, "hanging");
        BOOST_TEST((co_await workers.call("exit")).code == errc::worker_died);
        auto const pid = co_await hanging.await();
        co_await workers.stop();
        await_gone(pid);
    });
}

BOOST_AUTO_TEST_CASE(end_of_the_manager_kills_the_worker_that_does_not_start)
{
    nothing_left const checked;
    asio::io_context io;
    auto pools = std::make_unique<process_manager>(
        io, process_backend(patient({"hanging"})), manager_options{.max_pools = 1});
    held_exec const held("hanging");
    error_code started;
    pools->async_start([&](error_code ec) { started = ec; });
    run_until_held(io, held);
    pools.reset();
    await_gone(held.await());
    io.run();
    BOOST_TEST(started == errc::not_running);
}

BOOST_AUTO_TEST_CASE(end_of_the_context_kills_the_worker_that_does_not_start)
{
    nothing_left const checked;
    held_exec const held("hanging");
    auto io = std::make_unique<asio::io_context>();
    process_manager pools(
        *io, process_backend(patient({"hanging"})), manager_options{.max_pools = 1});
    pools.async_start([](error_code) {});
    run_until_held(*io, held);
    io.reset();
    await_gone(held.await());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
