// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Functions that do not return: stops that give up on them, and pools that run short.

#include "integration/support/events.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using pending = pending_acquire<thread_backend>;

struct fixture {
    asio::io_context io;
    journal log{io};
    happening revoked{io};
    happening closed{io};
    happening starved{io};
    std::vector<std::size_t> capacities;

    manager_options options(std::size_t max_pools)
    {
        manager_options o{.max_pools = max_pools, .max_retired = 0, .grace = 0s};
        o.log = std::ref(log);
        o.observer.on_revoke = std::ref(revoked);
        o.observer.on_pool_closed = std::ref(closed);
        o.observer.on_starved = [this](std::size_t capacity) {
            capacities.push_back(capacity);
            starved();
        };
        return o;
    }
};

auto one_thread()
{
    return thread_backend({.workers_per_pool = 1});
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(abandoning, fixture)

BOOST_AUTO_TEST_CASE(stop_gives_up_on_a_function_that_does_not_return)
{
    thread_manager pools(io, one_thread(), options(2));
    gate stuck;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto alive = std::make_shared<int>(4);
        std::weak_ptr<int> const handler_lives = alive;
        happening done(io);
        int result = 0;
        lease.async_run(
            [&] {
                stuck.pass();
                return 4;
            },
            [&, alive = std::move(alive)](std::exception_ptr, int n) {
                result = n;
                done();
            });
        stuck.await();
        co_await pools.async_stop({.mode = stop_mode::cancel, .abandon_after = 2ms});

        auto const entry = log.last("manager stopped; functions that still run were abandoned");
        BOOST_TEST((entry.level == severity::error));
        BOOST_TEST(entry["count"] == "1");
        auto now = co_await pools.async_stats();
        BOOST_TEST(now.abandoned == 1u);
        BOOST_TEST(now.retired == 1u);
        BOOST_TEST(!now.stopping);
        BOOST_TEST(lease.ended() == errc::not_running);

        // Its handler refers to what its caller owns: untouched until it has returned.
        lease.release();
        co_await settle();
        BOOST_TEST(done.count() == 0);
        BOOST_TEST(!handler_lives.expired());
        stuck.open();
        co_await done.await();
        BOOST_TEST(result == 4);
        BOOST_TEST(handler_lives.expired());
        co_await closed.await();
        now = co_await pools.async_stats();
        BOOST_TEST(now.abandoned == 0u);
        BOOST_TEST(now.retired == 0u);
    });
}

BOOST_AUTO_TEST_CASE(stop_waits_for_ever_unless_told_to_give_up)
{
    thread_manager pools(io, one_thread(), options(1));
    gate stuck;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<> runs(io);
        lease.async_run([&] { stuck.pass(); }, runs.handler());
        stuck.await();
        verdict first(io);
        verdict second(io);
        pools.async_stop({.mode = stop_mode::cancel}, first.handler());
        co_await revoked.await();
        co_await settle();
        BOOST_TEST(!first.done());
        pools.async_stop({.mode = stop_mode::cancel, .abandon_after = 0s}, second.handler());
        BOOST_TEST(!co_await second.get());
        BOOST_TEST(!co_await first.get());
        stuck.open();
        co_await runs.get();
        co_await closed.await();
    });
}

BOOST_AUTO_TEST_CASE(manager_starts_again_beside_what_it_abandoned)
{
    auto roomy = options(1);
    roomy.max_retired = 1;
    thread_manager pools(io, one_thread(), std::move(roomy));
    gate stuck;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        outcome<> runs(io);
        {
            auto lease = co_await pools.async_acquire();
            lease.async_run([&] { stuck.pass(); }, runs.handler());
            stuck.await();
        }
        co_await pools.async_stop({.mode = stop_mode::cancel, .abandon_after = 0s});
        co_await pools.async_start();
        BOOST_TEST(pools.available() == 1u);
        BOOST_TEST(pools.retired() == 1u);
        BOOST_TEST(co_await pools.async_run([] { return 1; }) == 1);
        stuck.open();
        co_await runs.get();
        co_await closed.await();
        BOOST_TEST(pools.retired() == 0u);
        BOOST_TEST(pools.available() == 1u);
        co_await pools.async_stop();
        BOOST_TEST(log.count("manager stopped; functions") == 1);
        BOOST_TEST((log.last("manager stopped").message == "manager stopped"));
    });
}

BOOST_AUTO_TEST_CASE(manager_starts_again_with_the_capacity_left_by_what_it_abandoned)
{
    thread_manager pools(io, one_thread(), options(1));
    gate stuck;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<> runs(io);
        lease.async_run([&] { stuck.pass(); }, runs.handler());
        stuck.await();
        co_await pools.async_stop({.mode = stop_mode::cancel, .abandon_after = 0s});
        co_await pools.async_start();
        BOOST_TEST(pools.total() == 0u);
        BOOST_TEST(pools.retired() == 1u);
        pending waiting(io, pools);
        auto [error, none] = co_await pools.async_acquire({.wait = false}, as_tuple);
        BOOST_TEST(error == errc::unavailable);
        BOOST_TEST(!waiting.done());
        stuck.open();
        co_await runs.get();
        BOOST_TEST(!co_await waiting.get());
        waiting.granted.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(pools_retired_by_stuck_functions_starve_the_manager_until_they_return)
{
    thread_manager pools(io, one_thread(), options(2));
    gate stuck;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        outcome<> first(io);
        outcome<> second(io);
        auto a = co_await pools.async_acquire({.duration = 1h});
        auto b = co_await pools.async_acquire({.duration = 1h});
        a.async_run([&] { stuck.pass(); }, first.handler());
        b.async_run([&] { stuck.pass(); }, second.handler());
        stuck.await(2);
        a.renew(1ms);
        co_await starved.await(1);
        BOOST_TEST((co_await pools.async_stats()).capacity == 1u);
        b.renew(1ms);
        co_await starved.await(2);
        auto now = co_await pools.async_stats();
        BOOST_TEST(now.capacity == 0u);
        BOOST_TEST(now.retired == 2u);
        BOOST_TEST(now.total == 0u);
        BOOST_TEST(log.count("revoked pools still run; fewer than max_pools") == 2);
        BOOST_TEST((log.last("revoked pools still run").level == severity::warning));
        BOOST_TEST(log.last("revoked pools still run")["count"] == "0");

        auto [error, none] = co_await pools.async_acquire({.wait = false}, as_tuple);
        BOOST_TEST(error == errc::unavailable);
        pending waiting(io, pools);
        co_await pools.async_stats();
        BOOST_TEST(!waiting.done());

        stuck.open();
        co_await first.get();
        co_await second.get();
        BOOST_TEST(!co_await waiting.get());
        co_await closed.await(2);
        while (capacities.back() != 2)
            co_await starved.await(starved.count() + 1);
        BOOST_TEST(capacities.size() <= 4u);  // 1, 0, (1,) 2
        BOOST_TEST((log.last("all of max_pools can be in service again").level == severity::info));
        now = co_await pools.async_stats();
        BOOST_TEST(now.capacity == 2u);
        BOOST_TEST(now.retired == 0u);
        waiting.granted.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(destructor_waits_for_what_a_stop_abandoned)
{
    std::atomic<bool> returned{false};
    outcome<> runs(io);
    {
        thread_manager pools(io, one_thread(), options(1));
        gate stuck;
        happening stopped(io);
        asio::co_spawn(
            io,
            [&]() -> asio::awaitable<void> {
                co_await pools.async_start();
                auto lease = co_await pools.async_acquire();
                lease.async_run(
                    [&] {
                        stuck.pass();
                        for (int i = 0; i != 100; ++i)
                            std::this_thread::yield();
                        returned = true;
                    },
                    runs.handler());
                stuck.await();
                co_await pools.async_stop({.mode = stop_mode::cancel, .abandon_after = 0s});
            },
            [&](std::exception_ptr error) {
                BOOST_TEST(!error);
                stopped();
            });
        while (stopped.count() == 0)
            io.run_one();
        BOOST_TEST(!returned);
    }
    BOOST_TEST(returned);
    BOOST_TEST(!runs.done());
    io.run();
    BOOST_TEST(runs.done());
}

BOOST_AUTO_TEST_SUITE_END()
