// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The grinder, its manager, their context and their items end in every order; each item once.

#include "integration/support/grinder_support.hpp"
#include "integration/support/io_threads.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// A grinder with one item that runs until it is asked to stop, one that its lease has queued, some that are pending and one
/// that waits for room. Nobody runs the context but the test.
struct everything {
    everything()
        : io(std::make_unique<asio::io_context>()), ends(other),
          pools(std::in_place, *io, thread_backend({.workers_per_pool = 1}),
              manager_options{.max_pools = 1}),
          grinder(std::in_place, *pools,
              grinder_options{.batch_size = 2,
                  .max_batch = 2,
                  .max_wait = 1h,
                  .max_pending = 3,
                  .max_concurrent_batches = 2})
    {
        pools->async_start(asio::detached);
        grinder->async_start(asio::detached);
        poll_until([&] { return pools->available() == 1; });
        grinder->async_submit(
            [&](std::stop_token stop) {
                std::stop_callback const asked(stop, [&] { running.open(); });
                running.pass();
            },
            ends.make());
        grinder->async_submit([&] { ++ran; }, ends.make());
        poll_until([&] { return pools->leased() == 1; });
        running.await();
        for (int n = 0; n != 4; ++n)
            grinder->async_submit([&] { ++ran; }, ends.make());
        poll_until([&] { return pools->waiters() == 1; });
    }

    template <class Is>
    void poll_until(Is is)
    {
        while (!is()) {
            io->restart();
            io->run_one_for(1min);
        }
    }
    void poll()
    {
        io->restart();
        io->poll();
    }
    void check_each_once(std::size_t called, std::size_t destroyed)
    {
        BOOST_TEST(ends.called() == called);
        BOOST_TEST(ends.destroyed() == destroyed);
        BOOST_TEST(ends.each_at_most_once());
        BOOST_TEST(called + destroyed == ends.size());
    }

    asio::io_context other;  // that the notes of the ends live on
    std::unique_ptr<asio::io_context> io;
    endings ends;
    std::atomic<int> ran = 0;
    gate running;
    std::optional<thread_manager> pools;
    std::optional<thread_grinder> grinder;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_lifetimes)

BOOST_FIXTURE_TEST_CASE(grinder_destroyed_first, everything)
{
    grinder.reset();
    poll_until([&] { return ends.called() == 6; });
    BOOST_TEST(ends[0].well());
    BOOST_TEST(ends.with(errc::not_running) == 5u);
    BOOST_TEST(ran == 0);
    // The manager is as it was.
    pending_acquire<thread_backend> next(*io, *pools);
    poll_until([&] { return next.done(); });
    BOOST_TEST(next.error == error_code());
    next.granted.release();
    pools.reset();
    poll();
    check_each_once(6, 0);
}

BOOST_FIXTURE_TEST_CASE(manager_stopped_first, everything)
{
    pools->async_stop({.mode = stop_mode::cancel}, asio::detached);
    poll_until([&] { return ends.called() == 6; });
    BOOST_TEST(ends[0].well());
    BOOST_TEST(ends.with(errc::not_running) == 5u);
    // The grinder runs on, and gets no lease.
    grinder->async_submit([] {}, ends.make());
    grinder->async_submit([] {}, ends.make());
    poll_until([&] { return ends.called() == 8; });
    BOOST_TEST(ends.with(errc::not_running) == 7u);
    grinder->async_stop({}, asio::detached);
    io->restart();
    io->run();
    check_each_once(8, 0);
}

BOOST_FIXTURE_TEST_CASE(manager_destroyed_first, everything)
{
    pools.reset();  // waits for what runs
    poll();
    BOOST_TEST(ends[0].well());
    BOOST_TEST(ends.with(errc::not_running) == 5u);
    grinder->async_submit([] {}, ends.make());
    bool asked = false;
    grinder->async_stats([&](error_code error, grinder_stats const& stats) {
        asked = true;
        BOOST_TEST(error == error_code());
        BOOST_TEST(!stats.started);
        BOOST_TEST(stats.submitted == 6u);
        BOOST_TEST(stats.completed == 1u);
        BOOST_TEST(stats.failed == 5u);
        BOOST_TEST(stats.in_flight + stats.pending + stats.waiting == 0u);
    });
    error_code start_error;
    grinder->async_start([&](error_code error) { start_error = error; });
    grinder->async_stop({}, asio::detached);
    poll();
    BOOST_TEST(asked);
    BOOST_TEST(start_error == errc::not_running);
    BOOST_TEST(ends.with(errc::not_running) == 6u);
    grinder.reset();
    check_each_once(7, 0);
}

BOOST_FIXTURE_TEST_CASE(context_destroyed_first, everything)
{
    io.reset();
    // What had begun has run; no handler is called.
    check_each_once(0, 6);
    BOOST_CHECK_EXCEPTION(grinder->async_submit([] {}, ends.make()), boost::system::system_error,
        has_code(errc::not_running));
    BOOST_CHECK_EXCEPTION(grinder->async_start(asio::detached), boost::system::system_error,
        has_code(errc::not_running));
    grinder.reset();
    pools.reset();
}

BOOST_FIXTURE_TEST_CASE(context_destroyed_first_then_the_manager, everything)
{
    io.reset();
    pools.reset();
    grinder.reset();
    check_each_once(0, 6);
}

BOOST_FIXTURE_TEST_CASE(context_destroyed_with_completions_on_their_way, everything)
{
    grinder->async_stop({.mode = stop_mode::cancel}, asio::detached);
    // One turn of the strand: everything is done, and nothing delivered.
    while (ends.called() == 0 && io->poll_one() != 0) {}
    io.reset();
    BOOST_TEST(ends.called() + ends.destroyed() == ends.size());
    BOOST_TEST(ends.each_at_most_once());
}

BOOST_FIXTURE_TEST_CASE(grinder_destroyed_and_then_the_context_before_anything_runs, everything)
{
    grinder.reset();
    io.reset();
    check_each_once(0, 6);
    pools.reset();
}

BOOST_FIXTURE_TEST_CASE(grinder_and_manager_destroyed_with_a_stop_waiting, everything)
{
    int stopped = 0;
    grinder->async_stop({}, [&](error_code error) {
        ++stopped;
        BOOST_TEST(error == error_code());
    });
    poll();
    BOOST_TEST(stopped == 0);
    pools.reset();
    poll();
    BOOST_TEST(stopped == 1);
    grinder.reset();
    check_each_once(6, 0);
}

BOOST_AUTO_TEST_CASE(grinder_destroyed_in_the_handler_of_an_item)
{
    asio::io_context io;
    thread_manager pools(io, thread_backend());
    auto grinder = std::make_unique<thread_grinder>(pools, grinder_options{.batch_size = 3});
    pools.async_start(asio::detached);
    grinder->async_start(asio::detached);
    int called = 0;
    for (int n = 0; n != 3; ++n)
        grinder->async_submit([] {},
            [&](std::exception_ptr) {
                grinder.reset();
                if (++called == 3)
                    pools.async_stop({}, asio::detached);
            });
    io.run();
    BOOST_TEST(called == 3);
}

BOOST_AUTO_TEST_CASE(grinder_destroyed_in_an_item)
{
    io_threads io;
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
    auto grinder =
        std::make_unique<thread_grinder>(pools, grinder_options{.batch_size = 2, .max_wait = 1h});
    get(pools.async_start(asio::use_future));
    get(grinder->async_start(asio::use_future));
    auto first = grinder->async_submit([&] { grinder.reset(); }, asio::use_future);
    auto second = grinder->async_submit([] {}, asio::use_future);
    get(std::move(first));
    // It ran before it could be taken back, or not at all.
    auto const code = code_thrown_by([&] { get(std::move(second)); });
    BOOST_TEST((code == error_code() || code == errc::not_running));
    get(pools.async_stop({}, asio::use_future));
}

BOOST_AUTO_TEST_CASE(item_may_submit_another)
{
    mill m({.batch_size = 1}, {.max_pools = 1}, {.workers_per_pool = 1});
    m.run([&]() -> asio::awaitable<void> {
        endings ends(m.io);
        auto inner = ends.make();
        m.grinder.async_submit(
            [&] { m.grinder.async_submit([] {}, std::move(inner)); }, ends.make());
        co_await ends.await(2);
        BOOST_TEST(ends.well() == 2u);
    });
}

BOOST_AUTO_TEST_CASE(handler_may_own_grinder_and_manager)
{
    auto io = std::make_unique<asio::io_context>();
    struct world {
        explicit world(asio::io_context& on)
            : pools(on, thread_backend()), grinder(pools, {.batch_size = 2, .max_wait = 1h})
        {
        }
        thread_manager pools;
        thread_grinder grinder;
    };
    auto all = std::make_shared<world>(*io);
    std::weak_ptr<world> const watch = all;
    all->pools.async_start(asio::detached);
    all->grinder.async_start(asio::detached);
    // Pending for ever, and with it what it owns; until the context goes.
    all->grinder.async_submit([] {}, [w = all](std::exception_ptr) {});
    io->poll();
    all.reset();
    BOOST_TEST(!watch.expired());
    io.reset();
    BOOST_TEST(watch.expired());
}

BOOST_AUTO_TEST_CASE(grinder_on_a_manager_that_has_ended_is_inert)
{
    auto io = std::make_unique<asio::io_context>();
    thread_manager orphan(*io, thread_backend());
    io.reset();
    thread_grinder grinder(orphan);
    BOOST_CHECK_EXCEPTION(grinder.async_start(asio::detached), boost::system::system_error,
        has_code(errc::not_running));
}

BOOST_AUTO_TEST_SUITE_END()
