// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/io_threads.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

// The context is destroyed first, with every kind of operation outstanding: handlers are destroyed
// once, uncalled.

namespace leasepool::test {
namespace {

using asio::use_awaitable;

/// A handler that counts its calls; its copies die with the last one. Takes any result.
class handler {
public:
    template <class... Args>
    void operator()(Args&&...) const
    {
        ++*calls;
    }

    std::shared_ptr<int> calls = std::make_shared<int>(0);
};

/// Handlers, to be looked at when their context is gone.
class handlers {
public:
    handler make()
    {
        handler made;
        made_.push_back(made.calls);
        return made;
    }

    void check_destroyed_uncalled() const
    {
        BOOST_TEST(!made_.empty());
        for (auto const& calls : made_) {
            BOOST_TEST(*calls == 0);
            BOOST_TEST(calls.use_count() == 1);
        }
    }

private:
    std::vector<std::shared_ptr<int>> made_;
};

/// A context that nobody runs but the test, and a started manager of one pool.
struct idle_context {
    idle_context()
        : io(std::make_unique<asio::io_context>()),
          pools(std::make_unique<thread_manager>(
              *io, thread_backend({.workers_per_pool = 1}), manager_options{.max_pools = 1}))
    {
        run_until([&](auto done) {
            pools->async_start([done](error_code error) mutable { done(!error); });
        });
    }

    thread_lease acquire()
    {
        thread_lease held;
        run_until([&](auto done) {
            pools->async_acquire({}, [&held, done](error_code error, thread_lease got) mutable {
                held = std::move(got);
                done(!error);
            });
        });
        return held;
    }

    void poll()
    {
        io->poll();
        io->restart();
    }

    std::unique_ptr<asio::io_context> io;
    std::unique_ptr<thread_manager> pools;

private:
    template <class Begin>
    void run_until(Begin begin)
    {
        std::optional<bool> well;
        begin([&well](bool ok) { well = ok; });
        while (!well)
            io->run_one();
        BOOST_REQUIRE(*well);
    }
};

BOOST_AUTO_TEST_SUITE(lifetimes_context)

BOOST_FIXTURE_TEST_CASE(context_destroyed_with_acquires_waiting, idle_context)
{
    handlers all;
    auto const held = acquire();
    pools->async_acquire({}, all.make());
    pools->async_acquire({.timeout = 1h}, all.make());
    pools->async_run([] {}, all.make());
    poll();
    pools->async_acquire({}, all.make());
    io.reset();
    all.check_destroyed_uncalled();
    BOOST_TEST(held.ended() == errc::not_running);
}

BOOST_FIXTURE_TEST_CASE(context_destroyed_with_a_grant_on_its_way, idle_context)
{
    handlers all;
    pools->async_acquire({}, all.make());
    io->run_one();
    io.reset();
    all.check_destroyed_uncalled();
}

BOOST_AUTO_TEST_CASE(context_destroyed_with_a_start_begun)
{
    handlers all;
    auto io = std::make_unique<asio::io_context>();
    thread_manager pools(*io, thread_backend(), {.max_pools = 2, .min_pools = 2});
    pools.async_start(all.make());
    pools.async_acquire({}, all.make());
    io->run_one();
    pools.async_start(all.make());
    io.reset();
    all.check_destroyed_uncalled();
}

BOOST_FIXTURE_TEST_CASE(context_destroyed_with_stop_stats_and_release_pending, idle_context)
{
    handlers all;
    auto held = acquire();
    auto const tracked =
        asio::require(held.get_executor(), asio::execution::outstanding_work.tracked);
    held.async_release(all.make());
    pools->async_stop({.deadline = 1h}, all.make());
    poll();
    pools->async_stop({.deadline = 1h}, all.make());
    pools->async_stats(all.make());
    io.reset();
    all.check_destroyed_uncalled();
}

BOOST_FIXTURE_TEST_CASE(
    contexts_destructor_waits_for_a_function_and_drops_those_queued, idle_context)
{
    handlers all;
    auto held = acquire();
    gate busy;
    std::atomic<bool> returned{false};
    std::atomic<bool> queued_ran{false};
    // Runs until the context's destructor asks it to stop.
    held.async_run(
        [&](std::stop_token stop) {
            std::stop_callback const wake(stop, [&] { busy.open(); });
            busy.pass();
            returned = true;
        },
        all.make());
    held.async_run([&] { queued_ran = true; }, all.make());
    busy.await();
    io.reset();
    BOOST_TEST(returned);
    BOOST_TEST(!queued_ran);
    all.check_destroyed_uncalled();
}

BOOST_FIXTURE_TEST_CASE(
    running_function_may_use_its_callers_frame_while_the_context_goes, idle_context)
{
    auto held = acquire();
    gate busy;
    auto const witness = std::make_shared<int>(0);
    int seen = 0;
    auto const body = [&]() -> asio::awaitable<void> {
        auto const mine = witness;
        int local = 1;
        co_await held.async_run(
            [&](std::stop_token stop) {
                std::stop_callback const wake(stop, [&] { busy.open(); });
                busy.pass();
                ++local;
                seen = local + *mine;
            },
            use_awaitable);
    };
    asio::co_spawn(*io, body, asio::detached);
    poll();
    busy.await();
    io.reset();
    BOOST_TEST(seen == 2);
    BOOST_TEST(witness.use_count() == 1);
}

// A coroutine that owns all there is, suspended in each operation.

using owner_step = std::function<asio::awaitable<void>(thread_manager&, std::promise<void>&)>;

void destroy_context_of_an_owner(owner_step const& step)
{
    auto io = std::make_unique<asio::io_context>();
    auto const witness = std::make_shared<int>();
    std::promise<void> there;
    auto reached = there.get_future();
    auto const body = [&, context = io.get()]() -> asio::awaitable<void> {
        auto const mine = witness;
        thread_manager pools(*context, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
        co_await pools.async_start(use_awaitable);
        co_await step(pools, there);
        ++*mine;
    };
    asio::co_spawn(*io, body, asio::detached);
    while (reached.wait_for(0s) != std::future_status::ready)
        io->run_one_for(1ms);
    io->poll();
    io.reset();
    BOOST_TEST(*witness == 0);
    BOOST_TEST(witness.use_count() == 1);
}

BOOST_AUTO_TEST_CASE(owning_coroutine_waits_for_an_acquire)
{
    destroy_context_of_an_owner([](auto& pools, auto& there) -> asio::awaitable<void> {
        auto const held = co_await pools.async_acquire({}, use_awaitable);
        there.set_value();
        auto const never = co_await pools.async_acquire({}, use_awaitable);
    });
}

BOOST_AUTO_TEST_CASE(owning_coroutine_waits_for_a_function)
{
    destroy_context_of_an_owner([](auto& pools, auto& there) -> asio::awaitable<void> {
        auto held = co_await pools.async_acquire({}, use_awaitable);
        gate busy;
        co_await held.async_run(
            [&](std::stop_token stop) {
                std::stop_callback const wake(stop, [&] { busy.open(); });
                there.set_value();
                busy.pass();
            },
            use_awaitable);
    });
}

BOOST_AUTO_TEST_CASE(owning_coroutine_waits_for_a_function_that_is_queued)
{
    // Outlives the coroutine, and is opened by the end of it.
    gate busy;
    destroy_context_of_an_owner([&](auto& pools, auto& there) -> asio::awaitable<void> {
        auto held = co_await pools.async_acquire({}, use_awaitable);
        held.async_run(
            [&](std::stop_token stop) {
                std::stop_callback const wake(stop, [&] { busy.open(); });
                busy.pass();
            },
            asio::detached);
        there.set_value();
        co_await held.async_run([] {}, use_awaitable);
    });
}

BOOST_AUTO_TEST_CASE(owning_coroutine_waits_for_a_release_and_for_a_stop)
{
    destroy_context_of_an_owner([](auto& pools, auto& there) -> asio::awaitable<void> {
        auto held = co_await pools.async_acquire({}, use_awaitable);
        auto const tracked =
            asio::require(held.get_executor(), asio::execution::outstanding_work.tracked);
        there.set_value();
        co_await held.async_release(use_awaitable);
    });
    destroy_context_of_an_owner([](auto& pools, auto& there) -> asio::awaitable<void> {
        auto const held = co_await pools.async_acquire({}, use_awaitable);
        there.set_value();
        co_await pools.async_stop({.deadline = 1h}, use_awaitable);
    });
}

BOOST_AUTO_TEST_CASE(owning_coroutine_waits_for_the_managers_own_run)
{
    destroy_context_of_an_owner([](auto& pools, auto& there) -> asio::awaitable<void> {
        auto const held = co_await pools.async_acquire({}, use_awaitable);
        there.set_value();
        co_await pools.async_run([] {}, use_awaitable);
    });
}

BOOST_AUTO_TEST_CASE(owning_coroutine_waits_for_one_on_its_lease)
{
    destroy_context_of_an_owner([](auto& pools, auto& there) -> asio::awaitable<void> {
        auto const held = co_await pools.async_acquire({}, use_awaitable);
        auto const inner = [&]() -> asio::awaitable<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
            there.set_value();
            co_await timer.async_wait(use_awaitable);
        };
        co_await asio::co_spawn(held, inner, use_awaitable);
    });
}

BOOST_FIXTURE_TEST_CASE(context_destroyed_with_handlers_that_own_the_manager, idle_context)
{
    auto held = acquire();
    gate busy;
    held.async_run(
        [&](std::stop_token stop) {
            std::stop_callback const wake(stop, [&] { busy.open(); });
            busy.pass();
        },
        asio::detached);
    auto owner = std::shared_ptr<thread_manager>(std::move(pools));
    std::weak_ptr<thread_manager> const watch = owner;
    auto const owning = [](std::shared_ptr<thread_manager> mine) {
        return [mine](auto&&...) { mine->notify_scale_changed(); };
    };
    owner->async_acquire({}, owning(owner));
    owner->async_run([] {}, owning(owner));
    held.async_run([] {}, owning(owner));
    held.async_release(owning(owner));
    owner->async_stop({.deadline = 1h}, owning(owner));
    busy.await();
    owner.reset();
    io.reset();
    BOOST_TEST(watch.expired());
}

BOOST_FIXTURE_TEST_CASE(manager_destroyed_by_a_stop_callback_of_the_contexts_end, idle_context)
{
    auto held = acquire();
    gate busy;
    held.async_run(
        [&](std::stop_token stop) {
            std::stop_callback const end(stop, [&] {
                pools.reset();
                busy.open();
            });
            busy.pass();
        },
        asio::detached);
    busy.await();
    io.reset();
    BOOST_TEST(!pools);
}

BOOST_FIXTURE_TEST_CASE(
    manager_destroyed_by_a_function_that_the_contexts_end_waits_for, idle_context)
{
    auto held = acquire();
    gate busy;
    held.async_run(
        [&](std::stop_token stop) {
            std::stop_callback const wake(stop, [&] { busy.open(); });
            busy.pass();
            pools.reset();
        },
        asio::detached);
    busy.await();
    io.reset();
    BOOST_TEST(!pools);
}

/// Calls a function when its context begins to end. Services end in the reverse order of their
/// making.
class end_listener final : public asio::execution_context::service {
public:
    using key_type = end_listener;
    static inline asio::execution_context::id id;

    explicit end_listener(asio::execution_context& context)
        : asio::execution_context::service(context)
    {
    }

    std::function<void()> notify;

private:
    void shutdown() override { notify(); }
};

BOOST_FIXTURE_TEST_CASE(manager_and_context_that_end_at_once_both_wait_for_functions, idle_context)
{
    auto held = acquire();
    gate busy;
    std::promise<void> manager_ends;
    std::promise<void> context_ends;
    std::atomic<bool> returned{false};
    held.async_run(
        [&](std::stop_token stop) {
            std::stop_callback const asked(stop, [&] { manager_ends.set_value(); });
            busy.pass();
            returned = true;
        },
        asio::detached);
    busy.await();
    asio::use_service<end_listener>(*io).notify = [&] { context_ends.set_value(); };

    bool owner_waited = false;
    std::thread owner([&] {
        pools.reset();
        owner_waited = returned.load();
    });
    get(manager_ends);
    std::thread later([&] {
        get(context_ends);
        for (int n = 0; n != 1'000; ++n)
            std::this_thread::yield();  // so that a destructor that does not wait is seen
        busy.open();
    });
    io.reset();
    BOOST_TEST(returned.load());
    owner.join();
    later.join();
    BOOST_TEST(owner_waited);
}

BOOST_FIXTURE_TEST_CASE(lease_and_manager_are_inert_after_the_context, idle_context)
{
    auto held = acquire();
    auto const ex = held.get_executor();
    io.reset();
    BOOST_TEST(held.valid());
    BOOST_TEST(held.ended() == errc::not_running);
    BOOST_TEST(!held.renew(1s));
    BOOST_CHECK_THROW(asio::post(held, [] {}), boost::system::system_error);
    BOOST_CHECK_THROW(held.async_run([] {}, asio::detached), boost::system::system_error);
    BOOST_CHECK_THROW(pools->async_acquire({}, asio::detached), boost::system::system_error);
    BOOST_CHECK_THROW(pools->async_stop({}, asio::detached), boost::system::system_error);
    pools->notify_scale_changed();
    auto const witness = std::make_shared<int>();
    ex.execute([witness] {});
    BOOST_TEST(witness.use_count() == 1);
    held.release();
    held.release();
    pools.reset();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace leasepool::test
