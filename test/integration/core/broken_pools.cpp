// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Pools that cannot be made, and pools that break.

#include "integration/support/events.hpp"
#include "integration/support/scripted_backend.hpp"

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

using namespace leasepool;
using namespace leasepool::test;

namespace {

struct oven_is_cold : std::runtime_error {
    oven_is_cold() : std::runtime_error("the oven is cold") {}
};

std::exception_ptr cold()
{
    return std::make_exception_ptr(oven_is_cold());
}

auto const no_device = std::make_error_code(std::errc::no_such_device);

struct fixture {
    asio::io_context io;
    happening created{io};
    happening closed{io};
    happening failed{io};
    happening revoked{io};
    journal log{io};
    std::exception_ptr reason;
    std::shared_ptr<script> play = std::make_shared<script>();

    manager_options options(std::size_t max_pools = 1)
    {
        manager_options o{.max_pools = max_pools, .grace = 0s, .backoff = 1ms, .make_attempts = 2};
        o.log = std::ref(log);
        o.observer.on_pool_created = std::ref(created);
        o.observer.on_pool_closed = std::ref(closed);
        o.observer.on_revoke = std::ref(revoked);
        o.observer.on_pool_failed = [this](std::uint64_t, std::exception_ptr why) {
            reason = why;
            failed();
        };
        return o;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(broken_pools, fixture)

BOOST_AUTO_TEST_CASE(start_hook_or_worker_state_that_throws_fails_the_start)
{
    thread_backend_options hook{.workers_per_pool = 2};
    hook.on_thread_start = [](worker_id id) {
        if (id.worker == 1)
            throw oven_is_cold();
    };
    thread_backend_options state{.workers_per_pool = 1};
    state.worker_state = []() -> int { throw oven_is_cold(); };
    for (auto const& faulty : {hook, state}) {
        thread_manager pools(io, thread_backend(faulty), options());
        run(io, [&]() -> asio::awaitable<void> {
            auto const before = failed.count();
            auto [error] = co_await pools.async_start(as_tuple);
            BOOST_TEST(error == errc::worker_start_failed);
            BOOST_TEST(error == condition::worker_failed);
            BOOST_TEST(failed.count() == before + 1);
            BOOST_CHECK_THROW(std::rethrow_exception(reason), oven_is_cold);
            auto const entry = log.last("a pool could not be made");
            BOOST_TEST((entry.level == severity::error));
            BOOST_TEST(entry["error"] == "the oven is cold");
            BOOST_TEST((co_await pools.async_stats()).pools_failed == 1u);
        });
    }
}

BOOST_AUTO_TEST_CASE(pool_that_cannot_be_made_once_is_tried_again_for_the_waiter)
{
    std::atomic<int> starts{0};
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 1,
            .worker_state =
                [&] {
                    if (++starts == 2)
                        throw oven_is_cold();
                    return 5;
                }}),
        options(2));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const first = co_await pools.async_acquire();
        auto second = co_await pools.async_acquire();
        BOOST_TEST(second.valid());
        BOOST_TEST(failed.count() == 1);
        BOOST_TEST(starts == 3);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(waiters_get_the_reason_when_no_pool_can_be_made_for_good)
{
    std::atomic<bool> broken{false};
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 1,
            .on_thread_start =
                [&](worker_id) {
                    if (broken)
                        throw std::system_error(no_device);
                }}),
        options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.duration = 1h});
        broken = true;
        BOOST_TEST(lease.renew(1ms));
        auto [error, none] = co_await pools.async_acquire({}, as_tuple);
        BOOST_TEST(lease.ended() == errc::lease_expired);
        BOOST_TEST(error == error_code(no_device));
        BOOST_TEST(failed.count() >= 2);  // make_attempts

        broken = false;  // and then it goes on
        auto const next = co_await pools.async_acquire();
        BOOST_TEST(next.valid());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(make_pool_that_throws_is_a_failure_with_that_reason)
{
    play->on_make = [&](pool_site const&) -> bool { throw std::system_error(no_device, "oven"); };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        auto [error] = co_await pools.async_start(as_tuple);
        BOOST_TEST(error == error_code(no_device));
        BOOST_CHECK_THROW(std::rethrow_exception(reason), std::system_error);
        BOOST_TEST(pools.total() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(make_pool_that_throws_after_it_said_ready_is_a_failure)
{
    play->on_make = [&](pool_site const& site) -> bool {
        site.ready();
        throw oven_is_cold();
    };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        auto [error] = co_await pools.async_start(as_tuple);
        BOOST_TEST(error == errc::worker_start_failed);
        BOOST_TEST(created.count() == 0);
    });
}

BOOST_AUTO_TEST_CASE(make_pool_that_returns_null_is_a_failure_that_names_the_backend)
{
    play->on_make = [&](pool_site const&) { return false; };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        auto [error] = co_await pools.async_start(as_tuple);
        BOOST_TEST(error == errc::worker_start_failed);
        auto const text = log.last("a pool could not be made")["error"];
        BOOST_TEST(text.find("'scripted'") != std::string::npos);
        BOOST_TEST(text.find("null") != std::string::npos);
    });
}

BOOST_AUTO_TEST_CASE(pool_that_fails_later_is_destroyed_and_fails_the_start)
{
    std::optional<pool_site> made;
    play->on_make = [&](pool_site const& site) {
        made = site;
        return true;
    };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        verdict started(io);
        pools.async_start(started.handler());
        co_await pools.async_stats();
        BOOST_TEST(!started.done());
        made->failed(std::make_exception_ptr(std::system_error(no_device)));
        BOOST_TEST(co_await started.get() == error_code(no_device));
        BOOST_TEST(play->destroyed == 1);
        BOOST_TEST(play->closes == 0);
    });
}

BOOST_AUTO_TEST_CASE(idle_pool_that_breaks_is_closed_and_replaced)
{
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const first = play->site().id();
        play->site().broken(cold());
        co_await created.await(2);
        co_await closed.await();
        BOOST_TEST(play->site().id() != first);
        BOOST_TEST(play->closes == 1);
        BOOST_TEST(play->destroyed == 1);
        BOOST_CHECK_THROW(std::rethrow_exception(reason), oven_is_cold);
        BOOST_TEST(log.last("a pool broke")["error"] == "the oven is cold");
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.pools_failed == 1u);
        BOOST_TEST(now.total == 1u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(pool_that_breaks_under_a_lease_is_revoked_and_its_work_gets_the_reason)
{
    std::optional<pool_task> task;
    play->on_execute = [&](pool_task&& t) { task = std::move(t); };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<> queued(io);
        lease.async_run([] {}, queued.handler());
        auto const first = play->site().id();
        play->site().broken(cold());
        BOOST_CHECK_THROW(co_await queued.get(), oven_is_cold);
        BOOST_TEST(lease.ended() == errc::pool_broken);
        co_await revoked.await();
        BOOST_TEST(log.count("lease revoked: its pool broke") == 1);
        BOOST_CHECK_EXCEPTION(co_await lease.async_run([] {}), boost::system::system_error,
            has_code(errc::pool_broken));
        task.reset();
        play->on_execute = nullptr;

        auto next = co_await pools.async_acquire();
        BOOST_TEST(play->site().id() != first);
        BOOST_TEST(co_await next.async_run([] { return 1; }) == 1);
        next.release();
        co_await pools.async_stop();
        BOOST_TEST(pools.retired() == 0u);
    });
}

BOOST_AUTO_TEST_CASE(pool_that_breaks_twice_is_reported_once)
{
    std::optional<pool_site> closing;
    play->on_close = [&](pool_site const& site) { closing = site; };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto const site = play->site();
        site.broken(cold());
        co_await pools.async_stats();
        BOOST_REQUIRE(closing.has_value());
        site.broken(std::make_exception_ptr(std::system_error(no_device)));
        co_await pools.async_stats();
        BOOST_TEST(failed.count() == 1);
        BOOST_CHECK_THROW(std::rethrow_exception(reason), oven_is_cold);
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.pools_failed == 1u);
        BOOST_TEST(now.revoked == 1u);
        play->on_close = nullptr;
        closing->closed();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(pool_broken_before_it_is_ready_is_never_granted)
{
    std::optional<pool_site> made;
    play->on_make = [&](pool_site const& site) {
        made = site;
        return true;
    };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        verdict started(io);
        pools.async_start(started.handler());
        co_await pools.async_stats();
        made->broken(std::make_exception_ptr(std::system_error(no_device)));
        co_await pools.async_stats();
        BOOST_TEST(failed.count() == 0);
        made->ready();
        BOOST_TEST(co_await started.get() == error_code(no_device));
        BOOST_TEST(failed.count() == 1);
        BOOST_TEST(log.count("a pool could not be made") == 1);
        BOOST_TEST(created.count() == 0);
        BOOST_TEST(closed.count() == 0);
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.pools_failed == 1u);
        BOOST_TEST(now.pools_created == 0u);
        BOOST_TEST(now.pools_closed == 0u);
        BOOST_TEST(play->closes == 1);
        BOOST_TEST(play->destroyed == 1);
    });
}

BOOST_AUTO_TEST_CASE(pool_broken_before_it_fails_is_counted_once)
{
    std::optional<pool_site> made;
    play->on_make = [&](pool_site const& site) {
        made = site;
        return true;
    };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        verdict started(io);
        pools.async_start(started.handler());
        co_await pools.async_stats();
        made->broken(std::make_exception_ptr(std::system_error(no_device)));
        co_await pools.async_stats();
        made->failed(cold());
        BOOST_TEST(co_await started.get() == error_code(no_device));
        BOOST_TEST(failed.count() == 1);
        BOOST_TEST((co_await pools.async_stats()).pools_failed == 1u);
        BOOST_TEST(play->closes == 0);
        BOOST_TEST(play->destroyed == 1);
    });
}

BOOST_AUTO_TEST_CASE(pool_that_breaks_at_once_again_and_again_is_made_with_pauses)
{
    auto o = options();
    o.backoff = 1h;
    scripted_manager pools(io, scripted_backend(play), std::move(o));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        play->site().broken(cold());
        co_await closed.await();
        BOOST_TEST((co_await pools.async_stats()).total == 0u);
        BOOST_TEST(created.count() == 1);
        auto [error, none] = co_await pools.async_acquire({.wait = false}, as_tuple);
        BOOST_TEST(error == errc::unavailable);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(execute_that_throws_gives_its_reason_to_the_function)
{
    play->on_execute = [&](pool_task&&) { throw oven_is_cold(); };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        bool ran = false;
        BOOST_CHECK_THROW(co_await lease.async_run([&] { ran = true; }), oven_is_cold);
        BOOST_TEST(!ran);
        play->on_execute = nullptr;
        co_await lease.async_run([&] { ran = true; });
        BOOST_TEST(ran);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(task_destroyed_without_having_run_fails_its_function)
{
    play->on_execute = [&](pool_task&& task) { pool_task(std::move(task)); };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        bool ran = false;
        BOOST_CHECK_EXCEPTION(co_await lease.async_run([&] { ran = true; }),
            boost::system::system_error, has_code(errc::pool_broken));
        BOOST_TEST(!ran);
        BOOST_TEST((co_await pools.async_stats()).runs_canceled == 1u);
        lease.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(pool_that_breaks_while_it_closes_still_closes)
{
    std::optional<pool_site> closing;
    play->on_close = [&](pool_site const& site) { closing = site; };
    scripted_manager pools(io, scripted_backend(play), options());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        verdict stopped(io);
        pools.async_stop({}, stopped.handler());
        co_await pools.async_stats();
        BOOST_REQUIRE(closing.has_value());
        closing->broken(cold());
        co_await pools.async_stats();
        BOOST_TEST(!stopped.done());
        closing->closed();
        BOOST_TEST(!co_await stopped.get());
        BOOST_TEST(play->destroyed == 1);
    });
}

BOOST_AUTO_TEST_SUITE_END()
