// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Handlers whose executor throws: the log has it, the handler is destroyed, and nothing else is lost.

#include "integration/support/events.hpp"
#include "integration/support/support.hpp"
#include "support/executor_over.hpp"

#include <leasepool/work_grinder.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// Throws while it is full, as an executor with a bounded queue does.
struct bounded_executor : executor_over {
    template <class F>
    void execute(F f) const
    {
        if (full->load())
            throw std::runtime_error("the queue is full");
        asio::post(*io, std::move(f));
    }
    bool operator==(bounded_executor const&) const noexcept = default;

    std::atomic<bool>* full;
};

constexpr auto record = "a handler's executor threw";

struct stage {
    asio::io_context io;
    std::atomic<bool> full = false;
    journal log{io};
    int called = 0;
    std::weak_ptr<int> handler;
    thread_manager pools{
        io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1, .log = std::ref(log)}};
    work_grinder<thread_backend> grinder{pools, {.batch_size = 1}};

    /// A handler on a bounded executor.
    auto token()
    {
        auto life = std::make_shared<int>();
        handler = life;
        return asio::bind_executor(
            bounded_executor{{&io}, &full}, [this, life](auto const&...) { ++called; });
    }

    /// Waits for the record.
    asio::awaitable<void> check(
        std::string_view operation, std::string_view owner = "(none)", bool has_where = false)
    {
        auto const said = co_await log.await(record);
        BOOST_TEST((said.level == severity::error));
        BOOST_TEST(said["operation"] == operation);
        BOOST_TEST(said["error"] == "the queue is full");
        BOOST_TEST(said["owner"] == owner);
        BOOST_TEST(
            (said["where"].find("throwing_executors.cpp:") != std::string::npos) == has_where);
        BOOST_TEST(log.count(record) == 1);
        BOOST_TEST(handler.expired());
        BOOST_TEST(called == 0);
        full = false;
    }

    /// `body` with both started. After it the manager must still serve.
    template <class Body>
    void run(Body body)
    {
        test::run(io, [&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            co_await grinder.async_start();
            co_await body();
            auto const function = [] { return 42; };
            BOOST_TEST(co_await pools.async_run(function) == 42);
            BOOST_TEST(co_await grinder.async_submit(function) == 42);
            co_await grinder.async_stop();
            co_await pools.async_stop();
        });
        BOOST_TEST(called == 0);
    }
};

std::atomic<bool>* full_for_progress = nullptr;

int climb(job_context& context)
{
    *full_for_progress = true;
    context.progress(1);
    *full_for_progress = false;
    context.progress(2);
    return 42;
}

constexpr job climb_job{"climb", &climb};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(throwing_executors, stage)

BOOST_AUTO_TEST_CASE(of_a_function_on_a_lease)
{
    run([&]() -> asio::awaitable<void> {
        auto lease = co_await pools.async_acquire({.owner = "parser"});
        auto const fill = [&] { full = true; };
        lease.async_run(fill, token());
        co_await check("async_run", "parser", true);
        auto const function = [] { return 42; };
        BOOST_TEST(co_await lease.async_run(function) == 42);
    });
}

BOOST_AUTO_TEST_CASE(of_a_function_on_a_manager)
{
    run([&]() -> asio::awaitable<void> {
        auto const fill = [&] { full = true; };
        pools.async_run({.owner = "parser"}, fill, token());
        co_await check("async_run", "parser", true);
    });
}

BOOST_AUTO_TEST_CASE(of_a_function_whose_lease_has_ended)
{
    run([&]() -> asio::awaitable<void> {
        auto lease = co_await pools.async_acquire({.owner = "parser", .duration = 1ms});
        co_await log.await("lease revoked");
        full = true;
        auto const function = [] {};
        lease.async_run(function, token());
        co_await check("async_run", "parser", true);
    });
}

BOOST_AUTO_TEST_CASE(of_an_acquire_that_waited_and_its_lease_comes_back)
{
    run([&]() -> asio::awaitable<void> {
        auto lease = co_await pools.async_acquire({.owner = "first"});
        pools.async_acquire({.owner = "second"}, token());
        full = true;
        lease.release();
        co_await check("async_acquire", "second", true);
    });
}

BOOST_AUTO_TEST_CASE(of_a_function_whose_acquire_failed)
{
    run([&]() -> asio::awaitable<void> {
        auto lease = co_await pools.async_acquire({.owner = "first"});
        full = true;
        auto const function = [] {};
        pools.async_run({.owner = "second", .timeout = 1ms}, function, token());
        co_await check("async_run", "second", true);
    });
}

BOOST_AUTO_TEST_CASE(of_a_release)
{
    run([&]() -> asio::awaitable<void> {
        auto lease = co_await pools.async_acquire({.owner = "first"});
        full = true;
        lease.async_release(token());
        co_await check("async_release");
    });
}

BOOST_AUTO_TEST_CASE(of_stats)
{
    run([&]() -> asio::awaitable<void> {
        full = true;
        pools.async_stats(token());
        co_await check("async_stats");
    });
}

BOOST_AUTO_TEST_CASE(of_a_start)
{
    run([&]() -> asio::awaitable<void> {
        full = true;
        pools.async_start(token());
        co_await check("async_start");
    });
}

BOOST_AUTO_TEST_CASE(of_an_item_of_a_grinder)
{
    run([&]() -> asio::awaitable<void> {
        auto const fill = [&] { full = true; };
        grinder.async_submit({.owner = "parser"}, fill, token());
        co_await check("work_grinder::async_submit", "parser", true);
    });
}

BOOST_AUTO_TEST_CASE(of_an_item_that_a_grinder_refuses)
{
    run([&]() -> asio::awaitable<void> {
        co_await grinder.async_stop();
        full = true;
        auto const function = [] {};
        grinder.async_submit(function, token());
        co_await check("work_grinder::async_submit", "(none)", true);
        co_await grinder.async_start();
    });
}

BOOST_AUTO_TEST_CASE(of_a_start_a_stop_and_stats_of_a_grinder)
{
    run([&]() -> asio::awaitable<void> {
        full = true;
        grinder.async_start(token());
        co_await check("work_grinder::async_start");
        full = true;
        grinder.async_stats(token());
        BOOST_TEST((co_await log.await(record, 2))["operation"] == "work_grinder::async_stats");
        grinder.async_stop({}, token());
        BOOST_TEST((co_await log.await(record, 3))["operation"] == "work_grinder::async_stop");
        full = false;
        co_await grinder.async_start();
    });
}

BOOST_AUTO_TEST_CASE(of_the_progress_of_a_job)
{
    full_for_progress = &full;
    run([&]() -> asio::awaitable<void> {
        auto lease = co_await pools.async_acquire();
        happening done(io);
        int last = 0;
        job_options options;
        options.on_progress([&last](auto const& value) { last = value.template to_number<int>(); });
        auto const call = climb_job();
        lease.async_run(
            options, call, asio::bind_executor(bounded_executor{{&io}, &full}, done.handler()));
        co_await done.await();
        BOOST_TEST(last == 2);
        auto const said = co_await log.await("the executor of a job's progress threw");
        BOOST_TEST((said.level == severity::error));
        BOOST_TEST(said["job"] == "climb");
        BOOST_TEST(said["error"] == "the queue is full");
    });
}

BOOST_AUTO_TEST_SUITE_END()
