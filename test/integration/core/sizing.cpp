// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How many pools there are, and when that changes.

#include "integration/support/events.hpp"

#include <atomic>
#include <limits>
#include <stdexcept>

using namespace leasepool;
using namespace leasepool::test;

namespace {

struct fixture {
    asio::io_context io;
    happening created{io};
    happening closed{io};
    journal log{io};
    std::atomic<long long> units{0};

    manager_options options()
    {
        manager_options o{.max_pools = 4, .min_pools = 1, .units_per_pool = 10, .idle_ttl = 0s};
        o.size_provider = [this] { return units.load(); };
        o.log = std::ref(log);
        o.observer.on_pool_created = std::ref(created);
        o.observer.on_pool_closed = std::ref(closed);
        return o;
    }
};

auto one_thread()
{
    return thread_backend({.workers_per_pool = 1});
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(sizing, fixture)

BOOST_AUTO_TEST_CASE(target_is_units_by_pool_rounded_up_between_minimum_and_maximum)
{
    struct {
        long long units;
        std::size_t pools;
    } const table[] = {{0, 2}, {1, 2}, {20, 2}, {21, 3}, {30, 3}, {31, 4}, {40, 4}, {41, 4},
        {1'000, 4}, {std::numeric_limits<long long>::max(), 4}};
    auto two = options();
    two.min_pools = 2;
    thread_manager pools(io, one_thread(), std::move(two));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        for (auto const& row : table) {
            units = row.units;
            pools.notify_scale_changed();
            co_await pools.async_stats();
            BOOST_TEST(pools.desired() == row.pools);
        }
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(without_a_provider_the_target_is_the_minimum)
{
    thread_manager pools(io, one_thread(), {.max_pools = 4, .min_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        pools.notify_scale_changed();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.desired == 2u);
        BOOST_TEST(now.total == 2u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(start_makes_as_many_pools_as_the_target_says)
{
    units = 25;
    thread_manager pools(io, one_thread(), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST(pools.available() == 3u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(change_of_scale_acts_at_once)
{
    thread_manager pools(io, one_thread(), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST(pools.total() == 1u);
        units = 40;
        pools.notify_scale_changed();
        co_await created.await(4);
        units = 15;
        pools.notify_scale_changed();
        co_await closed.await(2);
        BOOST_TEST(pools.total() == 2u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(notice_before_the_start_and_after_the_stop_is_harmless)
{
    units = 40;
    thread_manager pools(io, one_thread(), options());
    run(io, [&]() -> asio::awaitable<void> {
        pools.notify_scale_changed();
        co_await pools.async_stats();
        BOOST_TEST(pools.total() == 0u);
        units = 0;
        co_await pools.async_start();
        BOOST_TEST(pools.total() == 1u);
        co_await pools.async_stop();
        pools.notify_scale_changed();
        co_await pools.async_stats();
        BOOST_TEST(pools.total() == 0u);
        BOOST_TEST(created.count() == 1);
    });
}

BOOST_AUTO_TEST_CASE(size_is_read_again_at_every_check_interval)
{
    auto often = options();
    often.check_interval = 1ms;
    thread_manager pools(io, one_thread(), std::move(often));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        units = 20;  // nobody is told
        co_await created.await(2);
        units = 0;
        co_await closed.await(1);
        BOOST_TEST(pools.total() == 1u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(shrinking_never_touches_a_leased_pool_and_closes_it_when_it_comes_back)
{
    units = 30;
    thread_manager pools(io, one_thread(), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto first = co_await pools.async_acquire();
        auto second = co_await pools.async_acquire();
        units = 0;
        pools.notify_scale_changed();
        co_await closed.await(1);  // the idle one
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.desired == 1u);
        BOOST_TEST(now.leased == 2u);
        BOOST_TEST(!first.ended());
        BOOST_TEST(!second.ended());
        BOOST_TEST(co_await first.async_run([] { return 1; }) == 1);

        first.release();
        co_await closed.await(2);  // too many
        second.release();
        co_await pools.async_stats();
        BOOST_TEST(pools.available() == 1u);  // kept: the target is one
        BOOST_TEST(closed.count() == 2);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(idle_pool_above_the_target_is_kept_for_its_ttl)
{
    for (steady_duration const ttl : {steady_duration(1h), steady_duration(2ms)}) {
        auto patient = options();
        patient.idle_ttl = ttl;
        thread_manager pools(io, one_thread(), std::move(patient));
        run(io, [&]() -> asio::awaitable<void> {
            auto const closed_before = closed.count();
            units = 20;
            co_await pools.async_start();
            units = 0;
            pools.notify_scale_changed();
            auto const now = co_await pools.async_stats();
            BOOST_TEST(now.desired == 1u);
            if (ttl == 1h)
                BOOST_TEST(now.available == 2u);
            else
                co_await closed.await(closed_before + 1);
            co_await pools.async_stop();
        });
    }
}

BOOST_AUTO_TEST_CASE(server_with_more_leases_than_the_target_keeps_its_pools_by_default)
{
    thread_manager pools(io, one_thread(), {.max_pools = 8});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        for (int round = 0; round != 20; ++round) {
            auto first = co_await pools.async_acquire();
            auto second = co_await pools.async_acquire();
            co_await first.async_release();
            co_await second.async_release();
        }
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.desired == 1u);
        BOOST_TEST(now.pools_created == 2u);
        BOOST_TEST(now.pools_closed == 0u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(pool_made_for_a_waiter_is_surplus_when_it_comes_back)
{
    thread_manager pools(io, one_thread(), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto first = co_await pools.async_acquire();
        auto second = co_await pools.async_acquire();
        first.release();
        co_await closed.await();
        second.release();
        co_await pools.async_stats();
        BOOST_TEST(pools.total() == 1u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(provider_that_throws_counts_as_0_and_is_logged)
{
    bool broken = false;
    auto faulty = options();
    faulty.size_provider = [&]() -> long long {
        if (broken)
            throw std::runtime_error("no metrics");
        return 40;
    };
    thread_manager pools(io, one_thread(), std::move(faulty));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST(pools.desired() == 4u);
        broken = true;
        pools.notify_scale_changed();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.desired == 1u);
        BOOST_TEST(now.callback_errors == 1u);
        auto const entry = log.last("the size provider threw; it counts as 0 units");
        BOOST_TEST((entry.level == severity::warning));
        BOOST_TEST(entry["error"] == "no metrics");
        broken = false;  // and the manager goes on
        pools.notify_scale_changed();
        co_await pools.async_stats();
        BOOST_TEST(pools.desired() == 4u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(provider_that_throws_at_the_start_does_not_prevent_it)
{
    auto faulty = options();
    faulty.size_provider = []() -> long long { throw 3; };
    thread_manager pools(io, one_thread(), std::move(faulty));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST(pools.available() == 1u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(less_than_zero_units_count_as_0)
{
    units = std::numeric_limits<long long>::min();
    thread_manager pools(io, one_thread(), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST(pools.desired() == 1u);
        units = -1;
        pools.notify_scale_changed();
        co_await pools.async_stats();
        BOOST_TEST(pools.desired() == 1u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(provider_may_call_the_manager)
{
    thread_manager* self = nullptr;
    verdict told(io);
    int reads = 0;
    happening snapshots(io);
    pending_acquire<thread_backend> acquired(io);
    auto curious = options();
    curious.size_provider = [&]() -> long long {
        ++reads;
        self->async_stats([&](error_code, stats const&) { snapshots(); });
        if (reads == 2) {
            self->notify_scale_changed();
            self->async_acquire({}, acquired.handler());
            self->async_start(told.handler());
        }
        return static_cast<long long>(10 * (self->total() + 1));
    };
    thread_manager pools(io, one_thread(), std::move(curious));
    self = &pools;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        pools.notify_scale_changed();
        BOOST_TEST(!co_await acquired.get());
        BOOST_TEST(!co_await told.get());
        co_await snapshots.await(3);
        BOOST_TEST(reads == 3);
        acquired.granted.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_SUITE_END()
