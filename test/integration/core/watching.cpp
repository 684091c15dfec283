// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What an observer, a log and a dashboard see.

#include "integration/support/events.hpp"
#include "integration/support/io_threads.hpp"

#include <boost/asio/post.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

struct fixture {
    asio::io_context io;
    journal log{io};

    manager_options logged(std::size_t max_pools = 1)
    {
        return {.max_pools = max_pools, .grace = 0s, .log = std::ref(log)};
    }
};

auto one_thread()
{
    return thread_backend({.workers_per_pool = 1});
}

std::string line_of(std::source_location where)
{
    return std::string(where.file_name()) + ':' + std::to_string(where.line());
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(watching, fixture)

BOOST_AUTO_TEST_CASE(records_and_stats_name_the_manager)
{
    auto options = logged();
    options.name = "thumbnails";
    thread_manager pools(io, one_thread(), std::move(options));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST((co_await pools.async_stats()).name == "thumbnails");
        // One record of the manager, and one that came from the queue of other threads.
        auto lease = co_await pools.async_acquire();
        pending_acquire<thread_backend> nested(io);
        co_await lease.async_run([&] { pools.async_acquire({}, nested.handler()); });
        BOOST_TEST((co_await log.await("manager started")).manager == "thumbnails");
        BOOST_TEST((co_await log.await("an acquire begun on one of")).manager == "thumbnails");
        lease.release();
        co_await nested.get();
        nested.granted.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(life_of_a_manager_and_of_a_lease_is_logged_in_order)
{
    std::vector<std::string> told;
    auto options = logged();
    options.log = [&](log_record const& record) {
        log(record);
        told.emplace_back(record.message);
        BOOST_TEST((std::chrono::system_clock::now() - record.time < 5min));
    };
    thread_manager pools(io, one_thread(), std::move(options));
    std::source_location here;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        here = std::source_location::current();
        auto lease = co_await pools.async_acquire({.owner = "billing", .where = here});
        co_await lease.async_release();
        co_await pools.async_stop();
    });
    std::vector<std::string> const expected{"pool created", "manager started", "lease granted",
        "lease given back", "manager stopping", "pool closed", "manager stopped"};
    BOOST_TEST(told == expected, boost::test_tools::per_element());
    BOOST_TEST(log.last("pool created")["pool"] == "1");
    BOOST_TEST(log.last("pool closed")["pool"] == "1");
    for (auto const* const message : {"lease granted", "lease given back"}) {
        auto const entry = log.last(message);
        BOOST_TEST((entry.level == severity::debug));
        BOOST_TEST(entry["lease"] == "1");
        BOOST_TEST(entry["pool"] == "1");
        BOOST_TEST(entry["owner"] == "billing");
        BOOST_TEST(entry["where"] == line_of(here));
    }
    BOOST_TEST((log.last("manager started").level == severity::info));
    BOOST_TEST(std::stoll(log.last("lease given back")["held_ns"]) >= 0);
}

BOOST_AUTO_TEST_CASE(expiry_is_logged_with_owner_and_line)
{
    thread_manager pools(io, one_thread(), logged());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire({.owner = "slow", .duration = 1ms});
        auto const line = std::source_location::current().line() - 1;
        auto const overdue = co_await log.await("lease overdue: it passed its soft expiry");
        auto const revoked = co_await log.await("lease revoked: it passed its hard expiry");
        for (auto const& entry : {overdue, revoked}) {
            BOOST_TEST((entry.level == severity::warning));
            BOOST_TEST(entry["owner"] == "slow");
            BOOST_TEST(entry["where"].ends_with("watching.cpp:" + std::to_string(line)));
            BOOST_TEST(std::stoll(entry["held_ns"]) >= 1'000'000);
        }
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(revocation_by_a_stop_is_logged)
{
    thread_manager pools(io, one_thread(), logged());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire();
        co_await pools.async_stop({.mode = stop_mode::cancel});
        BOOST_TEST((log.last("lease revoked: the manager stops").level == severity::warning));
    });
}

BOOST_AUTO_TEST_CASE(observer_sees_every_event_of_a_lease_and_its_pool)
{
    std::string seen;
    lease_event granted;
    lease_event released;
    manager_options options{.max_pools = 1};
    options.observer.on_pool_created = [&](std::uint64_t pool) {
        seen += 'C' + std::to_string(pool);
    };
    options.observer.on_pool_closed = [&](std::uint64_t pool) {
        seen += 'X' + std::to_string(pool);
    };
    options.observer.on_lease = [&](lease_event const& e) {
        seen += 'L' + std::to_string(e.lease);
        granted = e;
        BOOST_TEST(e.owner == "billing");
    };
    options.observer.on_release = [&](lease_event const& e) {
        seen += 'R' + std::to_string(e.lease);
        released = e;
        BOOST_TEST(e.owner == "billing");
    };
    thread_manager pools(io, one_thread(), std::move(options));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.owner = "billing"});
        auto const line = std::source_location::current().line() - 1;
        auto const leased_at = lease.leased_at();
        co_await lease.async_release();
        co_await pools.async_stop();
        BOOST_TEST(granted.where.line() == line);
        BOOST_TEST(released.where.line() == line);
        BOOST_TEST((released.elapsed > 0ns));
        BOOST_TEST((released.elapsed < std::chrono::steady_clock::now() - leased_at));
    });
    BOOST_TEST(seen == "C1L1R1X1");
    BOOST_TEST(granted.pool == 1u);
}

BOOST_AUTO_TEST_CASE(every_grant_and_return_is_reported_once_and_in_order_under_load)
{
    constexpr int callers = 4;
    constexpr int leases_each = 100;
    // The callbacks need no lock of their own: they run on the manager's strand.
    std::map<std::uint64_t, int> reports;
    bool in_order = true;
    manager_options options{.max_pools = 2};
    options.observer.on_lease = [&](lease_event const& e) {
        in_order = in_order && reports[e.lease] == 0;
        ++reports[e.lease];
    };
    options.observer.on_release = [&](lease_event const& e) {
        in_order = in_order && reports[e.lease] == 1;
        ++reports[e.lease];
    };
    io_threads here(3);
    thread_manager pools(here.context(), one_thread(), std::move(options));
    start(pools);
    std::vector<std::thread> threads;
    for (int n = 0; n != callers; ++n)
        threads.emplace_back([&] {
            for (int i = 0; i != leases_each; ++i) {
                auto held = acquire(pools);
                if (i % 2 == 0)
                    get(held.async_run([] {}, asio::use_future));
            }
        });
    for (auto& thread : threads)
        thread.join();
    get(pools.async_stop({}, asio::use_future));
    BOOST_TEST(in_order);
    BOOST_TEST(reports.size() == std::size_t{callers} * leases_each);
    for (auto const& [lease, count] : reports)
        BOOST_TEST(count == 2);
}

BOOST_AUTO_TEST_CASE(wait_for_a_lease_is_told_with_the_grant)
{
    happening granted(io);
    std::chrono::nanoseconds waited{};
    manager_options options{.max_pools = 1};
    options.observer.on_lease = [&](lease_event const& e) {
        waited = e.elapsed;
        granted();
    };
    thread_manager pools(io, one_thread(), std::move(options));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto first = co_await pools.async_acquire();
        pending_acquire<thread_backend> second(io, pools);
        co_await pools.async_stats();
        auto const waits_since = std::chrono::steady_clock::now();
        while (std::chrono::steady_clock::now() == waits_since)
            co_await settle();
        auto const at_least = std::chrono::steady_clock::now() - waits_since;
        first.release();
        co_await second.get();
        co_await granted.await(2);
        BOOST_TEST((waited >= at_least));
        second.granted.release();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.wait_time.count() == 2u);
        BOOST_TEST(now.wait_time.max() == static_cast<std::uint64_t>(waited.count()));
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(exception_of_a_posted_function_is_logged_and_reported_and_the_thread_goes_on)
{
    happening reported(io);
    std::uint64_t lease_id = 0;
    std::exception_ptr error;
    auto options = logged();
    options.observer.on_unhandled_exception = [&](std::uint64_t lease, std::exception_ptr e) {
        lease_id = lease;
        error = e;
        reported();
    };
    thread_manager pools(io, one_thread(), std::move(options));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        asio::post(lease, [] { throw std::domain_error("posted"); });
        co_await reported.await();
        BOOST_TEST(lease_id == lease.id());
        BOOST_CHECK_THROW(std::rethrow_exception(error), std::domain_error);
        auto const entry = log.last("a function posted to a lease threw");
        BOOST_TEST((entry.level == severity::error));
        BOOST_TEST(entry["error"] == "posted");
        BOOST_TEST(entry["lease"] == std::to_string(lease.id()));
        BOOST_TEST((co_await pools.async_stats()).unhandled_exceptions == 1u);

        asio::post(lease, [] { throw 3; });
        co_await reported.await(2);
        BOOST_TEST(
            log.last("a function posted")["error"] == "an exception that is no std::exception");
        BOOST_TEST(co_await lease.async_run([] { return 1; }) == 1);
        lease.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(callbacks_that_throw_are_counted_and_hurt_nothing)
{
    happening thrown(io);
    auto options = logged(2);
    auto const fail = [&] {
        thrown();
        throw std::runtime_error("bad callback");
    };
    options.observer = {.on_lease = [=](auto&) { fail(); },
        .on_release = [=](auto&) { fail(); },
        .on_overdue = [=](auto&) { fail(); },
        .on_revoke = [=](auto&) { fail(); },
        .on_pool_created = [=](auto) { fail(); },
        .on_pool_closed = [=](auto) { fail(); },
        .on_pool_failed = [=](auto, auto) { fail(); },
        .on_starved = [=](auto) { fail(); },
        .on_unhandled_exception = [=](auto, auto) { fail(); }};
    thread_manager pools(io, one_thread(), std::move(options));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto short_lived = co_await pools.async_acquire({.duration = 1ms});
        co_await log.await("lease revoked");
        auto lease = co_await pools.async_acquire();
        asio::post(lease, [] { throw 1; });
        BOOST_TEST(co_await lease.async_run([] { return 1; }) == 1);
        co_await log.await("a function posted");
        co_await lease.async_release();
        co_await pools.async_stop();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.callback_errors == static_cast<std::uint64_t>(thrown.count()));
        BOOST_TEST(thrown.count() >= 8);
        BOOST_TEST(log.count("an observer's callback threw") == thrown.count());
        auto const entry = log.last("an observer's callback threw");
        BOOST_TEST(entry["error"] == "bad callback");
        BOOST_TEST((entry.level == severity::error));
    });
}

BOOST_AUTO_TEST_CASE(log_that_throws_is_counted_and_hurts_nothing)
{
    int calls = 0;
    thread_manager pools(io, one_thread(), {.max_pools = 1, .log = [&](log_record const&) {
                                                ++calls;
                                                throw std::runtime_error("disk full");
                                            }});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        lease.release();
        co_await pools.async_stop();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(calls == 7);
        BOOST_TEST(now.callback_errors == 7u);
    });
}

BOOST_AUTO_TEST_CASE(callbacks_may_call_the_manager_and_release_leases)
{
    thread_manager* self = nullptr;
    std::optional<thread_lease> held;
    happening granted_inside(io);
    happening stats_inside(io);
    happening stopped(io);
    manager_options options{.max_pools = 2, .grace = 0s, .idle_ttl = 0s};
    options.observer.on_lease = [&](lease_event const& e) {
        self->notify_scale_changed();
        self->async_stats([&](error_code, stats const& s) {
            stats_inside();
            BOOST_TEST(s.acquired >= 1u);
        });
        if (e.lease == 1)
            self->async_acquire(
                {.owner = "from inside"}, [&](error_code error, thread_lease lease) {
                    BOOST_TEST(!error);
                    lease.release();
                    granted_inside();
                });
    };
    options.observer.on_overdue = [&](lease_event const&) {
        held->release();
        self->async_start([](error_code) {});
    };
    options.observer.on_pool_closed = [&](std::uint64_t) {
        self->async_stop({}, [&](error_code) { stopped(); });
    };
    options.log = [&](log_record const&) { self->notify_scale_changed(); };
    thread_manager pools(io, one_thread(), std::move(options));
    self = &pools;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        held = co_await pools.async_acquire({.duration = 1h});
        co_await granted_inside.await();
        BOOST_TEST(held->renew(1ms));
        co_await stopped.await();
        co_await stats_inside.await(2);
        BOOST_TEST(!held->valid());
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(callbacks_never_run_inside_a_call)
{
    bool inside = false;
    int told = 0;
    manager_options options{.max_pools = 1};
    options.size_provider = [&] {
        BOOST_TEST(!inside);
        return ++told;
    };
    options.log = [&](log_record const&) {
        BOOST_TEST(!inside);
        ++told;
    };
    thread_manager pools(io, one_thread(), std::move(options));
    run(io, [&]() -> asio::awaitable<void> {
        auto const call = [&](auto&& f) {
            inside = true;
            f();
            inside = false;
        };
        verdict started(io);
        call([&] { pools.async_start(started.handler()); });
        co_await started.get();
        pending_acquire<thread_backend> lease(io);
        call([&] { pools.async_acquire({}, lease.handler()); });
        co_await lease.get();
        call([&] { pools.notify_scale_changed(); });
        call([&] { lease.granted.release(); });
        verdict stopped(io);
        call([&] { pools.async_stop({}, stopped.handler()); });
        co_await stopped.get();
        BOOST_TEST(told >= 9);
    });
}

BOOST_AUTO_TEST_CASE(acquire_that_waits_on_a_thread_of_the_manager_is_logged_as_a_likely_deadlock)
{
    thread_manager pools(io, one_thread(), logged());
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.owner = "outer"});
        auto const outer_line = std::source_location::current().line() - 1;
        pending_acquire<thread_backend> nested(io);
        unsigned inner_line = 0;
        co_await lease.async_run([&] {
            inner_line = std::source_location::current().line() + 1;
            pools.async_acquire({.owner = "inner"}, nested.handler());
        });
        auto const entry =
            co_await log.await("an acquire begun on one of the manager's own threads");
        BOOST_TEST((entry.level == severity::warning));
        BOOST_TEST(entry["owner"] == "inner");
        BOOST_TEST(entry["where"].ends_with(":" + std::to_string(inner_line)));
        BOOST_TEST(entry["held_by"] == "outer");
        BOOST_TEST(entry["held_at"].ends_with(":" + std::to_string(outer_line)));
        BOOST_TEST(entry["pool"] == "1");
        lease.release();
        BOOST_TEST(!co_await nested.get());
        nested.granted.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(acquire_on_a_thread_of_the_manager_that_can_be_served_is_no_deadlock)
{
    thread_manager pools(io, one_thread(), logged(2));
    thread_manager other(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        co_await other.async_start();
        auto lease = co_await pools.async_acquire({.owner = "outer"});
        auto elsewhere = co_await other.async_acquire();
        pending_acquire<thread_backend> made(io);
        pending_acquire<thread_backend> from_elsewhere(io);
        co_await lease.async_run([&] { pools.async_acquire({}, made.handler()); });
        co_await made.get();
        // The other manager's threads are not this one's.
        co_await elsewhere.async_run([&] { pools.async_acquire({}, from_elsewhere.handler()); });
        made.granted.release();
        co_await from_elsewhere.get();
        BOOST_TEST(log.count("an acquire begun on one of the manager's own threads") == 0);
        co_await pools.async_stop({.mode = stop_mode::cancel});
        co_await other.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_SUITE_END()
