// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/io_threads.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

// The lease refuses once it has ended; its executor never throws: it accepts while anything is
// outstanding, and after that destroys what it is given.

namespace leasepool::test {
namespace {

using asio::use_awaitable;
using asio::use_future;
namespace execution = asio::execution;

asio::awaitable<void> nothing()
{
    co_return;
}

void check_refuses(thread_lease const& lease, errc why)
{
    bool ran = false;
    auto const f = [&] { ran = true; };
    BOOST_TEST(lease.ended() == why);
    BOOST_TEST(code_thrown_by([&] { lease.get_executor(); }) == why);
    BOOST_TEST(code_thrown_by([&] { asio::post(lease, f); }) == why);
    BOOST_TEST(code_thrown_by([&] { asio::dispatch(lease, f); }) == why);
    BOOST_TEST(code_thrown_by([&] { asio::defer(lease, f); }) == why);
    BOOST_TEST(code_thrown_by([&] { asio::co_spawn(lease, nothing, asio::detached); }) == why);
    BOOST_TEST(code_thrown_by([&] { asio::co_spawn(lease, nothing(), asio::detached); }) == why);
    BOOST_TEST(code_thrown_by([&] { asio::make_strand(lease); }) == why);
    BOOST_TEST(code_thrown_by([&] { auto const b = asio::bind_executor(lease, f); }) == why);
    BOOST_TEST(code_thrown_by([&] { asio::steady_timer const t(lease); }) == why);
    BOOST_TEST(code_thrown_by([&] { asio::any_io_executor const any = lease; }) == why);
    BOOST_TEST(code_thrown_by([&] {
        asio::execution_context const& context = lease;
        (void)context;
    }) == why);
    BOOST_TEST(!ran);
}

void check_drops(lease_executor const& ex)
{
    auto const witness = std::make_shared<int>();
    std::atomic<bool> ran{false};
    auto const f = [&ran, witness] { ran = true; };
    ex.execute(f);
    asio::require(ex, execution::blocking.never).execute(f);
    asio::require(ex, execution::blocking.always).execute(f);
    auto const tracked = asio::require(ex, execution::outstanding_work.tracked);
    tracked.execute(f);
    lease_executor(tracked).execute(f);
    asio::post(ex, f);
    asio::dispatch(ex, f);
    asio::defer(ex, f);
    asio::any_io_executor const any = ex;
    asio::post(any, f);
    asio::co_spawn(
        ex,
        [f]() -> asio::awaitable<void> {
            f();
            co_return;
        },
        asio::detached);
    asio::io_context io;
    asio::post(io, asio::bind_executor(ex, f));
    asio::steady_timer timer(io, 0ms);
    timer.async_wait(asio::bind_executor(any, [f](error_code) { f(); }));
    io.run();
    BOOST_TEST(!ran);
    BOOST_TEST(witness.use_count() == 2);
    BOOST_CHECK(ex == lease_executor(ex));
    BOOST_TEST(!ex.running_in_this_thread());
    BOOST_TEST(asio::query(ex, execution::occupancy) == 1u);
}

/// Tells when its lease is revoked.
struct revocation {
    std::promise<void> happened;

    manager_options options()
    {
        manager_options made;
        made.grace = 0ms;
        made.observer.on_revoke = [this](lease_event const&) { happened.set_value(); };
        return made;
    }
};

BOOST_AUTO_TEST_SUITE(lease_executor_end)

BOOST_FIXTURE_TEST_CASE(released_lease_refuses_every_new_submission, one_lease)
{
    lease.release();
    check_refuses(lease, errc::lease_released);
    BOOST_TEST(code_thrown_by([&] {
        asio::execution_context& context = lease;
        (void)context;
    }) == errc::lease_released);
    lease.release();
    check_refuses(thread_lease(), errc::lease_released);
}

BOOST_FIXTURE_TEST_CASE(moved_from_lease_refuses_and_the_other_works, one_lease)
{
    auto const ex = lease.get_executor();
    thread_lease other = std::move(lease);
    check_refuses(lease, errc::lease_released);
    BOOST_CHECK(other.get_executor() == ex);
    std::promise<void> ran;
    asio::post(other, [&] { ran.set_value(); });
    get(ran);
}

BOOST_AUTO_TEST_CASE(expired_lease_refuses_every_new_submission)
{
    revocation revoked;
    one_lease leased(1, revoked.options());
    leased.lease = thread_lease();
    leased.lease = acquire(leased.pools, {.duration = 1ms});
    get(revoked.happened);
    BOOST_TEST(leased.lease.valid());
    check_refuses(leased.lease, errc::lease_expired);
}

BOOST_FIXTURE_TEST_CASE(stopped_managers_lease_refuses_every_new_submission, one_lease)
{
    get(pools.async_stop({.mode = stop_mode::cancel}, use_future));
    check_refuses(lease, errc::not_running);
}

BOOST_FIXTURE_TEST_CASE(executor_of_a_drained_lease_destroys_functions_un_run, one_lease)
{
    auto const ex = lease.get_executor();
    get(lease.async_release(use_future));
    check_drops(ex);

    // Also while the next one has the same pool.
    auto const next = acquire(pools);
    check_drops(ex);
    BOOST_CHECK(ex != next.get_executor());
}

BOOST_AUTO_TEST_CASE(executor_of_an_expired_lease_destroys_functions_un_run)
{
    revocation revoked;
    one_lease leased(1, revoked.options());
    leased.lease = thread_lease();
    leased.lease = acquire(leased.pools, {.duration = 1ms});
    auto const ex = leased.lease.get_executor();
    get(revoked.happened);
    check_drops(ex);
}

BOOST_AUTO_TEST_CASE(executor_copy_outlives_manager_and_context_and_destroys_functions_un_run)
{
    std::optional<lease_executor> ex;
    std::optional<asio::any_io_executor> any;
    {
        one_lease leased;
        ex = leased.lease.get_executor();
        any = asio::require(*ex, execution::outstanding_work.untracked);
    }
    check_drops(*ex);
    auto const witness = std::make_shared<int>();
    asio::post(*any, [witness] {});
    BOOST_TEST(witness.use_count() == 1);
    BOOST_CHECK(*any == asio::any_io_executor(*ex));
}

BOOST_FIXTURE_TEST_CASE(posted_functions_all_run_before_a_released_pool_comes_back, one_lease)
{
    gate busy;
    std::atomic<int> ran{0};
    asio::post(lease, [&] { busy.pass(); });
    for (int i = 0; i != 20; ++i)
        asio::post(lease, [&] { ++ran; });
    busy.await();
    auto next = pools.async_acquire({}, use_future);
    lease.release();
    busy.open();
    get(std::move(next));
    BOOST_TEST(ran == 20);
}

BOOST_FIXTURE_TEST_CASE(coroutine_on_a_released_lease_ends_before_the_pool_is_granted, one_lease)
{
    door before_release;
    std::atomic<bool> ended{false};
    auto const inner = []() -> asio::awaitable<void> { co_await asio::post(use_awaitable); };
    auto const body = [&, ex = lease.get_executor()]() -> asio::awaitable<void> {
        co_await before_release.pass();
        bool here = ex.running_in_this_thread();
        co_await asio::post(use_awaitable);
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(use_awaitable);
        co_await asio::co_spawn(co_await asio::this_coro::executor, inner, use_awaitable);
        co_await asio::co_spawn(ex, inner, use_awaitable);
        co_await asio::post(pools.get_executor(), use_awaitable);
        here = here && ex.running_in_this_thread();
        ended = here;
    };
    asio::co_spawn(lease, body, asio::detached);
    before_release.await();
    auto next = pools.async_acquire({}, use_future);
    lease.release();
    auto const between = get(pools.async_stats(use_future));
    BOOST_TEST(between.draining == 1u);
    BOOST_TEST(between.waiters == 1u);
    before_release.open();
    auto const granted = get(std::move(next));
    BOOST_TEST(ended);
}

BOOST_AUTO_TEST_CASE(coroutine_on_an_expired_lease_goes_on_while_the_pool_is_replaced)
{
    revocation revoked;
    auto options = revoked.options();
    std::promise<void> retired_closed;
    std::atomic<std::uint64_t> retired_pool{0};
    options.observer.on_pool_closed = [&](std::uint64_t pool) {
        if (pool == retired_pool)
            retired_closed.set_value();
    };
    door before_expiry;
    one_lease leased(1, options);
    retired_pool = get(leased.pools.async_stats(use_future)).leases.at(0).pool;
    bool here = false;
    auto const body = [&, ex = leased.lease.get_executor()]() -> asio::awaitable<void> {
        co_await before_expiry.pass();
        co_await asio::post(use_awaitable);
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(use_awaitable);
        here = ex.running_in_this_thread();
    };
    auto done = asio::co_spawn(leased.lease, body, use_future);
    before_expiry.await();
    BOOST_TEST(leased.lease.renew(1ms));
    get(revoked.happened);

    auto const replacement = acquire(leased.pools);
    BOOST_TEST(get(leased.pools.async_stats(use_future)).retired == 1u);
    BOOST_CHECK(leased.lease.ended() == errc::lease_expired);
    before_expiry.open();
    get(std::move(done));
    BOOST_TEST(here);
    get(retired_closed);
    BOOST_TEST(get(leased.pools.async_stats(use_future)).retired == 0u);
}

BOOST_AUTO_TEST_CASE(posted_functions_of_an_expired_lease_run_and_queued_runs_do_not)
{
    revocation revoked;
    one_lease leased(1, revoked.options());
    gate busy;
    std::promise<void> posted;
    asio::post(leased.lease, [&] { busy.pass(); });
    asio::post(leased.lease, [&] { posted.set_value(); });
    bool ran = false;
    auto run = leased.lease.async_run([&] { ran = true; }, use_future);
    busy.await();
    BOOST_TEST(leased.lease.renew(1ms));
    get(revoked.happened);
    BOOST_TEST(code_thrown_by([&] { get(std::move(run)); }) == errc::lease_expired);
    busy.open();
    get(posted);
    BOOST_TEST(!ran);
}

BOOST_FIXTURE_TEST_CASE(tracked_executor_holds_the_pool_until_it_goes, one_lease)
{
    auto const plain = lease.get_executor();
    std::optional<lease_executor> tracked =
        asio::require(plain, execution::outstanding_work.tracked);
    std::optional<lease_executor> copy = tracked;
    auto released = lease.async_release(use_future);

    // Both still run what they are given: something is outstanding.
    std::promise<void> ran, plain_ran;
    asio::post(*tracked, [&] { ran.set_value(); });
    get(ran);
    asio::post(plain, [&] { plain_ran.set_value(); });
    get(plain_ran);

    tracked.reset();
    BOOST_TEST(get(pools.async_stats(use_future)).draining == 1u);
    BOOST_CHECK(released.wait_for(0s) == std::future_status::timeout);
    auto moved = std::move(*copy);
    copy.reset();
    auto untracked = asio::require(moved, execution::outstanding_work.untracked);
    BOOST_TEST(get(pools.async_stats(use_future)).draining == 1u);
    moved = untracked;
    get(std::move(released));
    check_drops(plain);
}

BOOST_FIXTURE_TEST_CASE(operation_on_a_released_lease_holds_the_pool_until_it_completes, one_lease)
{
    asio::steady_timer timer(lease, 1h);
    std::promise<bool> here;
    timer.async_wait([&, ex = lease.get_executor()](error_code error) {
        here.set_value(error == asio::error::operation_aborted && ex.running_in_this_thread());
    });
    auto released = lease.async_release(use_future);
    BOOST_TEST(get(pools.async_stats(use_future)).draining == 1u);
    timer.cancel();
    BOOST_TEST(get(here));
    get(std::move(released));

    // Begun after the end: nothing is left to complete it, so it is destroyed.
    timer.expires_after(0ms);
    auto called = std::make_shared<std::promise<void>>();
    auto late = called->get_future();
    timer.async_wait([called](error_code) { called->set_value(); });
    called.reset();
    BOOST_CHECK_THROW(get(std::move(late)), std::future_error);
}

BOOST_FIXTURE_TEST_CASE(
    handler_bound_to_a_lease_is_called_there_although_it_was_released, one_lease)
{
    asio::steady_timer timer(io.context(), 1h);
    std::promise<bool> here;
    auto const ex = lease.get_executor();
    timer.async_wait(asio::bind_executor(
        lease, [&](error_code) { here.set_value(ex.running_in_this_thread()); }));
    auto released = lease.async_release(use_future);
    BOOST_TEST(get(pools.async_stats(use_future)).draining == 1u);
    asio::post(io.context(), [&] { timer.cancel(); });
    BOOST_TEST(get(here));
    get(std::move(released));
}

BOOST_FIXTURE_TEST_CASE(strand_on_a_released_lease_runs_all_it_was_given, one_lease)
{
    auto const strand = asio::make_strand(lease);
    gate busy;
    int count = 0;
    asio::post(strand, [&] { busy.pass(); });
    busy.await();
    for (int i = 0; i != 10; ++i)
        asio::post(strand, [&] { ++count; });
    auto released = lease.async_release(use_future);
    asio::post(strand, [&] { ++count; });
    busy.open();
    get(std::move(released));
    BOOST_TEST(count == 11);
}

BOOST_FIXTURE_TEST_CASE(lease_released_by_its_own_coroutine_drains_when_that_ends, one_lease)
{
    auto const body = [&]() -> asio::awaitable<bool> {
        auto const ex = lease.get_executor();
        thread_lease(std::move(lease));
        co_await asio::post(use_awaitable);
        co_return ex.running_in_this_thread();
    };
    auto done = asio::co_spawn(lease, body, use_future);
    BOOST_TEST(get(std::move(done)));
    acquire(pools);
}

BOOST_FIXTURE_TEST_CASE(draining_stop_lets_a_coroutine_on_a_lease_end, one_lease)
{
    door before_stop;
    bool ended = false;
    auto const body = [&]() -> asio::awaitable<void> {
        co_await before_stop.pass();
        co_await asio::post(use_awaitable);
        ended = true;
    };
    asio::co_spawn(lease, body, asio::detached);
    before_stop.await();
    auto stopped = pools.async_stop({.deadline = 1h}, use_future);
    BOOST_TEST(get(pools.async_stats(use_future)).stopping);
    lease.release();
    before_stop.open();
    get(std::move(stopped));
    BOOST_TEST(ended);
}

BOOST_FIXTURE_TEST_CASE(canceling_stop_waits_for_a_coroutine_on_a_lease, one_lease)
{
    door before_stop;
    bool ended = false;
    auto const body = [&]() -> asio::awaitable<void> {
        co_await before_stop.pass();
        co_await asio::post(use_awaitable);
        ended = true;
    };
    asio::co_spawn(lease, body, asio::detached);
    before_stop.await();
    auto stopped = pools.async_stop({.mode = stop_mode::cancel}, use_future);
    BOOST_TEST(get(pools.async_stats(use_future)).stopping);
    check_refuses(lease, errc::not_running);
    before_stop.open();
    get(std::move(stopped));
    BOOST_TEST(ended);
}

BOOST_FIXTURE_TEST_CASE(coroutine_destroyed_with_another_context_frees_the_lease, one_lease)
{
    auto other = std::make_unique<asio::io_context>();
    std::promise<void> waits;
    auto const body = [&]() -> asio::awaitable<void> {
        waits.set_value();
        // Nobody runs that context. No I/O object: the frame is destroyed on the lease, after it.
        co_await asio::post(*other, use_awaitable);
    };
    asio::co_spawn(lease, body, asio::detached);
    get(waits);
    // The wait is begun once the lease's only thread is free again.
    get(lease.async_run([] {}, use_future));
    auto released = lease.async_release(use_future);
    other.reset();
    BOOST_CHECK_NO_THROW(get(std::move(released)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace leasepool::test
