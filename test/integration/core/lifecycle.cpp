// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Starting, stopping, starting again: the manager's life.

#include "integration/support/events.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

auto one_thread()
{
    return thread_backend({.workers_per_pool = 1});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lifecycle)

BOOST_AUTO_TEST_CASE(start_creates_the_minimum_of_pools)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 3, .min_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.started);
        BOOST_TEST(now.available == 2u);
        BOOST_TEST(now.total == 2u);
        BOOST_TEST(now.pools_created == 2u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(manager_started_twice_starts_once)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 3, .min_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        verdict first(io);
        verdict second(io);
        pools.async_start(first.handler());
        pools.async_start(second.handler());
        BOOST_TEST(!co_await first.get());
        BOOST_TEST(!co_await second.get());
        co_await pools.async_start();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.pools_created == 2u);
        BOOST_TEST(now.total == 2u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(stop_before_the_start_is_harmless)
{
    asio::io_context io;
    thread_manager pools(io, one_thread());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_stop();
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire();
        BOOST_TEST(lease.valid());
        co_await pools.async_stop({.mode = stop_mode::cancel});
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(stopped_manager_starts_again)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 2, .min_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        for (int i = 0; i != 3; ++i) {
            co_await pools.async_start();
            BOOST_TEST(pools.available() == 2u);
            BOOST_TEST(co_await pools.async_run([] { return 42; }, asio::use_awaitable) == 42);
            co_await pools.async_stop();
            BOOST_TEST(pools.total() == 0u);
        }
        auto const now = co_await pools.async_stats();
        BOOST_TEST(!now.started);
        BOOST_TEST(now.pools_created == 6u);
        BOOST_TEST(now.pools_closed == 6u);
    });
}

BOOST_AUTO_TEST_CASE(acquire_before_the_start_and_after_the_stop_fails_at_once)
{
    asio::io_context io;
    thread_manager pools(io, one_thread());
    run(io, [&]() -> asio::awaitable<void> {
        auto [before, none] = co_await pools.async_acquire({}, as_tuple);
        BOOST_TEST(before == errc::not_running);
        BOOST_TEST(!none.valid());
        co_await pools.async_start();
        co_await pools.async_stop();
        auto [after, none_again] = co_await pools.async_acquire({}, as_tuple);
        BOOST_TEST(after == errc::not_running);
        BOOST_TEST(!none_again.valid());
    });
}

BOOST_AUTO_TEST_CASE(acquire_while_stopping_fails_even_if_a_pool_comes_back)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        verdict stopped(io);
        pools.async_stop({}, stopped.handler());
        pending_acquire<thread_backend> late(io, pools);
        lease.release();
        BOOST_TEST(co_await late.get() == errc::not_running);
        BOOST_TEST(!late.granted.valid());
        BOOST_TEST(!co_await stopped.get());
    });
}

BOOST_AUTO_TEST_CASE(waiting_acquire_fails_when_the_manager_stops)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        pending_acquire<thread_backend> waiting(io, pools);
        pending_acquire<thread_backend> impatient(io, pools, {.timeout = 1h});
        co_await pools.async_stats();
        BOOST_TEST(pools.waiters() == 2u);
        verdict stopped(io);
        pools.async_stop({}, stopped.handler());
        BOOST_TEST(co_await waiting.get() == errc::not_running);
        BOOST_TEST(co_await impatient.get() == errc::not_running);
        BOOST_TEST(!stopped.done());
        lease.release();
        BOOST_TEST(!co_await stopped.get());
    });
}

BOOST_AUTO_TEST_CASE(start_while_stopping_is_refused)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        verdict stopped(io);
        pools.async_stop({}, stopped.handler());
        auto [error] = co_await pools.async_start(as_tuple);
        BOOST_TEST(error == errc::not_running);
        BOOST_TEST((co_await pools.async_stats()).stopping);
        lease.release();
        BOOST_TEST(!co_await stopped.get());
    });
}

BOOST_AUTO_TEST_CASE(acquire_during_the_start_waits_for_it)
{
    asio::io_context io;
    gate start;
    thread_manager pools(io,
        thread_backend(
            {.workers_per_pool = 1, .on_thread_start = [&](worker_id) { start.pass(); }}),
        {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        verdict started(io);
        pools.async_start(started.handler());
        pending_acquire<thread_backend> early(io, pools);
        co_await pools.async_stats();
        start.await();
        BOOST_TEST(pools.waiters() == 1u);
        BOOST_TEST(!started.done());
        start.open();
        BOOST_TEST(!co_await early.get());
        BOOST_TEST(!co_await started.get());
        early.granted.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(acquires_begun_behind_a_start_are_granted_in_that_order)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    std::string ends;
    auto const note = [&](char name) {
        // The lease ends with the handler, so that the next is granted.
        return [&ends, name](error_code error, lease<thread_backend> const&) {
            ends += error == asio::error::operation_aborted ? '-' : error ? '!' : '+';
            ends += name;
        };
    };
    // Nothing runs the strand yet.
    pools.async_acquire({}, note('a'));
    pools.async_start([&](error_code error) { ends += error ? "!start" : "start"; });
    pools.async_acquire({}, note('b'));
    asio::cancellation_signal withdraw;
    pools.async_acquire({}, asio::bind_cancellation_slot(withdraw.slot(), note('c')));
    pools.async_acquire({}, note('d'));
    withdraw.emit(asio::cancellation_type::terminal);
    run(io, [&]() -> asio::awaitable<void> {
        auto last = co_await pools.async_acquire();
        BOOST_TEST(ends == "!a-c+bstart+d");
        last.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(acquires_begun_around_a_stop_and_a_start_take_effect_in_that_order)
{
    asio::io_context io;
    // A pool is free all the time.
    thread_manager pools(io, one_thread(), {.max_pools = 3, .min_pools = 3});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        // The strand runs in a later turn. The second start is refused, because the stop is not
        // done before.
        verdict stopped(io);
        verdict started(io);
        pending_acquire<thread_backend> before(io, pools);
        pools.async_stop({}, stopped.handler());
        pending_acquire<thread_backend> between(io, pools);
        pools.async_start(started.handler());
        pending_acquire<thread_backend> after(io, pools);
        BOOST_TEST(!co_await before.get());
        BOOST_TEST((co_await between.get() == errc::not_running));
        BOOST_TEST((co_await started.get() == errc::not_running));
        BOOST_TEST((co_await after.get() == errc::not_running));
        before.granted.release();
        BOOST_TEST(!co_await stopped.get());
    });
}

BOOST_AUTO_TEST_CASE(failed_start_leaves_nothing_running)
{
    asio::io_context io;
    std::atomic<int> calls{0};
    std::atomic<int> running{0};
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 2,
            .on_thread_start =
                [&](worker_id) {
                    if (++calls == 3)
                        throw std::runtime_error("no licence");
                    ++running;
                },
            .on_thread_stop = [&](worker_id) { --running; }}),
        {.max_pools = 3, .min_pools = 3});
    run(io, [&]() -> asio::awaitable<void> {
        pending_acquire<thread_backend> waiting(io);
        auto [error] = co_await pools.async_start(as_tuple);
        BOOST_TEST(error == errc::worker_start_failed);
        BOOST_TEST(running == 0);
        BOOST_TEST(pools.total() == 0u);
        auto const now = co_await pools.async_stats();
        BOOST_TEST(!now.started);
        BOOST_TEST(now.pools_failed == 1u);

        // What failed once may succeed now.
        co_await pools.async_start();
        BOOST_TEST(pools.available() == 3u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(failed_start_gives_the_code_of_a_system_error_also_to_who_waits)
{
    asio::io_context io;
    journal log(io);
    auto const reason = std::make_error_code(std::errc::no_such_device);
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 1,
            .on_thread_start = [&](worker_id) { throw std::system_error(reason, "gpu0"); }}),
        {.max_pools = 1, .log = std::ref(log)});
    run(io, [&]() -> asio::awaitable<void> {
        verdict first(io);
        verdict second(io);
        pools.async_start(first.handler());
        pools.async_start(second.handler());
        pending_acquire<thread_backend> waiting(io, pools);
        BOOST_TEST(co_await first.get() == error_code(reason));
        BOOST_TEST(co_await second.get() == error_code(reason));
        BOOST_TEST(co_await waiting.get() == error_code(reason));
        BOOST_TEST(log.last("a pool could not be made")["error"].starts_with("gpu0"));
        BOOST_TEST(log.last("manager not started")["error"] == error_code(reason).message());
    });
}

BOOST_AUTO_TEST_CASE(canceled_start_is_undone)
{
    asio::io_context io;
    gate start;
    std::atomic<int> running{0};
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 1,
            .on_thread_start =
                [&](worker_id) {
                    ++running;
                    start.pass();
                },
            .on_thread_stop = [&](worker_id) { --running; }}),
        {.max_pools = 2, .min_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        asio::cancellation_signal cancel;
        verdict started(io);
        pools.async_start(asio::bind_cancellation_slot(cancel.slot(), started.handler()));
        pending_acquire<thread_backend> waiting(io, pools);
        co_await pools.async_stats();
        start.await(2);
        cancel.emit(asio::cancellation_type::total);
        BOOST_TEST(co_await waiting.get() == errc::not_running);
        BOOST_TEST(!started.done());
        start.open();
        BOOST_TEST(co_await started.get() == asio::error::operation_aborted);
        BOOST_TEST(running == 0);
        BOOST_TEST(pools.total() == 0u);

        co_await pools.async_start();
        BOOST_TEST(pools.available() == 2u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(canceled_start_goes_on_for_another_that_waits_for_it)
{
    asio::io_context io;
    gate start;
    thread_manager pools(io,
        thread_backend(
            {.workers_per_pool = 1, .on_thread_start = [&](worker_id) { start.pass(); }}));
    run(io, [&]() -> asio::awaitable<void> {
        asio::cancellation_signal cancel;
        verdict first(io);
        verdict second(io);
        pools.async_start(asio::bind_cancellation_slot(cancel.slot(), first.handler()));
        pools.async_start(second.handler());
        co_await pools.async_stats();
        start.await();
        cancel.emit(asio::cancellation_type::terminal);
        BOOST_TEST(co_await first.get() == asio::error::operation_aborted);
        start.open();
        BOOST_TEST(!co_await second.get());
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(cancel_after_the_start_is_done_does_nothing)
{
    asio::io_context io;
    thread_manager pools(io, one_thread());
    run(io, [&]() -> asio::awaitable<void> {
        asio::cancellation_signal cancel;
        verdict started(io);
        pools.async_start(asio::bind_cancellation_slot(cancel.slot(), started.handler()));
        BOOST_TEST(!co_await started.get());
        cancel.emit(asio::cancellation_type::terminal);
        BOOST_TEST((co_await pools.async_stats()).started);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(started_manager_keeps_its_context_running_until_it_is_stopped)
{
    asio::io_context io;
    thread_manager pools(io, one_thread());
    happening started(io);
    pools.async_start([&](error_code) { started(); });
    while (started.count() == 0)
        io.run_one();
    // Nothing is pending; were it not for the manager, this would stop the context.
    while (io.poll_one() != 0) {}
    BOOST_TEST(!io.stopped());
    pools.async_stop({}, [](error_code) {});
    io.run();
    BOOST_TEST(pools.total() == 0u);
}

BOOST_AUTO_TEST_CASE(manager_can_be_used_from_any_thread)
{
    asio::io_context io;
    thread_manager pools(io, thread_backend({.workers_per_pool = 2}), {.max_pools = 2});
    auto const work = asio::make_work_guard(io);
    std::vector<std::thread> io_threads;
    for (int i = 0; i != 2; ++i)
        io_threads.emplace_back([&] { io.run(); });
    pools.async_start(asio::use_future).get();

    std::atomic<int> sum{0};
    std::vector<std::thread> users;
    for (int i = 0; i != 4; ++i)
        users.emplace_back([&] {
            for (int n = 0; n != 50; ++n) {
                auto lease = pools.async_acquire({}, asio::use_future).get();
                sum += lease.async_run([] { return 1; }, asio::use_future).get();
                if (n % 3 == 0)
                    lease.async_release(asio::use_future).get();
                pools.notify_scale_changed();
            }
        });
    for (auto& user : users)
        user.join();
    BOOST_TEST(sum == 200);
    auto const now = pools.async_stats(asio::use_future).get();
    BOOST_TEST(now.acquired == 200u);
    BOOST_TEST(now.released == 200u);
    BOOST_TEST(now.leased == 0u);
    pools.async_stop({}, asio::use_future).get();
    io.stop();
    for (auto& thread : io_threads)
        thread.join();
}

BOOST_AUTO_TEST_SUITE_END()
