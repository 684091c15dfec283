// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A submission under each completion token, and where its handler runs.

#include "integration/support/grinder_support.hpp"
#include "integration/support/io_threads.hpp"
#include "integration/support/tracker_executor.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/promise.hpp>
#include <boost/asio/experimental/use_promise.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

constexpr auto six = [] { return 6; };
constexpr auto fails = [] { throw std::domain_error("no"); };

grinder_options const one_at_a_time{.batch_size = 1};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_tokens)

BOOST_AUTO_TEST_CASE(submit_is_awaited)
{
    mill m(one_at_a_time);
    m.run([&]() -> asio::awaitable<void> {
        BOOST_TEST(co_await m.grinder.async_submit(six) == 6);
        BOOST_TEST(co_await m.grinder.async_submit(six, asio::use_awaitable) == 6);
        BOOST_TEST(co_await m.grinder.async_submit({.owner = "six"}, six) == 6);
        co_await m.grinder.async_submit([] {});
        BOOST_CHECK_THROW(co_await m.grinder.async_submit(fails), std::domain_error);
        auto const [error, value] = co_await m.grinder.async_submit(six, as_tuple);
        BOOST_TEST(!error);
        BOOST_TEST(value == 6);
    });
}

BOOST_AUTO_TEST_CASE(submit_with_a_callback_begins_at_once_and_never_completes_inside_the_call)
{
    mill m(one_at_a_time);
    m.run([&]() -> asio::awaitable<void> {
        bool returned = false;
        happening done(m.io);
        m.grinder.async_submit(six, [&](std::exception_ptr e, int value) {
            BOOST_TEST(returned);
            BOOST_TEST(!e);
            BOOST_TEST(value == 6);
            done();
        });
        returned = true;
        co_await done.await();
        // Nor when it is refused.
        co_await m.grinder.async_stop();
        returned = false;
        m.grinder.async_submit(six, [&](std::exception_ptr e, int value) {
            BOOST_TEST(returned);
            BOOST_CHECK_EXCEPTION(std::rethrow_exception(e), boost::system::system_error,
                has_code(errc::not_running));
            BOOST_TEST(value == 0);
            done();
        });
        returned = true;
        co_await done.await(2);
    });
}

BOOST_AUTO_TEST_CASE(plain_thread_submits_with_a_future)
{
    io_threads io(2);
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 2}));
    thread_grinder grinder(pools, {.batch_size = 3, .max_wait = 1h});
    get(pools.async_start(asio::use_future));
    get(grinder.async_start(asio::use_future));
    // Enqueued now, awaited later.
    auto a = grinder.async_submit(six, asio::use_future);
    auto b = grinder.async_submit(fails, asio::use_future);
    BOOST_TEST((a.wait_for(0s) == std::future_status::timeout));
    auto c = grinder.async_submit([] { return std::this_thread::get_id(); }, asio::use_future);
    BOOST_TEST(get(std::move(a)) == 6);
    BOOST_CHECK_THROW(get(std::move(b)), std::domain_error);
    BOOST_TEST((get(std::move(c)) != std::this_thread::get_id()));
    get(grinder.async_stop({}, asio::use_future));
    get(pools.async_stop({}, asio::use_future));
}

BOOST_AUTO_TEST_CASE(deferred_submit_begins_when_it_is_launched_and_may_be_launched_again)
{
    mill m(one_at_a_time);
    m.run([&]() -> asio::awaitable<void> {
        std::atomic<int> runs = 0;
        auto const item = [&runs] { return ++runs; };
        auto const later =
            m.grinder.async_submit({.owner = std::string("later")}, item, asio::deferred);
        BOOST_TEST((co_await m.grinder.async_stats()).submitted == 0u);
        outcome<int> a(m.io), b(m.io);
        later(a.handler());
        BOOST_TEST(co_await a.get() == 1);
        later(b.handler());
        BOOST_TEST(co_await b.get() == 2);
    });
}

BOOST_AUTO_TEST_CASE(promise_is_eager_and_detached_runs_too)
{
    mill m(one_at_a_time);
    m.run([&]() -> asio::awaitable<void> {
        auto promise = m.grinder.async_submit(six, asio::experimental::use_promise);
        happening ran(m.io);
        m.grinder.async_submit([&] { asio::post(m.io, std::ref(ran)); }, asio::detached);
        co_await ran.await();
        BOOST_TEST(co_await std::move(promise)(asio::use_awaitable) == 6);
    });
}

BOOST_AUTO_TEST_CASE(parallel_submits_complete_each_by_itself)
{
    using namespace asio::experimental::awaitable_operators;
    mill m({.batch_size = 2, .max_wait = 1h});
    m.run([&]() -> asio::awaitable<void> {
        auto const [a, b] = co_await (m.grinder.async_submit(six, asio::use_awaitable) &&
            m.grinder.async_submit([] { return 7; }, asio::use_awaitable));
        BOOST_TEST(a == 6);
        BOOST_TEST(b == 7);
    });
}

// Executors ----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(handler_runs_on_its_associated_executor)
{
    mill m({.batch_size = 4, .max_wait = 1h});
    asio::thread_pool other(1);
    tracker_executor::record record;
    m.run([&]() -> asio::awaitable<void> {
        std::atomic<int> done = 0, right = 0;
        happening end(m.io);
        auto const count = [&](bool is_right) {
            right += is_right;
            if (++done == 4)
                asio::post(m.io, std::ref(end));
        };
        auto const strand = asio::make_strand(m.io);
        m.grinder.async_submit(six, asio::bind_executor(strand, [&](std::exception_ptr, int) {
            count(strand.running_in_this_thread());
        }));
        m.grinder.async_submit(six, asio::bind_executor(other, [&](std::exception_ptr, int) {
            count(other.get_executor().running_in_this_thread());
        }));
        m.grinder.async_submit(six,
            asio::bind_executor(tracker_executor(m.io, record),
                [&](std::exception_ptr, int) { count(tracker_executor::inside() == &record); }));
        m.grinder.async_submit(six,
            [&](std::exception_ptr, int) { count(m.io.get_executor().running_in_this_thread()); });
        co_await end.await();
        BOOST_TEST(right == 4);
    });
    other.join();
    BOOST_TEST(record.work == 0);
}

BOOST_AUTO_TEST_CASE(items_keep_their_handlers_contexts_running)
{
    // More contexts than share their completions.
    constexpr int contexts = 7;
    mill m({.batch_size = contexts, .max_wait = 1h});
    std::vector<std::unique_ptr<asio::io_context>> others;
    std::vector<std::thread> threads;
    std::atomic<int> delivered = 0, right = 0;
    m.run([&]() -> asio::awaitable<void> {
        happening end(m.io);
        for (int n = 0; n != contexts; ++n) {
            auto& io = *others.emplace_back(std::make_unique<asio::io_context>());
            m.grinder.async_submit(six, asio::bind_executor(io, [&](std::exception_ptr, int) {
                right += io.get_executor().running_in_this_thread();
                if (++delivered == contexts)
                    asio::post(m.io, std::ref(end));
            }));
            threads.emplace_back([&io] { io.run(); });  // returns when it is out of work
        }
        co_await end.await();
    });
    for (auto& thread : threads)
        thread.join();
    BOOST_TEST(delivered == contexts);
    BOOST_TEST(right == contexts);
}

BOOST_AUTO_TEST_CASE(handler_that_throws_loses_no_other)
{
    asio::io_context io;
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
    thread_grinder grinder(pools, {.batch_size = 100, .max_wait = 1h});
    pools.async_start(asio::detached);
    grinder.async_start(asio::detached);
    int called = 0;
    for (int n = 0; n != 100; ++n)
        grinder.async_submit([] {},
            [&, n](std::exception_ptr) {
                if (++called == 100) {
                    grinder.async_stop({}, asio::detached);
                    pools.async_stop({}, asio::detached);
                }
                if (n % 3 == 0)
                    throw n;
            });
    int thrown = 0;
    for (bool runs = true; runs;)
        try {
            io.run();
            runs = false;
        }
        catch (int) {
            ++thrown;
        }
    BOOST_TEST(called == 100);
    BOOST_TEST(thrown == 34);
}

BOOST_AUTO_TEST_CASE(handler_that_takes_long_holds_up_no_other_where_more_threads_run_the_context)
{
    io_threads io(2);
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
    thread_grinder grinder(pools, {.batch_size = 50, .max_wait = 1h});
    get(pools.async_start(asio::use_future));
    get(grinder.async_start(asio::use_future));
    gate first;
    std::promise<void> others;
    std::atomic<int> called = 0;
    for (int n = 0; n != 50; ++n)
        grinder.async_submit([] {},
            [&, n](std::exception_ptr) {
                if (n == 0)
                    first.pass();
                else if (++called == 49)
                    others.set_value();
            });
    get(others);
    BOOST_TEST(called == 49);
    first.open();
    get(grinder.async_stop({}, asio::use_future));
    get(pools.async_stop({}, asio::use_future));
}

BOOST_AUTO_TEST_CASE(other_handlers_get_their_turn_between_those_of_items)
{
    // Items whose handlers submit further ones keep the context busy for as long as another handler,
    // posted by the first of them, has not run.
    mill m({.batch_size = 200, .max_wait = 1ms}, {.max_pools = 1}, {.workers_per_pool = 1});
    m.run([&]() -> asio::awaitable<void> {
        gate all_done;  // of the first, before the first handler runs
        std::atomic<int> ran = 0;
        int submitted = 0;
        int called = 0;
        int seen = -1;
        asio::steady_timer end(m.io, asio::steady_timer::time_point::max());
        std::function<void()> const submit = [&] {
            ++submitted;
            m.grinder.async_submit(
                [&] {
                    if (++ran == 200)
                        all_done.open();
                },
                [&](std::exception_ptr) {
                    if (++called == 1)
                        asio::post(m.io, [&] { seen = called; });
                    if (seen == -1)
                        submit();
                    else if (called == submitted)
                        end.cancel();
                });
        };
        for (int n = 0; n != 200; ++n)
            submit();
        co_await asio::post(asio::use_awaitable);  // the batch begins
        all_done.pass();
        boost::system::error_code canceled;
        co_await end.async_wait(asio::redirect_error(asio::use_awaitable, canceled));
        BOOST_TEST(seen > 0);
        // Behind the handlers that had been posted before it.
        BOOST_TEST(seen <= 200);
        BOOST_TEST(called == submitted);
    });
}

namespace {

/// Counts what is allocated with it.
template <class T = void>
struct counting_allocator {
    using value_type = T;
    int* count;
    explicit counting_allocator(int* c) : count(c) {}
    template <class U>
    counting_allocator(counting_allocator<U> const& other) : count(other.count)
    {
    }
    T* allocate(std::size_t n)
    {
        ++*count;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }
    friend bool operator==(counting_allocator const&, counting_allocator const&) = default;
};

}  // namespace

BOOST_AUTO_TEST_CASE(item_is_one_allocation_made_with_its_handlers_allocator)
{
    mill m(one_at_a_time);
    m.run([&]() -> asio::awaitable<void> {
        int allocations = 0;
        happening done(m.io);
        m.grinder.async_submit(
            six, asio::bind_allocator(counting_allocator<>(&allocations), done.handler()));
        co_await done.await();
        BOOST_TEST(allocations == 1);
    });
}

BOOST_AUTO_TEST_SUITE_END()
