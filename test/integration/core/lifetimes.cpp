// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/io_threads.hpp"
#include "support/executor_over.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

// Leases, executors and managers going in every order, on every thread.

namespace leasepool::test {
namespace {

using asio::use_awaitable;
using asio::use_future;
namespace execution = asio::execution;

BOOST_AUTO_TEST_SUITE(lifetimes)

BOOST_FIXTURE_TEST_CASE(lease_dropped_on_its_own_thread_comes_back, one_lease)
{
    auto const ex = lease.get_executor();
    asio::post(ex, [held = std::move(lease)]() mutable { held.release(); });
    std::optional<thread_lease> again = acquire(pools);
    get(again->async_run([&] { again.reset(); }, use_future));
    BOOST_TEST(acquire(pools).valid());
}

BOOST_FIXTURE_TEST_CASE(lease_dropped_on_a_plain_thread_comes_back, one_lease)
{
    std::thread([held = std::move(lease)] {}).join();
    BOOST_TEST(acquire(pools).valid());
}

BOOST_AUTO_TEST_CASE(lease_outlives_manager_and_context)
{
    thread_lease held;
    {
        heap_manager m;
        held = acquire(*m.pools, {.owner = "somebody"});
        m.pools.reset();
        BOOST_TEST(held.valid());
        BOOST_TEST(held.ended() == errc::not_running);
        BOOST_CHECK_THROW(asio::post(held, [] {}), boost::system::system_error);
        // The context is still there to complete it.
        BOOST_CHECK_THROW(get(held.async_run([] {}, use_future)), boost::system::system_error);
    }
    BOOST_TEST(held.owner() == "somebody");
    BOOST_TEST(!held.renew(1s));
    held.release();
}

BOOST_AUTO_TEST_CASE(context_of_handlers_may_go_as_soon_as_the_last_has_run)
{
    // Each has its own, on the stack; a worker may still be about to return from what it posted there.
    one_lease m(2);
    for (int round = 0; round != 500; ++round) {
        int called = 0;
        {
            asio::io_context own;
            for (int n = 0; n != 3; ++n)
                m.lease.async_run(
                    [] {}, asio::bind_executor(own, [&](std::exception_ptr) { ++called; }));
            own.run();
        }
        BOOST_TEST(called == 3);
    }
}

BOOST_AUTO_TEST_CASE(manager_destroyed_with_everything_outstanding_completes_it)
{
    heap_manager m({.max_pools = 1}, 1);
    std::optional<thread_lease> held = acquire(*m.pools);
    thread_lease other = acquire(*m.pools);
    gate busy;
    auto running = held->async_run(
        [&](std::stop_token stop) {
            std::stop_callback const wake(stop, [&] { busy.open(); });
            busy.pass();
            return 5;
        },
        use_future);
    auto queued = held->async_run([] { return 6; }, use_future);
    auto waiting = m.pools->async_acquire({}, use_future);
    auto runs_later = m.pools->async_run([] {}, use_future);
    auto const tracked = asio::require(other.get_executor(), execution::outstanding_work.tracked);
    auto released = other.async_release(use_future);
    auto stopped = m.pools->async_stop({.deadline = 1h}, use_future);
    busy.await();
    m.pools.reset();
    BOOST_TEST(get(std::move(running)) == 5);
    BOOST_CHECK_THROW(get(std::move(queued)), boost::system::system_error);
    BOOST_CHECK_THROW(get(std::move(waiting)), boost::system::system_error);
    BOOST_CHECK_THROW(get(std::move(runs_later)), boost::system::system_error);
    BOOST_CHECK_THROW(get(std::move(released)), boost::system::system_error);
    BOOST_CHECK_NO_THROW(get(std::move(stopped)));
}

BOOST_AUTO_TEST_CASE(commands_that_never_reached_the_strand_complete_when_the_manager_goes)
{
    heap_manager m;
    auto idle = std::make_unique<thread_manager>(m.io.context(), thread_backend());
    gate io_busy;
    asio::post(m.io.context(), [&] { io_busy.pass(); });
    io_busy.await();
    auto stopped = m.pools->async_stop({}, use_future);
    auto stats = m.pools->async_stats(use_future);
    auto acquired = m.pools->async_acquire({}, use_future);
    auto started = idle->async_start(use_future);
    m.pools.reset();
    idle.reset();
    io_busy.open();
    BOOST_CHECK_NO_THROW(get(std::move(stopped)));
    BOOST_TEST(code_thrown_by([&] { get(std::move(stats)); }) == errc::not_running);
    BOOST_TEST(code_thrown_by([&] { get(std::move(acquired)); }) == errc::not_running);
    BOOST_TEST(code_thrown_by([&] { get(std::move(started)); }) == errc::not_running);
}

BOOST_AUTO_TEST_CASE(manager_destroyed_frees_the_coroutines_on_its_leases_un_resumed)
{
    heap_manager m;
    auto const witness = std::make_shared<int>(0);
    thread_lease held = acquire(*m.pools);
    std::promise<void> waits;
    auto const body = [&, witness]() -> asio::awaitable<void> {
        auto const mine = witness;
        asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
        waits.set_value();
        co_await timer.async_wait(use_awaitable);
        ++*mine;
    };
    {
        auto const mine = body;
        asio::co_spawn(held, mine(), asio::detached);
        get(waits);
        m.pools.reset();
    }
    BOOST_TEST(*witness == 0);
    BOOST_TEST(witness.use_count() == 2);
}

// The manager destroyed on one of its own threads.

template <class Begin>
void destroy_on_own_thread(Begin begin)
{
    heap_manager m;
    thread_lease held = acquire(*m.pools);
    std::promise<void> gone;
    begin(m, held, [&] {
        m.pools.reset();
        gone.set_value();
    });
    get(gone);
    BOOST_TEST(held.ended() == errc::not_running);
}

BOOST_AUTO_TEST_CASE(manager_destroyed_by_a_function_it_runs)
{
    destroy_on_own_thread(
        [](auto&, auto& held, auto destroy) { held.async_run(destroy, asio::detached); });
}

BOOST_AUTO_TEST_CASE(manager_destroyed_by_its_own_run)
{
    destroy_on_own_thread(
        [](auto& m, auto&, auto destroy) { m.pools->async_run(destroy, asio::detached); });
}

BOOST_AUTO_TEST_CASE(manager_destroyed_by_a_function_posted_to_a_lease)
{
    destroy_on_own_thread([](auto&, auto& held, auto destroy) { asio::post(held, destroy); });
}

BOOST_AUTO_TEST_CASE(manager_destroyed_by_a_coroutine_on_a_lease)
{
    destroy_on_own_thread([](auto&, auto& held, auto destroy) {
        auto const body = [](auto what) -> asio::awaitable<void> {
            co_await asio::post(use_awaitable);
            what();
        };
        asio::co_spawn(held, body(destroy), asio::detached);
    });
}

// ... and inside the delivery of a handler.

/// Runs a function inside `execute`, although it says that it does not.
struct inline_executor : executor_over {
    template <class F>
    void execute(F f) const
    {
        std::move(f)();
    }
    bool operator==(inline_executor const&) const noexcept = default;
};

BOOST_AUTO_TEST_CASE(manager_destroyed_inside_the_delivery_of_a_function)
{
    destroy_on_own_thread([](auto& m, auto& held, auto destroy) {
        held.async_run([] {},
            asio::bind_executor(inline_executor{{&m.io.context()}},
                [destroy](std::exception_ptr) mutable { destroy(); }));
    });
}

BOOST_AUTO_TEST_CASE(manager_destroyed_inside_the_delivery_of_a_grant)
{
    heap_manager m;
    auto held = acquire(*m.pools);
    auto const other = acquire(*m.pools);
    error_code got = errc::not_running;
    thread_lease next;
    m.pools->async_acquire({},
        asio::bind_executor(inline_executor{{&m.io.context()}}, [&](error_code e, thread_lease l) {
            got = e;
            next = std::move(l);
            m.pools.reset();
        }));
    held.release();
    BOOST_TEST(!m.pools);
    BOOST_TEST(got == error_code());
    BOOST_TEST(next.ended() == errc::not_running);
}

BOOST_AUTO_TEST_CASE(manager_destroyed_inside_the_delivery_of_a_refusal)
{
    heap_manager m;
    auto const held = acquire(*m.pools);
    auto const other = acquire(*m.pools);
    error_code got;
    m.pools->async_acquire({.wait = false},
        asio::bind_executor(inline_executor{{&m.io.context()}}, [&](error_code e, thread_lease) {
            got = e;
            m.pools.reset();
        }));
    BOOST_TEST(!m.pools);
    BOOST_TEST(got == errc::unavailable);
    BOOST_TEST(held.ended() == errc::not_running);
}

// ... and where it calls the user.

BOOST_AUTO_TEST_CASE(manager_destroyed_inside_each_callback)
{
    using slot = std::function<void(manager_options&, std::function<void()>)>;
    std::vector<slot> const slots{
        [](auto& o, auto f) { o.observer.on_lease = [f](auto&) { f(); }; },
        [](auto& o, auto f) { o.observer.on_release = [f](auto&) { f(); }; },
        [](auto& o, auto f) { o.observer.on_overdue = [f](auto&) { f(); }; },
        [](auto& o, auto f) { o.observer.on_revoke = [f](auto&) { f(); }; },
        [](auto& o, auto f) { o.observer.on_pool_created = [f](auto) { f(); }; },
        [](auto& o, auto f) { o.observer.on_pool_closed = [f](auto) { f(); }; },
        [](auto& o, auto f) { o.observer.on_unhandled_exception = [f](auto, auto) { f(); }; },
        [](auto& o, auto f) { o.log = [f](auto&) { f(); }; },
        [](auto& o, auto f) {
            o.size_provider = [f] {
                f();
                return 1LL;
            };
        },
    };
    for (auto const& fill : slots)
        for (bool const lease_too : {false, true}) {
            io_threads io;
            std::unique_ptr<thread_manager> pools;
            thread_lease held;
            std::promise<void> gone;
            manager_options options;
            options.max_pools = 1;
            options.grace = 0ms;
            fill(options, [&] {
                if (!pools)
                    return;
                if (lease_too)
                    held = {};
                pools.reset();
                gone.set_value();
            });
            // All of it happens on the io thread, so no other thread uses the manager.
            asio::post(io.context(), [&] {
                pools = std::make_unique<thread_manager>(io.context(), thread_backend(), options);
                pools->async_start(asio::detached);
                pools->async_acquire({}, [&](error_code error, thread_lease got) {
                    if (error || got.ended())
                        return;
                    asio::post(got, [] { throw 1; });
                    got.release();
                    pools->async_acquire({.duration = 1ms},
                        [&](error_code, thread_lease next) { held = std::move(next); });
                });
            });
            get(gone);
            io.join();
            BOOST_TEST((!held.valid() || held.ended()));
        }
}

// Where a manager may live.

template <class Executor>
void use_on(Executor const& ex)
{
    thread_manager pools(
        asio::any_io_executor(ex), thread_backend({.workers_per_pool = 2}), {.max_pools = 2});
    start(pools);
    std::vector<std::thread> users;
    std::atomic<int> sum{0};
    for (int i = 0; i != 4; ++i)
        users.emplace_back([&] {
            for (int n = 0; n != 20; ++n) {
                auto lease = acquire(pools);
                sum += get(lease.async_run([] { return 1; }, use_future));
            }
        });
    for (auto& user : users)
        user.join();
    BOOST_TEST(sum == 80);
    get(pools.async_stop({}, use_future));
    start(pools);
    auto const left = acquire(pools);
}

BOOST_AUTO_TEST_CASE(manager_lives_on_a_context_that_four_threads_run)
{
    io_threads io(4);
    use_on(io.context().get_executor());
    io.join();
    BOOST_TEST(io.context().stopped());
}

BOOST_AUTO_TEST_CASE(manager_lives_on_a_thread_pool)
{
    asio::thread_pool threads(2);
    use_on(threads.get_executor());
    threads.join();
}

BOOST_AUTO_TEST_CASE(manager_lives_on_a_strand)
{
    io_threads io(4);
    use_on(asio::make_strand(io.context()));
    asio::thread_pool threads(2);
    use_on(asio::make_strand(threads));
    use_on(asio::make_strand(asio::any_io_executor(threads.get_executor())));
}

BOOST_AUTO_TEST_CASE(managers_share_a_context_and_nest)
{
    io_threads io(2);
    use_on(io.context().get_executor());
    one_lease outer(2);
    use_on(outer.lease.get_executor());
    thread_manager inner(outer.lease, thread_backend(), {.max_pools = 1});
    start(inner);
    auto const held = acquire(inner);
    auto neighbor = std::make_unique<thread_manager>(outer.io.context(), thread_backend());
    start(*neighbor);
    neighbor.reset();
    get(inner.async_stop({.mode = stop_mode::cancel}, use_future));
    get(outer.lease.async_release(use_future));
    BOOST_TEST(held.ended() == errc::not_running);
}

BOOST_AUTO_TEST_CASE(outer_manager_destroyed_before_the_one_on_its_lease)
{
    auto outer = std::make_unique<one_lease>(1);
    thread_manager inner(outer->lease, thread_backend(), {.max_pools = 1});
    start(inner);
    auto const held = acquire(inner);
    auto const witness = std::make_shared<int>(0);
    inner.async_acquire({}, [witness](error_code, thread_lease const&) { ++*witness; });
    outer.reset();
    BOOST_TEST(held.ended() == errc::not_running);
    BOOST_TEST(*witness == 0);
    BOOST_TEST(witness.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(manager_destroyed_while_other_threads_use_its_leases)
{
    for (int round = 0; round != 20; ++round) {
        heap_manager m({}, 2);
        thread_lease one = acquire(*m.pools);
        thread_lease two = acquire(*m.pools);
        std::atomic<int> begun{0};
        auto const use = [&](thread_lease& held) {
            auto const ex = held.get_executor();
            ++begun;
            for (int n = 0; n != 200; ++n) {
                held.renew(1h);
                ex.execute([] {});
                held.async_run([] {}, [](std::exception_ptr) {});
            }
            held.release();
        };
        std::thread first(use, std::ref(one));
        std::thread second(use, std::ref(two));
        while (begun != 2)
            std::this_thread::yield();
        m.pools.reset();
        first.join();
        second.join();
        BOOST_TEST(!one.valid());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace leasepool::test
