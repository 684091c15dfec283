// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What becomes of a function that is given to a lease, or to the manager.

#include "integration/support/events.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

struct fixture {
    asio::io_context io;
    thread_manager pools{io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1}};
};

int add(int a, int b)
{
    return a + b;
}

/// Returns when it is asked to.
void wait_for_stop(std::stop_token stop, gate& begun)
{
    std::mutex mutex;
    std::condition_variable_any changed;
    begun.open();
    std::unique_lock lock(mutex);
    changed.wait(lock, stop, [] { return false; });
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(running, fixture)

BOOST_AUTO_TEST_CASE(function_runs_with_its_arguments_on_another_thread_and_gives_its_result)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        int const three = 3;
        BOOST_TEST(co_await lease.async_run([&] { return add(three, 4); }) == 7);
        BOOST_TEST(co_await lease.async_run(std::bind(&add, 5, 6)) == 11);
        std::thread::id there;
        co_await lease.async_run([&] { there = std::this_thread::get_id(); });
        BOOST_TEST((there != std::this_thread::get_id()));
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(result_may_be_move_only_and_is_decayed)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto const owned = co_await lease.async_run([] { return std::make_unique<int>(5); });
        BOOST_TEST(*owned == 5);
        std::string const text = "text";
        auto copy = co_await lease.async_run([&]() -> std::string const& { return text; });
        static_assert(std::is_same_v<decltype(copy), std::string>);
        BOOST_TEST(copy == text);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(exception_of_a_function_arrives_as_it_was_thrown_and_does_not_hurt_the_pool)
{
    struct odd {
        int value;
    };
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        BOOST_CHECK_EXCEPTION(
            co_await lease.async_run([]() -> int { throw std::domain_error("no such device"); }),
            std::domain_error,
            [](auto const& e) { return std::string(e.what()) == "no such device"; });
        BOOST_CHECK_EXCEPTION(co_await lease.async_run([] { throw odd{3}; }), odd,
            [](odd const& e) { return e.value == 3; });
        BOOST_TEST(!lease.ended());
        BOOST_TEST(co_await lease.async_run([] { return 1; }) == 1);
        lease.release();
        auto const next = co_await pools.async_acquire();
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.pools_created == 1u);
        BOOST_TEST(now.pools_failed == 0u);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(functions_of_a_lease_run_on_all_workers_and_begin_in_order)
{
    gate meeting;
    thread_manager wide(io, thread_backend({.workers_per_pool = 3}), {.max_pools = 1});
    std::mutex mutex;
    std::vector<int> order;
    run(io, [&]() -> asio::awaitable<void> {
        co_await wide.async_start();
        auto lease = co_await wide.async_acquire();
        happening done(io);
        for (int i = 0; i != 3; ++i)
            lease.async_run([&] { meeting.pass(); }, done.handler());
        meeting.await(3);
        meeting.open();
        co_await done.await(3);
        co_await wide.async_stop({.mode = stop_mode::cancel});

        co_await pools.async_start();
        auto narrow = co_await pools.async_acquire();
        for (int i = 0; i != 50; ++i)
            narrow.async_run(
                [&, i] {
                    std::lock_guard lock(mutex);
                    order.push_back(i);
                },
                done.handler());
        co_await done.await(53);
        BOOST_TEST(order.size() == 50u);
        BOOST_TEST(std::is_sorted(order.begin(), order.end()));
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(function_canceled_before_it_began_never_runs)
{
    gate work;
    std::atomic<bool> ran{false};
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        outcome<> first(io);
        lease.async_run([&] { work.pass(); }, first.handler());
        work.await();
        for (auto const type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                 asio::cancellation_type::total}) {
            asio::cancellation_signal cancel;
            outcome<> queued(io);
            lease.async_run(
                [&] { ran = true; }, asio::bind_cancellation_slot(cancel.slot(), queued.handler()));
            cancel.emit(type);
            BOOST_CHECK_EXCEPTION(co_await queued.get(), boost::system::system_error,
                has_code(asio::error::operation_aborted));
        }
        BOOST_TEST(!first.done());
        work.open();
        co_await first.get();
        BOOST_TEST(!ran);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(running_function_is_asked_to_stop_and_gives_its_result)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        for (auto const type :
            {asio::cancellation_type::terminal, asio::cancellation_type::partial}) {
            gate begun;
            asio::cancellation_signal cancel;
            outcome<int> result(io);
            lease.async_run(
                [&](std::stop_token stop) {
                    wait_for_stop(stop, begun);
                    return 7;
                },
                asio::bind_cancellation_slot(cancel.slot(), result.handler()));
            begun.pass();
            cancel.emit(type);
            BOOST_TEST(co_await result.get() == 7);
        }
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(total_cancellation_never_interrupts_what_runs)
{
    gate work;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        asio::cancellation_signal cancel;
        outcome<int> result(io);
        lease.async_run(
            [&](std::stop_token stop) {
                work.pass();
                return stop.stop_requested() ? 1 : 2;
            },
            asio::bind_cancellation_slot(cancel.slot(), result.handler()));
        work.await();
        cancel.emit(asio::cancellation_type::total);
        work.open();
        BOOST_TEST(co_await result.get() == 2);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(function_is_destroyed_on_the_thread_that_ran_it_before_the_handler_runs)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        std::thread::id ran_on;
        std::thread::id died_on;
        auto died = [&](int* p) {
            delete p;
            died_on = std::this_thread::get_id();
        };
        std::unique_ptr<int, decltype(died)> owned(new int(1), died);
        auto function = [&ran_on, owned = std::move(owned)] {
            ran_on = std::this_thread::get_id();
        };
        lease.async_run(std::move(function), asio::detached);
        co_await lease.async_release();
        BOOST_TEST((ran_on == died_on));
        BOOST_TEST((ran_on != std::thread::id()));
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(run_on_the_manager_acquires_runs_and_gives_back)
{
    run(io, [&]() -> asio::awaitable<void> {
        BOOST_CHECK_EXCEPTION(co_await pools.async_run([] { return 1; }),
            boost::system::system_error, has_code(errc::not_running));
        co_await pools.async_start();
        BOOST_TEST(co_await pools.async_run([] { return 1; }) == 1);
        BOOST_CHECK_THROW(
            co_await pools.async_run([] { throw std::domain_error("x"); }), std::domain_error);
        auto now = co_await pools.async_stats();
        BOOST_TEST(now.acquired == 2u);
        BOOST_TEST(now.released == 2u);
        BOOST_TEST(now.available == 1u);

        auto held = co_await pools.async_acquire();
        BOOST_CHECK_EXCEPTION(co_await pools.async_run({.wait = false}, [] { return 1; }),
            boost::system::system_error, has_code(errc::unavailable));
        BOOST_CHECK_EXCEPTION(co_await pools.async_run({.timeout = 1ms}, [] { return 1; }),
            boost::system::system_error, has_code(errc::acquire_timeout));
        held.release();
        BOOST_TEST(co_await pools.async_run({.owner = "x"}, [] { return 3; }) == 3);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(run_on_the_manager_is_canceled_while_it_waits_for_its_lease)
{
    std::atomic<bool> ran{false};
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto held = co_await pools.async_acquire();
        asio::cancellation_signal cancel;
        outcome<> waiting(io);
        pools.async_run(
            [&] { ran = true; }, asio::bind_cancellation_slot(cancel.slot(), waiting.handler()));
        co_await pools.async_stats();
        BOOST_TEST(pools.waiters() == 1u);
        cancel.emit(asio::cancellation_type::total);
        BOOST_CHECK_EXCEPTION(co_await waiting.get(), boost::system::system_error,
            has_code(asio::error::operation_aborted));
        BOOST_TEST(pools.waiters() == 0u);
        BOOST_TEST(!ran);
        held.release();
        co_await pools.async_stop();
        BOOST_TEST(!ran);
    });
}

BOOST_AUTO_TEST_CASE(coroutine_runs_on_the_threads_of_a_lease)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        auto session = [&]() -> asio::awaitable<std::thread::id> {
            co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            co_return std::this_thread::get_id();
        };
        auto const there = co_await asio::co_spawn(lease, session(), asio::use_awaitable);
        std::thread::id worker;
        co_await lease.async_run([&] { worker = std::this_thread::get_id(); });
        BOOST_TEST((there == worker));
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_SUITE_END()
