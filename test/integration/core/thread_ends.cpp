// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// How the threads of a pool end: the destructors of their `thread_local` objects may take any time, or
// use the library.

#include "integration/support/events.hpp"
#include "integration/support/io_threads.hpp"

#include "core/support/os.hpp"

#include <boost/asio/use_future.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// Calls a function when its thread ends.
struct farewell {
    ~farewell()
    {
        if (call)
            call();
    }
    std::function<void()> call;
};

thread_local farewell at_exit;

/// Holds up the end of a thread that says goodbye with it.
struct departure {
    explicit departure(asio::io_context& io) : begun(io), io_(io) {}

    std::function<void()> hold()
    {
        return [this] {
            asio::post(io_, std::ref(begun));
            released = release.get_future().wait_for(std::chrono::seconds{20}) ==
                std::future_status::ready;
            over = true;
        };
    }

    happening begun;  // on the io thread
    std::promise<void> release;
    bool released = false;  // by the test, and not because it took too long
    std::atomic<bool> over = false;

private:
    asio::io_context& io_;
};

struct fixture {
    asio::io_context io;
};

constexpr auto cancel_now = stop_options{.mode = stop_mode::cancel};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(ends_of_threads, fixture)

BOOST_AUTO_TEST_CASE(stop_leaves_the_io_thread_free_until_the_threads_are_gone)
{
    thread_manager pools(io, thread_backend({.workers_per_pool = 2}), {.max_pools = 1});
    departure leaving(io);
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto prepare = [&] { at_exit.call = leaving.hold(); };
        co_await lease.async_run(prepare);
        lease.release();
        happening stopped(io);
        pools.async_stop({}, stopped.handler());
        co_await leaving.begun.await();
        auto const before = co_await pools.async_stats();
        BOOST_TEST(before.pools_closed == 0u);
        BOOST_TEST(stopped.count() == 0);
        leaving.release.set_value();
        co_await stopped.await();
        BOOST_TEST(leaving.over);
        BOOST_TEST(leaving.released);
        auto const after = co_await pools.async_stats();
        BOOST_TEST(after.pools_closed == 1u);
    });
}

BOOST_AUTO_TEST_CASE(surplus_pool_leaves_the_io_thread_free_until_its_threads_are_gone)
{
    departure leaving(io);
    happening closed(io);
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}),
        {.max_pools = 2,
            .min_pools = 1,
            .idle_ttl = 1ms,
            .observer = {.on_pool_closed = std::ref(closed)}});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto first = co_await pools.async_acquire();
        auto second = co_await pools.async_acquire();
        auto prepare = [&] { at_exit.call = leaving.hold(); };
        co_await first.async_run(prepare);
        first.release();  // idle for longest
        second.release();
        co_await leaving.begun.await();
        auto again = co_await pools.async_acquire();  // the manager works on
        BOOST_TEST(closed.count() == 0);
        leaving.release.set_value();
        co_await closed.await();
        BOOST_TEST(leaving.released);
        again.release();
        co_await pools.async_stop(cancel_now);
    });
}

BOOST_AUTO_TEST_CASE(expired_pool_leaves_the_io_thread_free_until_its_threads_are_gone)
{
    departure leaving(io);
    happening closed(io);
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}),
        {.max_pools = 1, .grace = 0ms, .observer = {.on_pool_closed = std::ref(closed)}});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto prepare = [&] { at_exit.call = leaving.hold(); };
        co_await lease.async_run(prepare);
        lease.renew(1ms);
        co_await leaving.begun.await();
        auto next = co_await pools.async_acquire();
        BOOST_TEST(closed.count() == 0);
        leaving.release.set_value();
        co_await closed.await();
        BOOST_TEST(leaving.released);
        next.release();
        co_await pools.async_stop(cancel_now);
    });
}

BOOST_AUTO_TEST_CASE(thread_that_does_not_end_holds_up_no_other_pool)
{
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
    departure leaving(io);
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto prepare = [&] { at_exit.call = leaving.hold(); };
        co_await lease.async_run(prepare);
        lease.release();
        happening stopped(io);
        pools.async_stop({}, stopped.handler());
        co_await leaving.begun.await();
        {
            thread_manager others(io, thread_backend({.workers_per_pool = 2}), {.max_pools = 1});
            co_await others.async_start();
            co_await others.async_stop();
            co_await others.async_start();
        }
        BOOST_TEST(stopped.count() == 0);
        leaving.release.set_value();
        co_await stopped.await();
        BOOST_TEST(leaving.released);
    });
}

BOOST_AUTO_TEST_CASE(destroyed_manager_waits_for_the_destructors_of_thread_locals)
{
    std::atomic<bool> over = false;
    {
        one_lease one;
        auto prepare = [&] {
            at_exit.call = [&] {
                // Whoever does not wait is through before this is.
                for (int i = 0; i != 10'000; ++i)
                    std::this_thread::yield();
                over = true;
            };
        };
        get(one.lease.async_run(prepare, asio::use_future));
    }
    BOOST_TEST(over);
}

BOOST_AUTO_TEST_CASE(destructor_of_a_thread_local_may_destroy_the_manager)
{
    auto pools = std::make_unique<thread_manager>(
        io, thread_backend({.workers_per_pool = 2}), manager_options{.max_pools = 1});
    happening stopped(io);
    std::promise<void> destroyed;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools->async_start();
        auto lease = co_await pools->async_acquire();
        auto prepare = [&] {
            at_exit.call = [&] {
                pools.reset();
                destroyed.set_value();
            };
        };
        co_await lease.async_run(prepare);
        lease.release();
        pools->async_stop({}, stopped.handler());
        co_await stopped.await();
    });
    get(destroyed);
}

BOOST_AUTO_TEST_CASE(start_that_fails_leaves_the_io_thread_free)
{
    departure leaving(io);
    std::atomic<int> threads = 0;
    auto hook = [&](worker_id id) {
        ++threads;
        if (id.worker == 0)
            at_exit.call = leaving.hold();
        else
            throw std::runtime_error("no");
    };
    thread_manager pools(io, thread_backend({.workers_per_pool = 2, .on_thread_start = hook}),
        {.max_pools = 1, .make_attempts = 1});
    run(io, [&]() -> asio::awaitable<void> {
        happening started(io);
        error_code failed;
        pools.async_start([&](error_code e) {
            failed = e;
            started();
        });
        co_await leaving.begun.await();
        leaving.release.set_value();
        co_await started.await();
        BOOST_TEST(failed == errc::worker_start_failed);
        BOOST_TEST(leaving.released);
        BOOST_TEST(threads == 2);
    });
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(thread_exit)

namespace {

std::string order;

struct listener final : leasepool::detail::thread_exit_listener {
    void thread_exited() noexcept override { order += "listener "; }
};

struct leaves_a_note {
    bool here = false;
    ~leaves_a_note()
    {
        if (here)
            order += "thread_local ";
    }
};
thread_local leaves_a_note note;

}  // namespace

BOOST_AUTO_TEST_CASE(listener_comes_after_thread_locals_and_keys_made_before_and_after)
{
    order.clear();
    std::array<pthread_key_t, 2> keys{};
    auto const destructor = [](void*) { order += "key "; };
    listener listening;
    pthread_key_create(&keys[0], destructor);
    std::thread([&] {
        leasepool::detail::call_at_thread_exit(listening);
        pthread_key_create(&keys[1], destructor);
        for (auto const key : keys)
            pthread_setspecific(key, &keys);
        note.here = true;
    }).join();
    for (auto const key : keys)
        pthread_key_delete(key);
    BOOST_TEST(order == "thread_local key key listener ");
}

BOOST_AUTO_TEST_SUITE_END()
