// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Cancellation of an item, wherever it is, in all three types.

#include "integration/support/grinder_support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <atomic>
#include <stop_token>
#include <variant>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using asio::cancellation_type;

constexpr cancellation_type each_type[] = {
    cancellation_type::terminal, cancellation_type::partial, cancellation_type::total};

/// A grinder on one pool of one thread, and an item that can be canceled.
struct bench : mill {
    explicit bench(grinder_options options)
        : mill(std::move(options), {.max_pools = 1}, {.workers_per_pool = 1}), ends(io)
    {
    }

    void submit_cancelable()
    {
        grinder.async_submit(
            [this] { ran = true; }, asio::bind_cancellation_slot(signal.slot(), ends.make()));
    }

    asio::cancellation_signal signal;
    endings ends;
    std::atomic<bool> ran = false;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_cancellation)

BOOST_AUTO_TEST_CASE(canceled_pending_item_leaves_the_queue_at_once_and_is_never_run)
{
    for (auto const type : each_type) {
        bench b({.batch_size = 2, .max_wait = 1h});
        b.run([&]() -> asio::awaitable<void> {
            b.submit_cancelable();
            b.signal.emit(type);
            BOOST_TEST((co_await b.grinder.async_stats()).pending == 0u);
            co_await b.ends.await(1);
            BOOST_TEST(b.ends.with(asio::error::operation_aborted) == 1u);
            BOOST_TEST((co_await b.grinder.async_stats()).canceled == 1u);
            // The next two are a batch without it.
            b.grinder.async_submit([] {}, b.ends.make());
            b.grinder.async_submit([] {}, b.ends.make());
            co_await b.ends.await(3);
            BOOST_TEST((co_await b.grinder.async_stats()).mean_batch_size == 2.0);
        });
        BOOST_TEST(!b.ran);
    }
}

BOOST_AUTO_TEST_CASE(canceled_item_that_waits_for_room_is_gone_at_once)
{
    for (auto const type : each_type) {
        bench b({.batch_size = 1, .max_wait = 1h, .max_pending = 1});
        b.run([&]() -> asio::awaitable<void> {
            auto held = co_await b.pools.async_acquire();
            b.grinder.async_submit([] {}, b.ends.make());
            b.submit_cancelable();
            BOOST_TEST((co_await b.grinder.async_stats()).waiting == 1u);
            b.signal.emit(type);
            BOOST_TEST((co_await b.grinder.async_stats()).waiting == 0u);
            co_await b.ends.await(1);
            BOOST_TEST(b.ends[1].code() == asio::error::operation_aborted);
            held.release();
            co_await b.ends.await(2);
        });
        BOOST_TEST(!b.ran);
    }
}

BOOST_AUTO_TEST_CASE(canceled_item_whose_batch_waits_for_a_lease_is_gone_at_once)
{
    for (auto const type : each_type) {
        bench b({.batch_size = 1, .max_wait = 1h});
        b.run([&]() -> asio::awaitable<void> {
            auto held = co_await b.pools.async_acquire();
            b.submit_cancelable();
            while (b.pools.waiters() == 0)
                co_await asio::post(b.io, asio::use_awaitable);
            b.signal.emit(type);
            co_await b.ends.await(1);
            BOOST_TEST(b.ends.with(asio::error::operation_aborted) == 1u);
            // Nor is its lease waited for any more.
            while (b.pools.waiters() != 0)
                co_await asio::post(b.io, asio::use_awaitable);
            held.release();
        });
        BOOST_TEST(!b.ran);
    }
}

BOOST_AUTO_TEST_CASE(canceled_item_that_its_lease_has_queued_is_gone_at_once)
{
    for (auto const type : each_type) {
        bench b({.batch_size = 2, .max_wait = 1h});
        gate busy;
        b.run([&]() -> asio::awaitable<void> {
            happening begun(b.io);
            b.grinder.async_submit(
                [&] {
                    asio::post(b.io, std::ref(begun));
                    busy.pass();
                },
                b.ends.make());
            b.submit_cancelable();
            co_await begun.await();
            BOOST_TEST((co_await b.grinder.async_stats()).in_flight == 2u);
            b.signal.emit(type);
            co_await b.ends.await(1);
            BOOST_TEST(b.ends[1].code() == asio::error::operation_aborted);
            auto const stats = co_await b.grinder.async_stats();
            BOOST_TEST(stats.in_flight == 1u);
            BOOST_TEST(stats.canceled == 1u);
            busy.open();
            co_await b.ends.await(2);
            BOOST_TEST(b.ends[0].well());
        });
        BOOST_TEST(!b.ran);
    }
}

BOOST_AUTO_TEST_CASE(canceled_item_that_runs_is_asked_to_stop_and_completes_when_it_has_returned)
{
    for (auto const type : each_type) {
        bench b({.batch_size = 1});
        gate go_on;
        b.run([&]() -> asio::awaitable<void> {
            happening begun(b.io);
            outcome<int> result(b.io);
            b.grinder.async_submit(
                [&](std::stop_token stop) {
                    asio::post(b.io, std::ref(begun));
                    go_on.pass();
                    return stop.stop_requested() ? 1 : 2;
                },
                asio::bind_cancellation_slot(b.signal.slot(), result.handler()));
            co_await begun.await();
            b.signal.emit(type);
            BOOST_TEST(!result.done());
            go_on.open();
            BOOST_TEST(co_await result.get() == (type == cancellation_type::total ? 2 : 1));
        });
    }
}

BOOST_AUTO_TEST_CASE(loser_of_a_race_is_canceled)
{
    using namespace asio::experimental::awaitable_operators;
    mill m({.batch_size = 2, .max_wait = 1h}, {.max_pools = 1});
    m.run([&]() -> asio::awaitable<void> {
        asio::steady_timer soon(m.io, 1ms);
        auto const no_op = [] {};
        auto const first = co_await (m.grinder.async_submit(no_op, asio::use_awaitable) ||
            soon.async_wait(asio::use_awaitable));
        BOOST_TEST(first.index() == 1u);
        BOOST_TEST((co_await m.grinder.async_stats()).canceled == 1u);
    });
}

BOOST_AUTO_TEST_CASE(cancellation_after_the_end_does_nothing)
{
    bench b({.batch_size = 1});
    b.run([&]() -> asio::awaitable<void> {
        b.submit_cancelable();
        co_await b.ends.await(1);
        b.signal.emit(cancellation_type::terminal);
        BOOST_TEST(b.ends.well() == 1u);
    });
}

BOOST_AUTO_TEST_CASE(canceled_stop_is_not_waited_for_and_goes_on)
{
    bench b({.batch_size = 1});
    gate busy;
    b.run([&]() -> asio::awaitable<void> {
        happening begun(b.io);
        b.grinder.async_submit(
            [&] {
                asio::post(b.io, std::ref(begun));
                busy.pass();
            },
            b.ends.make());
        co_await begun.await();
        verdict stopped(b.io), joined(b.io);
        b.grinder.async_stop({}, asio::bind_cancellation_slot(b.signal.slot(), stopped.handler()));
        b.grinder.async_stop({}, joined.handler());
        b.signal.emit(cancellation_type::total);
        BOOST_TEST(co_await stopped.get() == asio::error::operation_aborted);
        BOOST_TEST((co_await b.grinder.async_stats()).stopping);
        busy.open();
        BOOST_TEST(co_await joined.get() == error_code());
        BOOST_TEST(b.ends.well() == 1u);
        co_await b.grinder.async_start();
    });
}

BOOST_AUTO_TEST_CASE(cancellations_that_race_everything_end_each_item_once)
{
    mill m({.batch_size = 4, .max_wait = 1ms}, {.max_pools = 2}, {.workers_per_pool = 2});
    m.run([&]() -> asio::awaitable<void> {
        constexpr int items = 5'000;
        endings ends(m.io);
        std::atomic<int> ran = 0;
        std::deque<asio::cancellation_signal> signals;
        for (int n = 0; n != items; ++n) {
            auto& signal = signals.emplace_back();
            m.grinder.async_submit(
                [&] { ++ran; }, asio::bind_cancellation_slot(signal.slot(), ends.make()));
            if (n % 2 != 0)
                signals[static_cast<std::size_t>(n - n % 7)].emit(cancellation_type::partial);
            if (n % 16 == 0)
                co_await asio::post(m.io, asio::use_awaitable);
        }
        co_await ends.await(items);
        BOOST_TEST(ends.each_at_most_once());
        BOOST_TEST(ends.well() + ends.with(asio::error::operation_aborted) ==
            static_cast<std::size_t>(items));
        BOOST_TEST(ends.well() == static_cast<std::size_t>(ran.load()));
    });
}

BOOST_AUTO_TEST_SUITE_END()
