// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Everything at once: coroutines on several threads that do all operations at random while leases
// expire and the manager is stopped and started. In the end all of it must add up.

#include "stress/client.hpp"

#include "integration/support/support.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace leasepool::test {
namespace {

constexpr int clients = 200;
constexpr int threads = 4;

std::uint64_t setting(char const* name, std::uint64_t otherwise)
{
    auto const* const value = std::getenv(name);
    return value ? std::stoull(value) : otherwise;
}

/// What observer and log see, and whether they are called as promised.
struct audience {
    explicit audience(tally& t) : on(t) {}

    void enter()
    {
        if (inside.exchange(true))
            on.complain("two callbacks at once");
        if (in_a_call)
            on.complain("a callback inside a call of the user's");
    }
    void leave() { inside.store(false); }

    template <class... Args>
    auto counting(count& n)
    {
        return [this, &n](Args const&...) {
            enter();
            ++n;
            leave();
        };
    }

    void watch(manager_options& options)
    {
        options.observer.on_lease = counting<lease_event>(leased);
        options.observer.on_release = counting<lease_event>(released);
        options.observer.on_revoke = counting<lease_event>(revoked);
        options.observer.on_overdue = counting<lease_event>(overdue);
        options.observer.on_pool_created = counting<std::uint64_t>(created);
        options.observer.on_pool_closed = counting<std::uint64_t>(closed);
        options.log = counting<log_record>(records);
    }

    tally& on;
    std::atomic<bool> inside{false};
    count leased{0}, released{0}, revoked{0}, overdue{0}, created{0}, closed{0}, records{0};
};

struct threads_seen {
    count started{0}, ended{0};

    thread_backend backend()
    {
        return thread_backend({.workers_per_pool = 2,
            .on_thread_start = [this](worker_id) { ++started; },
            .on_thread_stop = [this](worker_id) { ++ended; }});
    }
};

manager_options crowded()
{
    return {.max_pools = 12, .max_retired = 6, .grace = 500us, .max_waiters = clients - 50};
}

/// Stops the manager now and then, and starts it again.
asio::awaitable<void> disturb(world& w)
{
    std::minstd_rand random(w.seed);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!w.over()) {
        timer.expires_after(std::chrono::milliseconds(20 + random() % 100));
        co_await timer.async_wait(asio::use_awaitable);
        stop_options const how{.mode = random() % 2 ? stop_mode::drain : stop_mode::cancel,
            .deadline = std::chrono::milliseconds(random() % 5)};
        operation stopping(w.on, kind::stop);
        co_await w.pools.async_stop(how);
        stopping.done();
        operation starting(w.on, kind::start);
        co_await w.pools.async_start();
        starting.done();
    }
}

asio::awaitable<void> conduct(world& w, stats& result)
{
    auto const ex = co_await asio::this_coro::executor;
    co_await w.pools.async_start();

    int left = 0;
    asio::steady_timer all_done(ex, asio::steady_timer::time_point::max());
    auto const begin = [&](asio::awaitable<void> what, asio::any_io_executor const& on) {
        ++left;
        asio::co_spawn(on, std::move(what), asio::bind_executor(ex, [&](std::exception_ptr e) {
            if (e)
                w.on.complain("a coroutine ended with an exception: " + what_of(e));
            if (--left == 0)
                all_done.cancel();
        }));
    };
    for (int n = 0; n != clients; ++n)
        begin(client(w, static_cast<std::uint64_t>(n)), asio::make_strand(w.pools.get_executor()));
    begin(disturb(w), asio::make_strand(w.pools.get_executor()));
    while (left != 0)
        co_await all_done.async_wait(asio::as_tuple(asio::use_awaitable));

    w.shelf.clear();
    co_await w.pools.async_stop();
    result = co_await w.pools.async_stats();
}

void check(tally& on, stats const& s)
{
    BOOST_TEST_MESSAGE("operations: " << on.operations);
    for (std::size_t k = 0; k != on.accounts.size(); ++k) {
        auto const& a = on.accounts[k];
        auto const name = kind_names[k];
        BOOST_TEST_MESSAGE("  " << name << ": " << a.begun);
        BOOST_TEST(a.begun > 0u, name);
        BOOST_TEST(a.completed + a.destroyed == a.begun, name);
        // Only what a lease's executor was given may be destroyed un-run.
        if (k < static_cast<std::size_t>(kind::post) ||
            k > static_cast<std::size_t>(kind::drop_on_pool_thread))
            BOOST_TEST(a.destroyed == 0u, name);
    }
    BOOST_TEST(on.complaints() == 0u, on.first_complaint());

    BOOST_TEST(!s.started);
    BOOST_TEST(
        s.total + s.starting + s.available + s.leased + s.draining + s.retired + s.waiters == 0u);
    BOOST_TEST(s.leases.empty());
    BOOST_TEST(s.pools_failed == 0u);
    BOOST_TEST(s.pools_created == s.pools_closed);
    BOOST_TEST(s.callback_errors == 0u);

    BOOST_TEST(s.acquired == s.released + s.revoked);
    BOOST_TEST(s.acquired >= on.granted);
    BOOST_TEST(s.wait_time.count() == s.acquired);
    BOOST_TEST(s.hold_time.count() == s.released);
    auto const acquires = on.begun_of(
        {kind::acquire, kind::canceled_acquire, kind::manager_run, kind::canceled_manager_run});
    BOOST_TEST(
        acquires == s.acquired + s.acquire_timeouts + s.acquire_cancels + s.acquire_failures);

    BOOST_TEST(on.begun == on.returned);
    BOOST_TEST(s.runs == on.begun);
    BOOST_TEST(s.runs_failed == on.threw);
    BOOST_TEST(s.queue_time.count() == s.runs);
    BOOST_TEST(s.run_time.count() == s.runs);

    // It was a stress test.
    BOOST_TEST(s.revoked > 0u);
    BOOST_TEST(s.overdue > 0u);
    BOOST_TEST(s.acquire_timeouts > 0u);
    BOOST_TEST(s.acquire_cancels > 0u);
    BOOST_TEST(s.runs_canceled > 0u);
}

/// `run` runs the context until it is out of work.
template <class Run>
stats stress(tally& on, asio::any_io_executor const& ex, manager_options options,
    std::uint64_t operations, Run run)
{
    auto const seed = setting("LEASEPOOL_STRESS_SEED", 20'260'101);
    operations = setting("LEASEPOOL_STRESS_OPERATIONS", 200'000) * operations / 200'000;
    BOOST_TEST_MESSAGE("LEASEPOOL_STRESS_SEED=" << seed);
    threads_seen seen;
    stats result;
    {
        thread_manager pools(ex, seen.backend(), std::move(options));
        world w(pools, on, seed, operations);
        asio::co_spawn(asio::make_strand(ex), conduct(w, result), [&](std::exception_ptr e) {
            if (e)
                on.complain("the conductor ended with an exception: " + what_of(e));
        });
        run();
    }
    check(on, result);
    BOOST_TEST(on.operations >= operations);
    BOOST_TEST(seen.started > 0u);
    BOOST_TEST(seen.started == seen.ended);
    BOOST_TEST(result.pools_created * 2 == seen.started);
    return result;
}

void run_on_threads(asio::io_context& io)
{
    std::vector<std::jthread> running;
    for (int n = 0; n != threads; ++n)
        running.emplace_back([&] { io.run(); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(everything_at_once)

BOOST_AUTO_TEST_CASE(adds_up_on_an_io_context)
{
    tally on;
    asio::io_context io(threads);
    stress(on, io.get_executor(), crowded(), 200'000, [&] { run_on_threads(io); });
}

BOOST_AUTO_TEST_CASE(adds_up_with_log_observer_and_changing_size)
{
    tally on;
    audience public_eye(on);
    auto options = crowded();
    public_eye.watch(options);
    options.units_per_pool = 1;
    std::minstd_rand random(1);
    options.size_provider = [&] {
        public_eye.enter();
        auto const units = static_cast<long long>(random() % 14);
        public_eye.leave();
        return units;
    };
    asio::io_context io(threads);
    auto const s =
        stress(on, io.get_executor(), std::move(options), 100'000, [&] { run_on_threads(io); });
    BOOST_TEST(public_eye.leased == s.acquired);
    BOOST_TEST(public_eye.released == s.released);
    BOOST_TEST(public_eye.revoked == s.revoked);
    BOOST_TEST(public_eye.overdue == s.overdue);
    BOOST_TEST(public_eye.created == s.pools_created);
    BOOST_TEST(public_eye.closed == s.pools_closed);
    BOOST_TEST(public_eye.records > 0u);
}

BOOST_AUTO_TEST_CASE(adds_up_on_a_thread_pool)
{
    tally on;
    asio::thread_pool pool(threads);
    stress(on, pool.get_executor(), crowded(), 100'000, [&] { pool.join(); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
