// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How a lease comes back, and that nothing of it overlaps the next.

#include "integration/support/events.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <thread>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using pending = pending_acquire<thread_backend>;

struct fixture {
    asio::io_context io;
    thread_manager pools{io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1}};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(releasing, fixture)

BOOST_AUTO_TEST_CASE(lease_comes_back_at_the_end_of_its_scope)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        {
            auto const lease = co_await pools.async_acquire();
            co_await pools.async_stats();
            BOOST_TEST(pools.available() == 0u);
        }
        co_await pools.async_stats();
        BOOST_TEST(pools.available() == 1u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(lease_comes_back_when_an_exception_leaves_its_scope)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        try {
            auto lease = co_await pools.async_acquire();
            co_await lease.async_run([] { throw std::domain_error("no such device"); });
        }
        catch (std::domain_error const&) {
        }
        auto const next = co_await pools.async_acquire();
        BOOST_TEST(next.id() == 2u);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(release_is_idempotent_and_empties_the_lease)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        lease.release();
        lease.release();
        BOOST_TEST(!lease.valid());
        thread_lease empty;
        empty.release();
        auto next = co_await pools.async_acquire();
        lease.release();
        co_await pools.async_stats();
        BOOST_TEST(pools.leased() == 1u);
        BOOST_TEST((co_await pools.async_stats()).released == 1u);
        next.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(release_of_a_dead_lease_does_nothing)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        co_await pools.async_stop({.mode = stop_mode::cancel});
        BOOST_TEST(lease.ended() == errc::not_running);
        co_await pools.async_start();
        auto const next = co_await pools.async_acquire();
        lease.release();
        co_await pools.async_stats();
        BOOST_TEST(!next.ended());
        BOOST_TEST(pools.leased() == 1u);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(assignment_releases_what_was_held)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto other = std::move(lease);
        BOOST_TEST(!lease.valid());
        BOOST_TEST(other.valid());
        other = thread_lease();
        auto const next = co_await pools.async_acquire();
        BOOST_TEST(next.valid());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(pool_is_granted_again_only_when_its_work_is_done)
{
    gate work;
    std::atomic<int> on_the_pool{0};
    std::atomic<bool> overlapped{false};
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<> first(io);
        outcome<> second(io);
        lease.async_run(
            [&] {
                ++on_the_pool;
                work.pass();
                --on_the_pool;
            },
            first.handler());
        lease.async_run(
            [&] {
                overlapped = ++on_the_pool != 1;
                --on_the_pool;
            },
            second.handler());
        work.await();
        lease.release();

        pending next(io, pools);
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.leased == 1u);
        BOOST_TEST(now.draining == 1u);
        BOOST_TEST(now.waiters == 1u);
        BOOST_REQUIRE(now.leases.size() == 1u);
        BOOST_TEST(now.leases[0].draining);

        work.open();
        BOOST_TEST(!co_await next.get());
        BOOST_TEST(on_the_pool == 0);
        BOOST_TEST(!overlapped);
        co_await first.get();
        co_await second.get();  // queued before the release: it ran
        BOOST_TEST((co_await pools.async_stats()).runs == 2u);
        next.granted.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(released_lease_refuses_new_work)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        lease.release();
        bool ran = false;
        BOOST_CHECK_EXCEPTION(co_await lease.async_run([&] { ran = true; }),
            boost::system::system_error, has_code(errc::lease_released));
        BOOST_CHECK_EXCEPTION(asio::post(lease, [&] { ran = true; }), boost::system::system_error,
            has_code(errc::lease_released));
        BOOST_CHECK_EXCEPTION(co_await lease.async_release(), boost::system::system_error,
            has_code(errc::lease_released));
        BOOST_TEST(!lease.renew(1h));
        BOOST_TEST(lease.ended() == errc::lease_released);
        co_await pools.async_stop();
        BOOST_TEST(!ran);
    });
}

BOOST_AUTO_TEST_CASE(async_release_waits_for_the_work)
{
    gate work;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<> ran(io);
        lease.async_run([&] { work.pass(); }, ran.handler());
        work.await();
        verdict released(io);
        lease.async_release(released.handler());
        BOOST_TEST(!lease.valid());
        co_await pools.async_stats();
        BOOST_TEST(!released.done());
        work.open();
        BOOST_TEST(!co_await released.get());
        BOOST_TEST(pools.available() == 1u);
        co_await ran.get();

        auto idle = co_await pools.async_acquire();
        co_await idle.async_release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(canceled_async_release_is_a_release_all_the_same)
{
    gate work;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<> ran(io);
        lease.async_run([&] { work.pass(); }, ran.handler());
        work.await();
        asio::cancellation_signal cancel;
        verdict released(io);
        lease.async_release(asio::bind_cancellation_slot(cancel.slot(), released.handler()));
        cancel.emit(asio::cancellation_type::total);
        BOOST_TEST(co_await released.get() == asio::error::operation_aborted);
        BOOST_TEST((co_await pools.async_stats()).draining == 1u);
        work.open();
        auto const next = co_await pools.async_acquire();
        BOOST_TEST(next.valid());
        co_await ran.get();
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(async_release_on_a_thread_of_the_lease_would_deadlock)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto& same = lease;
        error_code const error = co_await lease.async_run([&] {
            std::promise<error_code> said;
            same.async_release([&](error_code e) { said.set_value(e); });
            return said.get_future().get();
        });
        BOOST_TEST(error == errc::would_deadlock);
        BOOST_TEST(!lease.valid());
        auto const next = co_await pools.async_acquire();  // it was released
        BOOST_TEST(next.valid());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(async_release_is_answered_however_it_races_the_end_of_the_work)
{
    auto const work = asio::make_work_guard(io);
    std::thread other([&] { io.run(); });
    pools.async_start(asio::use_future).get();
    for (int i = 0; i != 2000; ++i) {
        auto lease = pools.async_acquire({}, asio::use_future).get();
        auto ran = lease.async_run([] {}, asio::use_future);
        auto released = lease.async_release(asio::use_future);
        BOOST_REQUIRE((released.wait_for(2min) == std::future_status::ready));
        released.get();
        ran.get();
    }
    pools.async_stop({}, asio::use_future).get();
    io.stop();
    other.join();
}

BOOST_AUTO_TEST_SUITE_END()
