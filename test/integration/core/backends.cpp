// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Other backends than the thread backend: one's own, and one chosen by name.

#include "integration/support/events.hpp"
#include "integration/support/scripted_backend.hpp"

#include <optional>
#include <string>
#include <thread>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using any_manager = manager<any_backend>;

/// As in the documentation of the concept `backend`.
struct inline_backend {
    struct pool_type {
        pool_site site;
        void execute(pool_task&& task) { task(); }
        std::size_t workers() const noexcept { return 1; }
        void close() noexcept { site.closed(); }
    };
    std::string_view name() const noexcept { return "inline"; }
    std::size_t workers_per_pool() const noexcept { return 1; }
    std::unique_ptr<pool_type> make_pool(pool_site site)
    {
        site.ready();
        return std::make_unique<pool_type>(std::move(site));
    }
};
static_assert(function_backend<inline_backend>);

/// Lends something that runs no functions.
struct licence_backend {
    struct pool_type {
        pool_site site;
        void close() noexcept { site.closed(); }
    };
    std::string_view name() const noexcept { return "licence"; }
    std::size_t workers_per_pool() const noexcept { return 3; }
    std::unique_ptr<pool_type> make_pool(pool_site site)
    {
        site.ready();
        return std::make_unique<pool_type>(std::move(site));
    }
};
static_assert(backend<licence_backend>);
static_assert(!function_backend<licence_backend>);
static_assert(!function_backend<any_backend>);

struct fixture {
    asio::io_context io;
    std::shared_ptr<script> play = std::make_shared<script>();
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(backends, fixture)

BOOST_AUTO_TEST_CASE(backend_of_the_documentation_works)
{
    manager<inline_backend> pools(io, inline_backend(), {.max_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        BOOST_TEST((co_await lease.async_run([] { return std::this_thread::get_id(); }) ==
            std::this_thread::get_id()));
        BOOST_CHECK_THROW(
            co_await lease.async_run([] { throw std::domain_error("x"); }), std::domain_error);
        BOOST_TEST(co_await pools.async_run([] { return 2; }) == 2);
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.backend == "inline");
        BOOST_TEST(now.workers_per_pool == 1u);
        BOOST_TEST(now.runs == 3u);
        lease.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(function_on_an_inline_pool_may_use_the_manager)
{
    manager<inline_backend> pools(io, inline_backend(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        outcome<int> inner(io);
        pending_acquire<inline_backend> next(io);
        co_await pools.async_run([&] {
            pools.async_run([] { return 8; }, inner.handler());  // waits for this one's end
            pools.async_acquire({}, next.handler());
            pools.notify_scale_changed();
        });
        BOOST_TEST(co_await inner.get() == 8);
        BOOST_TEST(!co_await next.get());
        next.granted.release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(backend_that_runs_no_functions_is_leased_all_the_same)
{
    manager<licence_backend> pools(io, licence_backend(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire({.owner = "reader"});
        BOOST_TEST(lease.renew(1h));
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.backend == "licence");
        BOOST_TEST(now.workers_per_pool == 3u);
        co_await lease.async_release();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(backend_by_name_serves_leases)
{
    for (auto const* const name : {"thread", ""}) {
        any_backend chosen = *name ? any_backend(name) : any_backend(inline_backend());
        any_manager pools(io, std::move(chosen), {.max_pools = 1});
        run(io, [&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            auto lease = co_await pools.async_acquire();
            BOOST_TEST((co_await pools.async_stats()).backend == (*name ? name : "inline"));
            lease.release();
            co_await pools.async_stop();
            BOOST_TEST((co_await pools.async_stats()).pools_closed == 1u);
        });
    }
}

BOOST_AUTO_TEST_CASE(unknown_backend_is_refused_and_the_names_listed)
{
    for (auto const* const name : {"thraed", "", "Thread", "thread "})
        BOOST_CHECK_EXCEPTION(any_backend{name}, boost::system::system_error, [&](auto const& e) {
            std::string const text = e.what();
            return e.code() == errc::unknown_backend && text.find("thread") != text.npos &&
                text.find("process") != text.npos &&
                text.find('\'' + std::string(name) + '\'') != text.npos;
        });
}

BOOST_AUTO_TEST_CASE(backend_that_cannot_be_had_here_has_its_own_error)
{
    BOOST_CHECK_EXCEPTION(any_backend{"process"}, boost::system::system_error, [](auto const& e) {
        return e.code() == errc::unsupported_backend &&
            std::string(e.what()).find("'process'") != std::string::npos;
    });
}

BOOST_AUTO_TEST_CASE(pool_is_closed_before_it_is_destroyed_and_no_sooner_than_it_says)
{
    std::optional<pool_site> closing;
    play->on_close = [&](pool_site const& site) { closing = site; };
    scripted_manager pools(io, scripted_backend(play));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        verdict stopped(io);
        pools.async_stop({}, stopped.handler());
        co_await pools.async_stats();
        BOOST_TEST(play->closes == 1);
        BOOST_TEST(play->destroyed == 0);
        BOOST_TEST(!stopped.done());
        closing->closed();
        BOOST_TEST(!co_await stopped.get());
        BOOST_TEST(play->destroyed == 1);
        BOOST_TEST(play->closes == 1);
    });
}

BOOST_AUTO_TEST_CASE(site_may_be_used_when_the_pool_and_the_manager_are_gone)
{
    std::optional<pool_site> made;
    {
        scripted_manager pools(io, scripted_backend(play));
        run(io, [&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            made = play->site();
            co_await pools.async_stop();
            made->broken(std::make_exception_ptr(1));
            made->closed();
            made->ready();
            co_await pools.async_stats();
            BOOST_TEST(pools.total() == 0u);
        });
    }
    BOOST_TEST(made->id() == 1u);
    made->failed(std::make_exception_ptr(1));
    made->closed();
    io.run();
}

BOOST_AUTO_TEST_CASE(pools_are_numbered_from_1_in_each_manager)
{
    scripted_manager pools(io, scripted_backend(play), {.max_pools = 3, .min_pools = 3});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST(play->pools.size() == 3u);
        BOOST_TEST(play->pools.begin()->first == 1u);
        BOOST_TEST(play->pools.rbegin()->first == 3u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(task_may_be_kept_and_run_later_and_outlives_its_pool)
{
    std::optional<pool_task> kept;
    play->on_execute = [&](pool_task&& task) { kept = std::move(task); };
    scripted_manager pools(io, scripted_backend(play));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<int> first(io);
        outcome<int> second(io);
        lease.async_run([] { return 1; }, first.handler());
        lease.async_run([] { return 2; }, second.handler());
        co_await settle();
        BOOST_TEST(!first.done());
        (*kept)();  // one task runs whatever is queued
        BOOST_TEST(co_await first.get() == 1);
        BOOST_TEST(co_await second.get() == 2);
        (*kept)();  // spent

        outcome<> canceled(io);
        lease.async_run([] {}, canceled.handler());
        co_await pools.async_stop({.mode = stop_mode::cancel});
        BOOST_CHECK_EXCEPTION(
            co_await canceled.get(), boost::system::system_error, has_code(errc::not_running));
        BOOST_TEST(play->destroyed == 1);
        (*kept)();  // finds nothing to run
    });
}

BOOST_AUTO_TEST_CASE(destroyed_manager_destroys_its_pools_in_any_state)
{
    play->on_make = [](pool_site const&) { return true; };  // never ready
    {
        scripted_manager pools(io, scripted_backend(play));
        verdict started(io);
        pools.async_start(started.handler());
        io.poll();
        BOOST_TEST(play->pools.size() == 1u);
    }
    BOOST_TEST(play->destroyed == 1);
    BOOST_TEST(play->closes == 0);
}

BOOST_AUTO_TEST_CASE(pool_that_has_no_workers_is_granted_last)
{
    std::vector<std::uint64_t> granted;
    observer watch;
    watch.on_lease = [&](lease_event const& event) { granted.push_back(event.pool); };
    scripted_manager pools(
        io, scripted_backend(play), {.max_pools = 2, .min_pools = 2, .observer = watch});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        co_await lease.async_release();
        lease = co_await pools.async_acquire();
        co_await pools.async_stats();
        BOOST_TEST_REQUIRE(granted.size() == 2u);
        BOOST_TEST(granted[1] == granted[0]);  // the warmest

        // It takes effect in the call.
        play->pools.at(granted[0])->site().has_workers(false);
        lease.release();
        auto const first = co_await pools.async_acquire();
        auto const second = co_await pools.async_acquire();
        co_await pools.async_stats();
        BOOST_TEST_REQUIRE(granted.size() == 4u);
        BOOST_TEST(granted[2] != granted[0]);
        BOOST_TEST(granted[3] == granted[0]);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_SUITE_END()
