// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Per-operation cancellation, wherever an operation can be waiting, in all three types.

#include "integration/support/waiting_operations.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <future>
#include <memory>
#include <utility>
#include <variant>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using asio::cancellation_type;

constexpr cancellation_type each_type[] = {
    cancellation_type::terminal, cancellation_type::partial, cancellation_type::total};

constexpr bool asks_to_stop(cancellation_type type)
{
    return (type & (cancellation_type::terminal | cancellation_type::partial)) !=
        cancellation_type::none;
}

/// One operation, begun with a slot, and its outcome.
template <class Op>
class cancelable {
public:
    explicit cancelable(scene& s) : scene_(s) {}

    /// Begins it on the io_context's thread, where the handler runs, too.
    void begin()
    {
        scene_.on_io([this] { begin_here(); });
    }

    void begin_here()
    {
        auto const handler = [this](auto const& error, auto const&... results) {
            (keep(results), ...);
            done_.set_value(code_of(error));  // throws if it comes twice
        };
        Op::begin(scene_, asio::bind_cancellation_slot(signal_.slot(), handler));
    }

    void emit(cancellation_type type)
    {
        scene_.on_io([this, type] { signal_.emit(type); });
    }

    void emit_here(cancellation_type type) { signal_.emit(type); }

    error_code outcome() { return get(done_); }
    bool got_lease() const { return got_lease_; }

private:
    void keep(thread_lease const& lease) { got_lease_ = lease.valid(); }
    template <class T>
    void keep(T const&)
    {
    }

    scene& scene_;
    asio::cancellation_signal signal_;
    std::promise<error_code> done_;
    bool got_lease_ = false;
};

/// After a canceled start the manager is not running.
template <class Op>
void check_alive(scene& s)
{
    if (Op::starts)
        start(*s.pools);
    if (std::is_same_v<Op, waiting_stop>) {
        s.held = {};
        get(s.pools->async_stop({}, asio::use_future));
        start(*s.pools);
    }
    s.check_alive();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(contract_cancellation)

BOOST_AUTO_TEST_CASE_TEMPLATE(canceled_while_it_waits, Op, waiting_operations)
{
    for (auto const type : each_type) {
        scene s(!Op::starts);
        Op::prepare(s);
        cancelable<Op> op(s);
        op.begin();
        Op::pending(s);
        op.emit(type);
        if constexpr (Op::runs) {
            // What has begun completes with what it returns. Only if it can be asked to, it stops.
            bool const stops = Op::stoppable && asks_to_stop(type);
            BOOST_TEST(s.asked_to_stop == stops);
            if (!stops)
                Op::let_go(s);
            BOOST_TEST(op.outcome() == error_code());
        }
        else {
            if (Op::starts)  // undone when its threads are gone
                Op::let_go(s);
            BOOST_TEST(op.outcome() == asio::error::operation_aborted);
            BOOST_TEST(!op.got_lease());
            Op::let_go(s);
            if (!Op::starts && !std::is_same_v<Op, waiting_stop>)
                s.settle();
            BOOST_TEST(!s.began);
        }
        check_alive<Op>(s);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(canceled_twice_completes_once, Op, waiting_operations)
{
    scene s(!Op::starts);
    Op::prepare(s);
    cancelable<Op> op(s);
    op.begin();
    Op::pending(s);
    s.on_io([&] {
        op.emit_here(cancellation_type::total);
        op.emit_here(cancellation_type::partial);
        op.emit_here(cancellation_type::terminal);
    });
    Op::let_go(s);
    BOOST_TEST(
        op.outcome() == (Op::runs ? error_code() : error_code(asio::error::operation_aborted)));
    check_alive<Op>(s);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(canceled_before_it_began_is_not_canceled, Op, waiting_operations)
{
    scene s(!Op::starts);
    Op::prepare(s);
    cancelable<Op> op(s);
    op.emit(cancellation_type::terminal);
    op.begin();
    Op::pending(s);
    Op::let_go(s);
    BOOST_TEST(op.outcome() == error_code());
    BOOST_TEST(!s.asked_to_stop);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(canceled_after_it_completed_does_nothing, Op, waiting_operations)
{
    scene s(!Op::starts);
    Op::prepare(s);
    cancelable<Op> op(s);
    op.begin();
    Op::pending(s);
    Op::let_go(s);
    BOOST_TEST(op.outcome() == error_code());
    op.emit(cancellation_type::terminal);
    BOOST_TEST(!s.asked_to_stop);
    check_alive<Op>(s);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(cancellation_of_no_type_does_nothing, Op, waiting_operations)
{
    scene s(!Op::starts);
    Op::prepare(s);
    cancelable<Op> op(s);
    op.begin();
    Op::pending(s);
    op.emit(cancellation_type::none);
    Op::let_go(s);
    BOOST_TEST(op.outcome() == error_code());
    BOOST_TEST(!s.asked_to_stop);
}

// In the same turn of the io_context: nothing of it may have been looked at yet.
BOOST_AUTO_TEST_CASE_TEMPLATE(canceled_at_once_completes_once, Op, waiting_operations)
{
    for (auto const type : each_type) {
        scene s(!Op::starts);
        Op::prepare(s);
        cancelable<Op> op(s);
        s.on_io([&] {
            op.begin_here();
            op.emit_here(type);
        });
        Op::let_go(s);
        auto const error = op.outcome();
        if (!Op::runs)
            BOOST_TEST(error == asio::error::operation_aborted);
        else if (error)
            BOOST_TEST(error == asio::error::operation_aborted);
        check_alive<Op>(s);
    }
}

// The grant has happened, its handler has not run yet.
BOOST_AUTO_TEST_CASE(canceled_between_the_grant_and_the_handler_keeps_the_lease_or_gives_it_back)
{
    for (auto const type : each_type) {
        scene s;
        cancelable<waiting_acquire> op(s);
        s.on_io([&] {
            op.begin_here();
            op.emit_here(type);
        });
        if (auto const error = op.outcome())
            BOOST_TEST(error == asio::error::operation_aborted);
        else
            BOOST_TEST(op.got_lease());
        s.check_alive();
    }
}

BOOST_AUTO_TEST_CASE(one_canceled_start_does_not_undo_another)
{
    scene s(false);
    cancelable<start_under_way> first(s);
    first.begin();
    auto second = s.pools->async_start(asio::use_future);
    s.starting.await();
    s.settle();
    first.emit(cancellation_type::terminal);
    BOOST_TEST(first.outcome() == asio::error::operation_aborted);
    s.starting.open();
    get(std::move(second));
    s.check_alive();
}

BOOST_AUTO_TEST_CASE(both_starts_canceled_undo_the_start)
{
    scene s(false);
    cancelable<start_under_way> first(s);
    cancelable<start_under_way> second(s);
    first.begin();
    second.begin();
    s.starting.await();
    s.settle();
    first.emit(cancellation_type::partial);
    second.emit(cancellation_type::total);
    s.starting.open();
    BOOST_TEST(first.outcome() == asio::error::operation_aborted);
    BOOST_TEST(second.outcome() == asio::error::operation_aborted);
    BOOST_TEST(s.pools->total() == 0u);
    start(*s.pools);
    s.check_alive();
}

BOOST_AUTO_TEST_CASE(acquire_that_waits_for_a_canceled_start_is_refused)
{
    scene s(false);
    cancelable<start_under_way> op(s);
    op.begin();
    s.starting.await();
    auto waiting = s.pools->async_acquire({}, asio::use_future);
    s.settle();
    op.emit(cancellation_type::terminal);
    BOOST_CHECK_EXCEPTION(get(std::move(waiting)), boost::system::system_error,
        [](auto const& e) { return e.code() == errc::not_running; });
    s.starting.open();
    BOOST_TEST(op.outcome() == asio::error::operation_aborted);
}

BOOST_AUTO_TEST_CASE(canceled_stop_wait_does_not_take_the_stop_back)
{
    scene s;
    s.take_lease();
    cancelable<waiting_stop> op(s);
    op.begin();
    s.settle();
    op.emit(cancellation_type::terminal);
    BOOST_TEST(op.outcome() == asio::error::operation_aborted);
    BOOST_CHECK_EXCEPTION(acquire(*s.pools), boost::system::system_error,
        [](auto const& e) { return e.code() == errc::not_running; });
    s.held.release();
    get(s.pools->async_stop({}, asio::use_future));
    BOOST_TEST(s.pools->total() == 0u);
}

BOOST_AUTO_TEST_CASE(canceled_drain_wait_does_not_take_the_release_back)
{
    scene s;
    waiting_release::prepare(s);
    cancelable<waiting_release> op(s);
    op.begin();
    s.settle();
    op.emit(cancellation_type::terminal);
    BOOST_TEST(op.outcome() == asio::error::operation_aborted);
    BOOST_TEST(!s.held.valid());
    BOOST_TEST(s.pools->leased() == 1u);
    s.check_alive();
}

BOOST_AUTO_TEST_CASE(canceled_waiter_does_not_hold_up_the_next)
{
    scene s;
    s.take_lease();
    cancelable<waiting_acquire> first(s);
    first.begin();
    auto second = s.pools->async_acquire({.owner = "second"}, asio::use_future);
    first.emit(cancellation_type::total);
    s.held.release();
    BOOST_TEST(get(std::move(second)).owner() == "second");
    BOOST_TEST(first.outcome() == asio::error::operation_aborted);
}

// A function with a stop token that nobody asked to stop: a total cancellation that came while the
// function was in the queue must not leave a mark that hides it from a later stop.
BOOST_AUTO_TEST_CASE(total_cancellation_of_what_runs_does_not_hide_it_from_a_stop)
{
    scene s;
    cancelable<running_manager_run> op(s);
    op.begin();
    s.running.await();
    op.emit(cancellation_type::total);
    BOOST_TEST(!s.asked_to_stop);
    get(s.pools->async_stop({.mode = stop_mode::cancel}, asio::use_future));
    BOOST_TEST(s.asked_to_stop);
    BOOST_TEST(op.outcome() == error_code());
}

BOOST_AUTO_TEST_CASE(acquire_or_timer_whichever_comes_first)
{
    using namespace asio::experimental::awaitable_operators;
    asio::io_context io;
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        asio::steady_timer timer(io, 10min);
        {
            auto won = co_await (pools.async_acquire({}, asio::use_awaitable) ||
                timer.async_wait(asio::use_awaitable));
            BOOST_TEST(won.index() == 0u);
            BOOST_TEST(std::get<0>(won).valid());

            // None is free, so the timer wins and the acquire is canceled.
            timer.expires_after(1ms);
            auto lost = co_await (pools.async_acquire({}, asio::use_awaitable) ||
                timer.async_wait(asio::use_awaitable));
            BOOST_TEST(lost.index() == 1u);
            BOOST_TEST((co_await pools.async_stats()).waiters == 0u);
        }
        auto next = co_await pools.async_acquire();
        BOOST_TEST(next.valid());
        next.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(two_acquires_at_once_with_and)
{
    using namespace asio::experimental::awaitable_operators;
    asio::io_context io;
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        {
            auto [a, b] = co_await (pools.async_acquire({}, asio::use_awaitable) &&
                pools.async_acquire({}, asio::use_awaitable));
            BOOST_TEST(a.valid());
            BOOST_TEST(b.valid());
            auto [x, y] = co_await (a.async_run([] { return 1; }, asio::use_awaitable) &&
                b.async_run([] { return 2; }, asio::use_awaitable));
            BOOST_TEST(x + y == 3);

            // One that fails cancels the other, which waits; then both have failed.
            BOOST_CHECK_THROW(co_await (pools.async_acquire({}, asio::use_awaitable) &&
                                  pools.async_acquire({.wait = false}, asio::use_awaitable)),
                asio::multiple_exceptions);
            BOOST_TEST((co_await pools.async_stats()).waiters == 0u);
        }
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(or_waits_for_a_function_that_runs_and_asks_it_to_stop)
{
    using namespace asio::experimental::awaitable_operators;
    asio::io_context io;
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        gate running;
        bool returned = false;
        asio::steady_timer begun(io, 2min);
        auto const until_stopped = [&](std::stop_token stop) {
            std::stop_callback const on_stop(stop, [&] { running.open(); });
            asio::post(io, [&] { begun.expires_at(asio::steady_timer::time_point::min()); });
            running.pass();
            returned = true;
        };
        auto const when_it_runs = [&]() -> asio::awaitable<void> {
            co_await begun.async_wait(asio::as_tuple(asio::use_awaitable));
        };
        auto const won =
            co_await (pools.async_run(until_stopped, asio::use_awaitable) || when_it_runs());
        BOOST_TEST(won.index() == 1u);
        BOOST_TEST(returned);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_SUITE_END()
