// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Overdue, revoked, replaced; and renewed in time.

#include "integration/support/events.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <latch>
#include <mutex>
#include <stop_token>
#include <thread>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using pending = pending_acquire<thread_backend>;

/// A manager that tells of expiry; leases have no grace unless `grace` says so.
struct fixture {
    asio::io_context io;
    happening overdue{io};
    happening revoked{io};
    happening closed{io};
    lease_event last_overdue;
    lease_event last_revoked;

    manager_options options(steady_duration grace, std::size_t max_pools = 1)
    {
        manager_options o{.max_pools = max_pools, .grace = grace};
        o.observer.on_overdue = [this](lease_event const& e) {
            last_overdue = e;
            overdue();
        };
        o.observer.on_revoke = [this](lease_event const& e) {
            last_revoked = e;
            revoked();
        };
        o.observer.on_pool_closed = std::ref(closed);
        return o;
    }
};

auto one_thread()
{
    return thread_backend({.workers_per_pool = 1});
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(expiry, fixture)

BOOST_AUTO_TEST_CASE(lease_is_overdue_after_its_duration_and_revoked_after_the_grace)
{
    thread_manager pools(io, one_thread(), options(3ms));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire({.duration = 2ms});
        co_await overdue.await();
        BOOST_TEST(last_overdue.lease == lease.id());
        BOOST_TEST((last_overdue.elapsed >= 2ms));
        co_await revoked.await();
        BOOST_TEST(overdue.count() == 1);
        BOOST_TEST(last_revoked.lease == lease.id());
        BOOST_TEST((last_revoked.elapsed >= 5ms));
        BOOST_TEST(lease.valid());
        BOOST_TEST(lease.ended() == errc::lease_expired);
        BOOST_TEST((lease.soft_expires_at() == thread_lease::time_point::min()));
        BOOST_TEST((lease.hard_expires_at() == thread_lease::time_point::min()));
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(lease_without_grace_is_revoked_at_its_soft_expiry)
{
    thread_manager pools(io, one_thread(), options(0s));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire({.duration = 1ms});
        BOOST_TEST((lease.soft_expires_at() == lease.hard_expires_at() ||
            lease.ended() == errc::lease_expired));
        co_await revoked.await();
        BOOST_TEST(overdue.count() == 1);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(short_lease_wakes_an_idle_manager_with_a_long_check_interval)
{
    auto long_interval = options(0s);
    long_interval.size_provider = [] { return 0; };
    long_interval.check_interval = 24h;
    thread_manager pools(io, one_thread(), std::move(long_interval));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        co_await settle();  // the timer is armed for the interval by now
        auto const lease = co_await pools.async_acquire({.duration = 1ms});
        co_await revoked.await();  // without any use
        BOOST_TEST(lease.ended() == errc::lease_expired);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(expired_lease_refuses_new_work)
{
    thread_manager pools(io, one_thread(), options(0s));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.duration = 1ms});
        co_await revoked.await();
        bool ran = false;
        BOOST_CHECK_EXCEPTION(co_await lease.async_run([&] { ran = true; }),
            boost::system::system_error, has_code(errc::lease_expired));
        BOOST_CHECK_EXCEPTION(
            lease.get_executor(), boost::system::system_error, has_code(errc::lease_expired));
        BOOST_CHECK_EXCEPTION(asio::post(lease, [&] { ran = true; }), boost::system::system_error,
            has_code(errc::lease_expired));
        BOOST_TEST(!lease.renew(1h));
        co_await pools.async_stop();
        BOOST_TEST(!ran);
    });
}

BOOST_AUTO_TEST_CASE(expired_lease_cancels_what_is_queued_and_leaves_what_runs_to_finish)
{
    std::atomic<bool> ran{false};
    thread_manager pools(io, one_thread(), options(0s));
    gate work;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.duration = 1h});
        outcome<int> runs(io);
        outcome<> queued(io);
        lease.async_run(
            [&](std::stop_token stop) {
                std::latch asked(1);
                std::stop_callback const when_asked(stop, [&] { asked.count_down(); });
                work.pass();
                asked.wait();  // the request comes on a thread of its own
                return 1;
            },
            runs.handler());
        lease.async_run([&] { ran = true; }, queued.handler());
        work.await();
        BOOST_TEST(lease.renew(1ms));
        BOOST_CHECK_EXCEPTION(
            co_await queued.get(), boost::system::system_error, has_code(errc::lease_expired));
        co_await revoked.await();
        BOOST_TEST(!runs.done());
        work.open();
        BOOST_TEST(co_await runs.get() == 1);  // it was asked to stop, and has its say
        BOOST_TEST(!ran);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(coroutine_on_an_expired_lease_goes_on_to_its_end)
{
    thread_manager pools(io, one_thread(), options(0s));
    gate expired;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.duration = 1h});
        happening done(io);
        std::atomic<int> steps{0};
        asio::co_spawn(
            lease,
            [&]() -> asio::awaitable<void> {
                expired.pass();
                for (; steps != 3; ++steps)
                    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            },
            asio::bind_executor(io, done.handler()));
        expired.await();
        BOOST_TEST(lease.renew(1ms));
        co_await revoked.await();
        BOOST_TEST(closed.count() == 0);
        expired.open();
        co_await done.await();
        BOOST_TEST(steps == 3);
        co_await closed.await();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(expired_pool_is_replaced_at_once_and_never_granted_again)
{
    thread_manager pools(io, one_thread(), options(0s));
    gate work;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.duration = 1h});
        outcome<> runs(io);
        lease.async_run([&] { work.pass(); }, runs.handler());
        work.await();
        BOOST_TEST(lease.renew(1ms));
        co_await revoked.await();

        // Its work still runs; the replacement is another pool.
        auto next = co_await pools.async_acquire();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.retired == 1u);
        BOOST_TEST(now.leased == 1u);
        BOOST_TEST(now.total == 1u);
        BOOST_REQUIRE(now.leases.size() == 1u);
        BOOST_TEST(now.leases[0].pool != last_revoked.pool);
        BOOST_TEST(pools.retired() == 1u);
        next.release();

        work.open();
        co_await runs.get();
        co_await closed.await();
        BOOST_TEST(pools.retired() == 0u);
        for (int i = 0; i != 3; ++i) {
            auto const again = co_await pools.async_acquire();
            BOOST_TEST((co_await pools.async_stats()).leases[0].pool != last_revoked.pool);
        }
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(released_lease_whose_work_never_ends_expires_too)
{
    thread_manager pools(io, one_thread(), options(0s));
    gate work;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.duration = 1h});
        outcome<> runs(io);
        lease.async_run([&] { work.pass(); }, runs.handler());
        BOOST_TEST(lease.renew(1ms));
        lease.release();
        auto const next = co_await pools.async_acquire();  // by the revocation, or never
        BOOST_TEST(revoked.count() == 1);
        work.open();
        co_await runs.get();
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(renewed_lease_lives_on)
{
    thread_manager pools(io, one_thread(), options(1h, 2));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.duration = 1ms});
        co_await overdue.await();
        auto const before = std::chrono::steady_clock::now();
        BOOST_TEST(lease.renew(1h));
        BOOST_TEST((lease.soft_expires_at() >= before + 1h));
        BOOST_TEST((lease.hard_expires_at() - lease.soft_expires_at() == 1h));

        // Overdue again later, and told again.
        BOOST_TEST(lease.renew(1ms));
        co_await overdue.await(2);
        BOOST_TEST(revoked.count() == 0);
        BOOST_TEST(!lease.ended());

        for (steady_duration const wrong : {steady_duration(0s), steady_duration(-1s),
                 steady_duration::max() / 4 + steady_duration(1), steady_duration::max()}) {
            auto const expiry = lease.soft_expires_at();
            BOOST_TEST(!lease.renew(wrong));
            BOOST_TEST((lease.soft_expires_at() == expiry));
            // An acquire refuses the same durations.
            auto const [error, refused] = co_await pools.async_acquire(
                {.duration = wrong}, asio::as_tuple(asio::use_awaitable));
            BOOST_TEST(error == errc::invalid_duration);
        }
        BOOST_TEST((co_await pools.async_stats()).renewed == 2u);
        BOOST_TEST(lease.renew(steady_duration::max() / 4));
        co_await pools.async_stop({.mode = stop_mode::cancel});
        BOOST_TEST(!lease.renew(1h));
    });
}

BOOST_AUTO_TEST_CASE(renewal_and_revocation_agree_on_who_was_first)
{
    thread_manager pools(io, one_thread(), options(0s));
    std::atomic<thread_lease*> current{nullptr};
    std::atomic<int> renewed{-1};
    std::jthread const other([&](std::stop_token over) {
        while (!over.stop_requested())
            if (auto* const lease = current.exchange(nullptr))
                renewed = lease->renew(1h) ? 1 : 0;
    });
    int won = 0;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        for (int i = 0; i != 150; ++i) {
            auto lease =
                co_await pools.async_acquire({.duration = std::chrono::microseconds{i % 60 + 1}});
            current = &lease;
            while (renewed == -1)
                co_await pools.async_stats();  // the manager's turn
            bool const alive = renewed.exchange(-1) == 1;
            won += alive;
            co_await pools.async_stats();
            BOOST_TEST(alive == !lease.ended());
            if (!alive)
                BOOST_TEST(lease.ended() == errc::lease_expired);
        }
        co_await pools.async_stop();
    });
    BOOST_TEST_MESSAGE(won << " of 150 renewals were in time");
}

BOOST_AUTO_TEST_SUITE_END()
