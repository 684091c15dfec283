// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Every operation with every completion token.

#include "integration/support/io_threads.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/mpl/list.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// Two pools, one of them leased, so that each operation can complete.
struct stage {
    io_threads io;
    thread_manager pools{io.context(), thread_backend({.workers_per_pool = 2}), {.max_pools = 2}};
    thread_lease held;

    stage()
    {
        start(pools);
        held = acquire(pools);
    }
    ~stage()
    {
        held = {};
        get(pools.async_stop({.mode = stop_mode::cancel}, asio::use_future));
        io.join();
    }
};

struct do_start {
    template <class Token>
    static auto begin(stage& s, Token&& token)
    {
        return s.pools.async_start(std::forward<Token>(token));
    }
};

struct do_stop {
    template <class Token>
    static auto begin(stage& s, Token&& token)
    {
        return s.pools.async_stop({.mode = stop_mode::cancel}, std::forward<Token>(token));
    }
};

struct do_acquire {
    template <class Token>
    static auto begin(stage& s, Token&& token)
    {
        return s.pools.async_acquire({.owner = "token"}, std::forward<Token>(token));
    }
};

struct do_release {
    template <class Token>
    static auto begin(stage& s, Token&& token)
    {
        return s.held.async_release(std::forward<Token>(token));
    }
};

struct do_run {
    template <class Token>
    static auto begin(stage& s, Token&& token)
    {
        return s.held.async_run([] {}, std::forward<Token>(token));
    }
};

struct do_run_for_result {
    template <class Token>
    static auto begin(stage& s, Token&& token)
    {
        return s.held.async_run(
            [] { return std::make_unique<int>(42); }, std::forward<Token>(token));
    }
};

struct do_manager_run {
    template <class Token>
    static auto begin(stage& s, Token&& token)
    {
        return s.pools.async_run(
            {.owner = "token"}, [] { return std::make_unique<int>(42); },
            std::forward<Token>(token));
    }
};

struct do_stats {
    template <class Token>
    static auto begin(stage& s, Token&& token)
    {
        return s.pools.async_stats(std::forward<Token>(token));
    }
};

using operations = boost::mpl::list<do_start, do_stop, do_acquire, do_release, do_run,
    do_run_for_result, do_manager_run, do_stats>;

/// A lease is released once, which the types say.
using repeatable_operations = boost::mpl::list<do_start, do_stop, do_acquire, do_run,
    do_run_for_result, do_manager_run, do_stats>;
static_assert(!std::is_copy_constructible_v<decltype(do_release::begin(
                  std::declval<stage&>(), asio::deferred))>);

/// What it hands over is what the operation promises.
void check() {}
void check(thread_lease const& lease)
{
    BOOST_TEST(lease.valid());
    BOOST_TEST(lease.owner() == "token");
}
void check(std::unique_ptr<int> const& value)
{
    BOOST_TEST_REQUIRE(value.get());
    BOOST_TEST(*value == 42);
}
void check(stats const& s)
{
    BOOST_TEST(s.backend == "thread");
}

template <class Error, class... Results>
void check_all(Error const& error, Results const&... results)
{
    BOOST_TEST(!error);
    check(results...);
}

/// A completion handler that can only be moved.
struct receiver {
    std::promise<void>* done;
    std::unique_ptr<int> only_move = std::make_unique<int>();

    template <class... Args>
    void operator()(Args... args)
    {
        BOOST_TEST(only_move.get());
        check_all(std::move(args)...);
        done->set_value();
    }
};

/// A completion handler that tells when it was moved from.
struct copyable_receiver {
    std::promise<void>* done;
    std::shared_ptr<int> state = std::make_shared<int>();

    template <class... Args>
    void operator()(Args const&... args)
    {
        check_all(args...);
        done->set_value();
    }
};

/// A future's value, checked.
template <class T>
void check_future(std::future<T> future)
{
    if constexpr (std::is_void_v<T>)
        get(std::move(future));
    else
        check(get(std::move(future)));
}

/// Counts what is allocated and not given back.
template <class T>
struct counting_allocator {
    using value_type = T;

    std::atomic<int>* in_use;
    std::atomic<int>* total;

    counting_allocator(std::atomic<int>& u, std::atomic<int>& t) : in_use(&u), total(&t) {}
    template <class U>
    counting_allocator(counting_allocator<U> const& other)
        : in_use(other.in_use), total(other.total)
    {
    }

    T* allocate(std::size_t n)
    {
        ++*in_use;
        ++*total;
        return std::allocator<T>().allocate(n);
    }
    void deallocate(T* p, std::size_t n)
    {
        --*in_use;
        std::allocator<T>().deallocate(p, n);
    }

    template <class U>
    friend bool operator==(counting_allocator const& a, counting_allocator<U> const& b)
    {
        return a.in_use == b.in_use;
    }
};

struct receiver_with_allocator : receiver {
    using allocator_type = counting_allocator<char>;
    allocator_type alloc;
    allocator_type get_allocator() const noexcept { return alloc; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(contract_tokens, stage)

BOOST_AUTO_TEST_CASE_TEMPLATE(plain_callback, Op, operations)
{
    std::promise<void> done;
    auto const callback = [&](auto... args) {
        check_all(std::move(args)...);
        done.set_value();
    };
    Op::begin(*this, callback);
    get(done);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(callback_that_is_a_variable_is_copied_not_moved_from, Op, operations)
{
    std::promise<void> done;
    copyable_receiver callback{&done};
    Op::begin(*this, callback);
    get(done);
    BOOST_TEST(callback.state.get());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(move_only_callback, Op, operations)
{
    std::promise<void> done;
    Op::begin(*this, receiver{&done});
    get(done);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(future, Op, operations)
{
    check_future(Op::begin(*this, asio::use_future));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(awaitable, Op, operations)
{
    auto const body = [&]() -> asio::awaitable<void> {
        if constexpr (std::is_same_v<decltype(Op::begin(*this, asio::use_awaitable)),
                          asio::awaitable<void>>)
            co_await Op::begin(*this, asio::use_awaitable);
        else
            check(co_await Op::begin(*this, asio::use_awaitable));
    };
    get(asio::co_spawn(io.context(), body, asio::use_future));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(tuple_of_results, Op, operations)
{
    auto const body = [&]() -> asio::awaitable<void> {
        auto const results = co_await Op::begin(*this, asio::as_tuple(asio::use_awaitable));
        std::apply([](auto const&... r) { check_all(r...); }, results);
    };
    get(asio::co_spawn(io.context(), body, asio::use_future));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(detached_operation_happens, Op, operations)
{
    Op::begin(*this, asio::detached);
    // What it took it has given back, or `stage` would wait for ever.
}

BOOST_AUTO_TEST_CASE_TEMPLATE(deferred_launched_later, Op, operations)
{
    auto later = Op::begin(*this, asio::deferred);
    get(pools.async_stats(asio::use_future));
    std::promise<void> done;
    std::move(later)(receiver{&done});
    get(done);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(deferred_never_launched, Op, operations)
{
    auto const never = Op::begin(*this, asio::deferred);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(deferred_launched_twice_at_once, Op, repeatable_operations)
{
    auto const twice = Op::begin(*this, asio::deferred);
    std::promise<void> done[2];
    twice(receiver{&done[0]});
    twice(receiver{&done[1]});
    get(done[0]);
    get(done[1]);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(deferred_copies_launched_on_two_threads, Op, repeatable_operations)
{
    auto const original = Op::begin(*this, asio::deferred);
    std::promise<void> done[2];
    std::thread other([&, copy = original] { copy(receiver{&done[0]}); });
    original(receiver{&done[1]});
    other.join();
    get(done[0]);
    get(done[1]);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(deferred_launched_again_after_it_completed, Op, repeatable_operations)
{
    auto const twice = Op::begin(*this, asio::deferred);
    for (int n = 0; n != 2; ++n) {
        std::promise<void> done;
        twice(receiver{&done});
        get(done);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(
    signal_emitted_when_the_operation_has_ended_does_nothing, Op, operations)
{
    asio::cancellation_signal signal;
    std::promise<void> done;
    auto const handler = [&](auto const&... results) {
        check_all(results...);
        // An operation that ends does not touch the slot: another thread may be emitting.
        signal.emit(asio::cancellation_type::terminal);
        done.set_value();
    };
    Op::begin(*this, asio::bind_cancellation_slot(signal.slot(), handler));
    get(done);

    check_future(
        do_stats::begin(*this, asio::bind_cancellation_slot(signal.slot(), asio::use_future)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(bound_allocator_is_used_and_balanced, Op, operations)
{
    std::atomic<int> in_use = 0;
    std::atomic<int> total = 0;
    std::promise<void> done;
    auto const handler = [&](auto const&... results) {
        check_all(results...);
        // Asio's rule: the memory of an operation is free before its handler runs.
        BOOST_TEST(in_use == 0);
        done.set_value();
    };
    Op::begin(*this, asio::bind_allocator(counting_allocator<void*>(in_use, total), handler));
    get(done);
    BOOST_TEST(total > 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(allocator_of_the_handler_is_used_and_balanced, Op, operations)
{
    std::atomic<int> in_use = 0;
    std::atomic<int> total = 0;
    std::promise<void> done;
    Op::begin(*this, receiver_with_allocator{{&done}, counting_allocator<char>(in_use, total)});
    get(done);
    BOOST_TEST(in_use == 0);
    BOOST_TEST(total > 0);
}

// The default token cannot be templated away: this is how a user writes it.
BOOST_AUTO_TEST_CASE(default_token_of_each)
{
    auto const body = [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST((co_await pools.async_stats()).started);
        auto lease = co_await pools.async_acquire();
        co_await lease.async_run([] {});
        check(co_await lease.async_run([] { return std::make_unique<int>(42); }));
        co_await lease.async_release();
        check(co_await pools.async_run([] { return std::make_unique<int>(42); }));
        co_await pools.async_run({.owner = "default"}, [] {});
        held = {};
        co_await pools.async_stop();
    };
    get(asio::co_spawn(io.context(), body, asio::use_future));
}

BOOST_AUTO_TEST_CASE(errors_come_through_each_kind_of_token)
{
    held.release();
    get(pools.async_stop({}, asio::use_future));
    auto const not_running = [](boost::system::system_error const& e) {
        return e.code() == errc::not_running;
    };
    BOOST_CHECK_EXCEPTION(
        get(pools.async_acquire({}, asio::use_future)), boost::system::system_error, not_running);
    BOOST_CHECK_EXCEPTION(
        get(pools.async_run([] {}, asio::use_future)), boost::system::system_error, not_running);
    auto const body = [&]() -> asio::awaitable<void> {
        auto [error, lease] = co_await pools.async_acquire({}, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(error == errc::not_running);
        BOOST_TEST(!lease.valid());
        auto [failed, value] =
            co_await pools.async_run([] { return 1; }, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(!!failed);
        BOOST_TEST(value == 0);
    };
    get(asio::co_spawn(io.context(), body, asio::use_future));
}

BOOST_AUTO_TEST_CASE(deferred_acquire_launched_twice_has_its_timeout_each_time)
{
    auto const other = acquire(pools);
    auto const twice = pools.async_acquire({.timeout = 1ms}, asio::deferred);
    for (int n = 0; n != 2; ++n)
        BOOST_CHECK_EXCEPTION(get(twice(asio::use_future)), boost::system::system_error,
            [](auto const& e) { return e.code() == errc::acquire_timeout; });
}

BOOST_AUTO_TEST_CASE(deferred_acquire_launched_twice_has_its_options_each_time)
{
    auto const other = acquire(pools);
    auto const code_of = [](auto const& operation) {
        return code_thrown_by([&] { get(operation(asio::use_future)); });
    };
    auto const impatient = pools.async_acquire({.wait = false}, asio::deferred);
    auto const invalid = pools.async_acquire({.timeout = -1ms}, asio::deferred);
    auto const too_short = pools.async_acquire({.duration = 0s}, asio::deferred);
    for (int n = 0; n != 2; ++n) {
        BOOST_TEST(code_of(impatient) == errc::unavailable);
        BOOST_TEST(code_of(invalid) == errc::invalid_duration);
        BOOST_TEST(code_of(too_short) == errc::invalid_duration);
    }
}

BOOST_AUTO_TEST_SUITE_END()
