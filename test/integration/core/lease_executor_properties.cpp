// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/io_threads.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>

// The lease's executor as Asio's own tests look at that of asio::thread_pool.

namespace leasepool::test {
namespace {

namespace execution = asio::execution;

static_assert(execution::is_executor_v<lease_executor>);
static_assert(std::is_nothrow_copy_constructible_v<lease_executor>);
static_assert(std::is_nothrow_move_constructible_v<lease_executor>);
static_assert(std::is_nothrow_copy_assignable_v<lease_executor>);
static_assert(std::is_nothrow_move_assignable_v<lease_executor>);
static_assert(
    noexcept(std::declval<lease_executor const&>() == std::declval<lease_executor const&>()));

// What any_io_executor holds without an allocation.
static_assert(sizeof(lease_executor) <= 3 * sizeof(void*));
static_assert(alignof(lease_executor) <= alignof(void*));
static_assert(std::is_convertible_v<lease_executor, asio::any_io_executor>);

template <class Property>
constexpr bool can_all = asio::can_require_v<lease_executor, Property>&&
    asio::can_prefer_v<lease_executor, Property>&& asio::can_query_v<lease_executor, Property>;

static_assert(can_all<execution::blocking_t::possibly_t>);
static_assert(can_all<execution::blocking_t::never_t>);
// By Asio's definition that one cannot be preferred, only required.
static_assert(asio::can_require_v<lease_executor, execution::blocking_t::always_t>);
static_assert(asio::can_query_v<lease_executor, execution::blocking_t::always_t>);
static_assert(can_all<execution::relationship_t::fork_t>);
static_assert(can_all<execution::relationship_t::continuation_t>);
static_assert(can_all<execution::outstanding_work_t::tracked_t>);
static_assert(can_all<execution::outstanding_work_t::untracked_t>);
static_assert(can_all<execution::allocator_t<void>>);
static_assert(asio::can_query_v<lease_executor, execution::context_t>);
static_assert(asio::can_query_v<lease_executor, execution::context_as_t<asio::execution_context&>>);
static_assert(asio::can_query_v<lease_executor, execution::mapping_t>);
static_assert(asio::can_query_v<lease_executor, execution::occupancy_t>);

static_assert(std::is_same_v<thread_lease::executor_type, lease_executor>);
static_assert(std::is_convertible_v<thread_lease const&, asio::any_io_executor>);
static_assert(std::is_convertible_v<thread_lease const&, asio::execution_context&>);
static_assert(!std::is_copy_constructible_v<thread_lease>);
static_assert(!std::is_copy_assignable_v<thread_lease>);
static_assert(std::is_nothrow_move_constructible_v<thread_lease>);
static_assert(std::is_nothrow_move_assignable_v<thread_lease>);

template <class T>
concept has_executor_type = requires
{
    typename T::executor_type;
};
static_assert(!has_executor_type<lease<any_backend>>);
static_assert(!std::is_convertible_v<lease<any_backend> const&, asio::any_io_executor>);
static_assert(!std::is_convertible_v<lease<any_backend> const&, asio::execution_context&>);

/// Counts what is allocated through it; larger than a pointer.
template <class T>
class counting_allocator {
public:
    using value_type = T;

    counting_allocator(std::atomic<int>* l, std::atomic<int>* t) noexcept : live(l), total(t) {}
    template <class U>
    counting_allocator(counting_allocator<U> const& other) noexcept
        : live(other.live), total(other.total)
    {
    }

    T* allocate(std::size_t n) const
    {
        ++*live;
        ++*total;
        return static_cast<T*>(::operator new(sizeof(T) * n));
    }
    void deallocate(T* p, std::size_t) const noexcept
    {
        --*live;
        ::operator delete(p);
    }
    template <class U>
    friend bool operator==(counting_allocator const& a, counting_allocator<U> const& b) noexcept
    {
        return a.live == b.live && a.total == b.total;
    }

    std::atomic<int>* live;
    std::atomic<int>* total;
};

/// Waits until the lease's one thread has done what it was given before.
void settle(thread_lease& lease)
{
    get(lease.async_run([] {}, asio::use_future));
}

BOOST_AUTO_TEST_SUITE(lease_executor_properties)

BOOST_FIXTURE_TEST_CASE(fresh_executor_answers_as_that_of_a_thread_pool, one_lease)
{
    auto const ex = lease.get_executor();
    asio::execution_context& context = lease;
    BOOST_TEST(&asio::query(ex, execution::context) == &context);
    BOOST_TEST(&asio::query(ex, execution::context_as<asio::execution_context&>) == &context);
    BOOST_CHECK(asio::query(ex, execution::blocking) == execution::blocking.possibly);
    BOOST_CHECK(asio::query(ex, execution::blocking.possibly) == execution::blocking.possibly);
    BOOST_CHECK(
        asio::query(ex, execution::outstanding_work) == execution::outstanding_work.untracked);
    BOOST_CHECK(asio::query(ex, execution::relationship) == execution::relationship.fork);
    BOOST_CHECK(asio::query(ex, execution::mapping) == execution::mapping.thread);
    BOOST_CHECK(asio::query(ex, execution::allocator) == std::allocator<void>());
    BOOST_TEST(asio::query(ex, execution::occupancy) == 1u);
}

BOOST_AUTO_TEST_CASE(occupancy_is_the_number_of_workers)
{
    one_lease leased(3);
    BOOST_TEST(asio::query(leased.lease.get_executor(), execution::occupancy) == 3u);
}

BOOST_FIXTURE_TEST_CASE(required_properties_are_kept_and_independent, one_lease)
{
    auto const ex = lease.get_executor();
    auto const all = asio::require(ex, execution::blocking.never,
        execution::relationship.continuation, execution::outstanding_work.tracked);
    BOOST_CHECK(asio::query(all, execution::blocking) == execution::blocking.never);
    BOOST_CHECK(asio::query(all, execution::relationship) == execution::relationship.continuation);
    BOOST_CHECK(
        asio::query(all, execution::outstanding_work) == execution::outstanding_work.tracked);

    auto const always = asio::require(all, execution::blocking.always);
    BOOST_CHECK(asio::query(always, execution::blocking) == execution::blocking.always);
    BOOST_CHECK(
        asio::query(always, execution::relationship) == execution::relationship.continuation);

    auto const back = asio::require(always, execution::blocking.possibly,
        execution::relationship.fork, execution::outstanding_work.untracked);
    BOOST_CHECK(back == ex);
    BOOST_CHECK(asio::prefer(ex, execution::blocking.never) ==
        asio::require(ex, execution::blocking.never));
    BOOST_CHECK(asio::prefer(ex, execution::outstanding_work.tracked) ==
        asio::require(ex, execution::outstanding_work.tracked));
}

BOOST_AUTO_TEST_CASE(executors_are_equal_if_lease_and_properties_are)
{
    io_threads io;
    thread_manager pools(io.context(), thread_backend(), {.max_pools = 2});
    start(pools);
    auto const one = acquire(pools);
    auto const other = acquire(pools);
    BOOST_CHECK(one.get_executor() == one.get_executor());
    BOOST_CHECK(!(one.get_executor() != one.get_executor()));
    BOOST_CHECK(one.get_executor() != other.get_executor());
    BOOST_CHECK(one.get_executor() != asio::require(one.get_executor(), execution::blocking.never));

    auto ex = one.get_executor();
    ex = other.get_executor();
    BOOST_CHECK(ex == other.get_executor());
    auto& self = ex;
    ex = self;
    BOOST_CHECK(ex == other.get_executor());
    auto const moved = std::move(ex);
    BOOST_CHECK(moved == other.get_executor());
}

BOOST_FIXTURE_TEST_CASE(every_kind_of_execute_runs_the_function, one_lease)
{
    std::atomic<int> count{0};
    auto const inc = [&] { ++count; };
    auto const ex = lease.get_executor();
    ex.execute(inc);
    asio::require(ex, execution::blocking.possibly).execute(inc);
    asio::require(ex, execution::blocking.always).execute(inc);
    asio::require(ex, execution::blocking.never).execute(inc);
    asio::require(ex, execution::blocking.never, execution::outstanding_work.tracked).execute(inc);
    asio::require(ex, execution::blocking.never, execution::outstanding_work.untracked)
        .execute(inc);
    auto const forked = asio::require(ex, execution::blocking.never, execution::relationship.fork);
    forked.execute(inc);
    auto const continued =
        asio::require(ex, execution::blocking.never, execution::relationship.continuation);
    continued.execute(inc);
    asio::prefer(continued, execution::allocator(std::allocator<void>())).execute(inc);
    asio::prefer(continued, execution::allocator).execute(inc);
    settle(lease);
    BOOST_TEST(count == 10);
}

BOOST_FIXTURE_TEST_CASE(posted_function_does_not_nest, one_lease)
{
    std::function<void(int)> step;
    std::promise<bool> nested;
    int at = 10;
    step = [&](int n) {
        at = n;
        if (n == 0)
            return nested.set_value(false);
        asio::post(lease.get_executor(), [&step, n] { step(n - 1); });
        if (at != n)
            nested.set_value(true);
    };
    asio::post(lease, [&] { step(10); });
    BOOST_TEST(!get(nested));
}

BOOST_FIXTURE_TEST_CASE(deferred_function_does_not_nest, one_lease)
{
    std::promise<bool> after;
    asio::post(lease, [&] {
        auto const left = std::make_shared<bool>(false);
        asio::defer(lease, [&after, left] { after.set_value(*left); });
        *left = true;
    });
    BOOST_TEST(get(after));
}

BOOST_FIXTURE_TEST_CASE(dispatched_function_nests_on_the_leases_own_thread, one_lease)
{
    std::function<void(int)> step;
    int at = 10;
    step = [&](int n) {
        at = n;
        if (n > 0)
            asio::dispatch(lease, [&step, n] { step(n - 1); });
    };
    std::promise<int> seen;
    asio::post(lease, [&] {
        step(10);
        seen.set_value(at);
    });
    BOOST_TEST(get(seen) == 0);
}

BOOST_FIXTURE_TEST_CASE(dispatched_function_of_another_thread_is_posted, one_lease)
{
    gate busy;
    asio::post(lease, [&] { busy.pass(); });
    busy.await();
    std::promise<std::thread::id> ran_on;
    auto ran = ran_on.get_future();
    asio::dispatch(lease, [&] { ran_on.set_value(std::this_thread::get_id()); });
    BOOST_CHECK(ran.wait_for(0s) == std::future_status::timeout);
    busy.open();
    BOOST_CHECK(get(std::move(ran)) != std::this_thread::get_id());
}

BOOST_FIXTURE_TEST_CASE(blocking_always_returns_when_the_function_has_returned, one_lease)
{
    auto const always = asio::require(lease.get_executor(), execution::blocking.always);
    // Not atomic: the call itself is the synchronization.
    std::thread::id ran_on;
    always.execute([&] { ran_on = std::this_thread::get_id(); });
    BOOST_CHECK(ran_on != std::thread::id());
    BOOST_CHECK(ran_on != std::this_thread::get_id());

    // On the lease's only thread it would wait for itself.
    std::promise<bool> nested;
    asio::post(lease, [&] {
        bool ran = false;
        always.execute([&] { ran = true; });
        nested.set_value(ran);
    });
    BOOST_TEST(get(nested));
}

BOOST_FIXTURE_TEST_CASE(blocking_always_returns_also_if_the_function_throws, one_lease)
{
    auto const always = asio::require(lease.get_executor(), execution::blocking.always);
    always.execute([] { throw std::runtime_error("thrown on purpose"); });
    bool ran = false;
    always.execute([&] { ran = true; });
    BOOST_TEST(ran);
}

BOOST_FIXTURE_TEST_CASE(functions_may_be_move_only_and_go_as_soon_as_they_ran, one_lease)
{
    auto owned = std::make_shared<int>(7);
    std::weak_ptr<int> const watch = owned;
    std::promise<int> seen;
    asio::post(lease, [&seen, p = std::make_unique<std::shared_ptr<int>>(std::move(owned))] {
        seen.set_value(**p);
    });
    BOOST_TEST(get(seen) == 7);
    settle(lease);
    BOOST_TEST(watch.expired());
}

BOOST_FIXTURE_TEST_CASE(custom_allocator_is_used_and_all_is_given_back, one_lease)
{
    std::atomic<int> live{0};
    std::atomic<int> total{0};
    counting_allocator<void> const alloc(&live, &total);
    auto const ex =
        asio::require(lease.get_executor(), execution::allocator(alloc), execution::blocking.never);
    BOOST_CHECK(asio::query(ex, execution::allocator) == alloc);
    BOOST_CHECK(asio::query(ex, execution::blocking) == execution::blocking.never);
    for (int i = 0; i != 5; ++i)
        ex.execute([] {});
    asio::require(ex, execution::relationship.continuation).execute([] {});
    asio::require(ex, execution::blocking.always).execute([] {});
    settle(lease);
    BOOST_TEST(total >= 7);
    BOOST_TEST(live == 0);

    auto const standard = asio::require(ex, execution::allocator);
    static_assert(std::is_same_v<decltype(standard), lease_executor const>);
    BOOST_CHECK(standard == asio::require(lease.get_executor(), execution::blocking.never));
}

BOOST_FIXTURE_TEST_CASE(any_io_executor_holds_it_in_place_and_gives_it_back, one_lease)
{
    auto const ex = lease.get_executor();
    asio::any_io_executor any = ex;
    auto const* const held = any.target<lease_executor>();
    BOOST_REQUIRE(held);
    BOOST_CHECK(*held == ex);
    auto const begin = reinterpret_cast<std::byte const*>(&any);
    auto const at = reinterpret_cast<std::byte const*>(held);
    BOOST_TEST((at >= begin && at < begin + sizeof any));

    auto const tracked = asio::prefer(
        asio::require(any, execution::blocking.never), execution::outstanding_work.tracked);
    BOOST_CHECK(asio::query(tracked, execution::blocking) == execution::blocking.never);
    BOOST_CHECK(*tracked.target<lease_executor>() ==
        asio::require(ex, execution::blocking.never, execution::outstanding_work.tracked));
    BOOST_TEST(&asio::query(any, execution::context) == &asio::query(ex, execution::context));

    asio::any_io_executor const from_lease = lease;
    BOOST_CHECK(from_lease == any);
    std::promise<void> ran;
    asio::post(from_lease, [&] { ran.set_value(); });
    get(ran);
}

BOOST_FIXTURE_TEST_CASE(running_in_this_thread_is_true_on_the_leases_threads_only, one_lease)
{
    auto const ex = lease.get_executor();
    BOOST_TEST(!ex.running_in_this_thread());
    BOOST_TEST(get(lease.async_run([&] { return ex.running_in_this_thread(); }, asio::use_future)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace leasepool::test
