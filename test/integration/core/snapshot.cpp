// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The snapshot: each of its numbers, and its JSON.

#include "integration/support/events.hpp"

#include <leasepool/job.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

int one()
{
    return 1;
}

constexpr leasepool::job one_job{"one", &one};

struct fixture {
    asio::io_context io;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(snapshot, fixture)

BOOST_AUTO_TEST_CASE(snapshot_tells_settings_counts_and_leases_at_one_moment)
{
    thread_manager pools(io, thread_backend({.workers_per_pool = 3}),
        {.max_pools = 5, .max_retired = 7, .min_pools = 2, .grace = 10s});
    run(io, [&]() -> asio::awaitable<void> {
        auto before = co_await pools.async_stats();
        BOOST_TEST(before.backend == "thread");
        BOOST_TEST(!before.started);
        BOOST_TEST(before.desired == 2u);
        BOOST_TEST(before.total == 0u);
        co_await pools.async_start();
        auto const first = co_await pools.async_acquire({.owner = "first", .duration = 100s});
        auto const line = std::source_location::current().line() - 1;
        auto const second = co_await pools.async_acquire({.owner = "second", .duration = 50s});
        auto const third = co_await pools.async_acquire();

        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.started);
        BOOST_TEST(!now.stopping);
        BOOST_TEST(now.max_pools == 5u);
        BOOST_TEST(now.min_pools == 2u);
        BOOST_TEST(now.max_retired == 7u);
        BOOST_TEST(now.workers_per_pool == 3u);
        BOOST_TEST(now.desired == 2u);
        BOOST_TEST(now.capacity == 5u);
        BOOST_TEST(now.total == 3u);
        BOOST_TEST(now.leased == 3u);
        BOOST_TEST(now.available == 0u);
        BOOST_TEST(now.starting == 0u);
        BOOST_TEST(now.draining == 0u);
        BOOST_TEST(now.acquired == 3u);
        BOOST_REQUIRE(now.leases.size() == 3u);
        BOOST_TEST(now.leases[0].id == first.id());
        BOOST_TEST(now.leases[0].owner == "first");
        BOOST_TEST(now.leases[0].where.line() == line);
        BOOST_TEST((now.leases[0].held > 0ns));
        BOOST_TEST((now.leases[0].until_soft_expiry + now.leases[0].held == 100s));
        BOOST_TEST((now.leases[0].until_hard_expiry - now.leases[0].until_soft_expiry == 10s));
        BOOST_TEST(!now.leases[0].draining);
        BOOST_TEST(now.leases[1].owner == "second");
        BOOST_TEST(now.leases[0].pool != now.leases[1].pool);

        BOOST_TEST(pools.leased() == now.leased);
        BOOST_TEST(pools.total() == now.total);
        BOOST_TEST(pools.desired() == now.desired);
        BOOST_TEST(pools.available() == now.available);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(lease_names_a_line_of_the_caller_however_its_options_are_made)
{
    std::vector<std::source_location> lines;
    manager_options options{.max_pools = 1};
    options.observer.on_lease = [&](lease_event const& e) { lines.push_back(e.where); };
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), std::move(options));
    auto const function = [] { return 1; };
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        // `at` is initialized two lines before the line that the lease has to name.
        auto const check = [&](std::source_location const& at) -> asio::awaitable<void> {
            auto const now = co_await pools.async_stats();
            BOOST_REQUIRE(lines.size() == 1u);
            BOOST_TEST(std::string_view(lines[0].file_name()).ends_with("snapshot.cpp"),
                lines[0].file_name());
            BOOST_TEST(lines[0].line() == at.line() + 2);
            lines.clear();
        };
        using here = std::source_location;
        acquire_options without_braces;

        auto at = here::current();
        // The options are initialized here, and not below.
        acquire_options with_braces{};
        co_await pools.async_run(with_braces, function);
        co_await check(at);

        at = here::current();
        // Designated initializers.
        co_await pools.async_run({.owner = "designated"}, function);
        co_await check(at);

        at = here::current();
        // Default options.
        co_await pools.async_run(function);
        co_await check(at);

        at = here::current();
        // The options cannot know their own line.
        co_await pools.async_run(without_braces, function);
        co_await check(at);

        at = here::current();
        //
        co_await pools.async_run(acquire_options(), function);
        co_await check(at);

        at = here::current();
        //
        co_await pools.async_run(without_braces, one_job());
        co_await check(at);

        at = here::current();
        //
        co_await pools.async_run(without_braces, job_options().timeout(1h), one_job());
        co_await check(at);

        at = here::current();
        //
        co_await pools.async_run(job_options().timeout(1h), one_job());
        co_await check(at);

        at = here::current();
        //
        auto lease = co_await pools.async_acquire(without_braces);
        co_await check(at);
        lease.release();

        at = here::current();
        //
        lease = co_await pools.async_acquire();
        co_await check(at);
        lease.release();

        at = here::current();
        //
        lease = co_await pools.async_acquire({.owner = "designated"});
        co_await check(at);
        lease.release();

        // A line that the caller has set is kept.
        at = here::current();
        without_braces.where = here::current();
        without_braces.where = here::current();
        lease = co_await pools.async_acquire(without_braces);
        co_await check(at);
        lease.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(overdue_lease_has_a_negative_time_to_its_soft_expiry)
{
    happening overdue(io);
    manager_options options{.max_pools = 1, .grace = 1h};
    options.observer.on_overdue = std::ref(overdue);
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), std::move(options));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire({.duration = 1ms});
        co_await overdue.await();
        auto const now = co_await pools.async_stats();
        BOOST_TEST((now.leases.at(0).until_soft_expiry <= 0ns));
        BOOST_TEST((now.leases.at(0).until_hard_expiry > 0ns));
        BOOST_TEST(now.overdue == 1u);
        BOOST_TEST(now.revoked == 0u);
        co_await pools.async_stop({.mode = stop_mode::cancel});
        BOOST_TEST((co_await pools.async_stats()).revoked == 1u);
    });
}

BOOST_AUTO_TEST_CASE(pool_being_made_counts_as_starting)
{
    gate start;
    thread_manager pools(io,
        thread_backend(
            {.workers_per_pool = 1, .on_thread_start = [&](worker_id) { start.pass(); }}),
        {.max_pools = 2, .min_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        verdict started(io);
        pools.async_start(started.handler());
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.started);
        BOOST_TEST(now.starting == 2u);
        BOOST_TEST(now.total == 2u);
        BOOST_TEST(now.available == 0u);
        start.open();
        co_await started.get();
        BOOST_TEST((co_await pools.async_stats()).starting == 0u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(acquires_that_fail_are_counted_by_reason)
{
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_acquire({}, as_tuple);  // not running: 1
        co_await pools.async_start();
        auto held = co_await pools.async_acquire();
        co_await pools.async_acquire({.timeout = 1ms}, as_tuple);
        co_await pools.async_acquire({.timeout = 0ms}, as_tuple);
        co_await pools.async_acquire({.wait = false}, as_tuple);    // 2
        co_await pools.async_acquire({.duration = -1s}, as_tuple);  // 3
        asio::cancellation_signal cancel;
        pending_acquire<thread_backend> waiting(io);
        pools.async_acquire({}, asio::bind_cancellation_slot(cancel.slot(), waiting.handler()));
        auto now = co_await pools.async_stats();
        BOOST_TEST(now.waiters == 1u);
        BOOST_TEST(pools.waiters() == 1u);
        cancel.emit(asio::cancellation_type::total);
        co_await waiting.get();
        now = co_await pools.async_stats();
        BOOST_TEST(now.acquire_timeouts == 2u);
        BOOST_TEST(now.acquire_failures == 3u);
        BOOST_TEST(now.acquire_cancels == 1u);
        BOOST_TEST(now.waiters == 0u);
        BOOST_TEST(now.acquired == 1u);
        BOOST_TEST(now.wait_time.count() == 1u);
        held.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(runs_are_counted_and_timed_also_after_their_pool_is_closed)
{
    gate work;
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        co_await lease.async_run([] { return 1; });
        auto const begin = std::chrono::steady_clock::now();
        std::chrono::steady_clock::duration ran{};
        co_await lease.async_run([&] {
            while (std::chrono::steady_clock::now() == begin)
                std::this_thread::yield();
            ran = std::chrono::steady_clock::now() - begin;
        });
        BOOST_CHECK_THROW(
            co_await lease.async_run([] { throw std::domain_error("x"); }), std::domain_error);
        outcome<> blocking(io);
        lease.async_run([&] { work.pass(); }, blocking.handler());
        work.await();
        asio::cancellation_signal cancel;
        outcome<> queued(io);
        lease.async_run([] {}, asio::bind_cancellation_slot(cancel.slot(), queued.handler()));
        cancel.emit(asio::cancellation_type::total);
        work.open();
        co_await blocking.get();
        BOOST_CHECK_THROW(co_await queued.get(), boost::system::system_error);
        co_await lease.async_release();

        for (bool const closed : {false, true}) {
            if (closed)
                co_await pools.async_stop();
            auto const now = co_await pools.async_stats();
            BOOST_TEST(now.runs == 4u);
            BOOST_TEST(now.runs_failed == 1u);
            BOOST_TEST(now.runs_canceled == 1u);
            BOOST_TEST(now.run_time.count() == 4u);
            BOOST_TEST(now.queue_time.count() == 4u);
            BOOST_TEST(now.run_time.sum() > 0u);
            BOOST_TEST(now.hold_time.count() == 1u);
            BOOST_TEST(now.hold_time.max() >= now.run_time.sum());
            BOOST_TEST(now.pools_closed == (closed ? 1u : 0u));
        }
    });
}

BOOST_AUTO_TEST_CASE(snapshot_converts_to_json)
{
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.owner = "report \"x\""});
        co_await lease.async_run([] {});
        auto const now = co_await pools.async_stats();
        auto const json = boost::json::value_from(now);
        auto const& o = json.as_object();
        auto const number = [&](std::string_view name) {
            return o.at(name).to_number<std::uint64_t>();
        };
        BOOST_TEST(o.at("backend").as_string() == "thread");
        BOOST_TEST(o.at("started").as_bool());
        BOOST_TEST(!o.at("stopping").as_bool());
        BOOST_TEST(number("max_pools") == 2u);
        BOOST_TEST(number("min_pools") == 1u);
        BOOST_TEST(number("max_retired") == 2u);
        BOOST_TEST(number("workers_per_pool") == 1u);
        BOOST_TEST(number("desired") == now.desired);
        BOOST_TEST(number("total") == 1u);
        BOOST_TEST(number("leased") == 1u);
        BOOST_TEST(number("capacity") == 2u);
        BOOST_TEST(number("acquired") == 1u);
        BOOST_TEST(number("runs") == 1u);
        for (auto const* const name : {"starting", "available", "draining", "retired", "abandoned",
                 "waiters", "released", "overdue", "revoked", "renewed", "acquire_timeouts",
                 "acquire_cancels", "acquire_failures", "pools_closed", "pools_failed",
                 "runs_failed", "runs_canceled", "unhandled_exceptions", "callback_errors"})
            BOOST_TEST(number(name) == 0u, name);
        BOOST_TEST(number("pools_created") == 1u);

        auto const& run_time = o.at("run_time_ns").as_object();
        BOOST_TEST(run_time.at("count").to_number<std::uint64_t>() == 1u);
        BOOST_TEST(run_time.at("sum").to_number<std::uint64_t>() == now.run_time.sum());
        BOOST_TEST(run_time.at("max").to_number<std::uint64_t>() == now.run_time.max());
        BOOST_TEST(run_time.at("p50").to_number<std::uint64_t>() == now.run_time.quantile(0.5));
        BOOST_TEST(run_time.at("p99").to_number<std::uint64_t>() == now.run_time.quantile(0.99));
        BOOST_TEST(run_time.at("buckets").as_array().size() == 1u);
        BOOST_TEST(o.at("hold_time_ns").at("count").to_number<int>() == 0);
        BOOST_TEST(o.at("wait_time_ns").at("count").to_number<int>() == 1);
        BOOST_TEST(o.at("queue_time_ns").at("count").to_number<int>() == 1);

        auto const& first = o.at("leases").as_array().at(0).as_object();
        BOOST_TEST(first.at("id").to_number<int>() == 1);
        BOOST_TEST(first.at("pool").to_number<int>() == 1);
        BOOST_TEST(first.at("owner").as_string() == "report \"x\"");
        BOOST_TEST(first.at("held_ns").to_number<std::int64_t>() == now.leases[0].held.count());
        BOOST_TEST(first.at("until_soft_expiry_ns").to_number<std::int64_t>() ==
            now.leases[0].until_soft_expiry.count());
        BOOST_TEST(first.at("until_hard_expiry_ns").to_number<std::int64_t>() ==
            now.leases[0].until_hard_expiry.count());
        BOOST_TEST(!first.at("draining").as_bool());
        std::string const where(first.at("where").as_string());
        BOOST_TEST(where.find("snapshot.cpp:") != std::string::npos);
        BOOST_TEST(!boost::json::serialize(json).empty());
        lease.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_SUITE_END()
