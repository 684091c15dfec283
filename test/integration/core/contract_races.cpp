// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A grant, a completion, a cancellation, a timeout and a stop meet: an operation completes once, and
// no lease is lost.

#include "integration/support/io_threads.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using asio::cancellation_type;

constexpr int rounds = 2'000;

/// One cancelable operation after the other, each on its own strand, as Asio asks for.
struct racer {
    explicit racer(asio::io_context& io) : strand(asio::make_strand(io)) {}
    asio::strand<asio::io_context::executor_type> strand;
    asio::cancellation_signal signal;
    int left = rounds;
};

cancellation_type type_of(int n)
{
    constexpr cancellation_type types[] = {
        cancellation_type::terminal, cancellation_type::partial, cancellation_type::total};
    return types[n % 3];
}

bool is(std::exception_ptr const& error, error_code code)
{
    try {
        std::rethrow_exception(error);
    }
    catch (boost::system::system_error const& e) {
        return e.code() == code;
    }
}

/// The manager has all its pools back.
void check_nothing_is_lost(thread_manager& pools, std::size_t n)
{
    auto const now = get(pools.async_stats(asio::use_future));
    BOOST_TEST(now.waiters == 0u);
    std::vector<thread_lease> all;
    for (std::size_t i = 0; i != n; ++i)
        all.push_back(acquire(pools, {.timeout = 2min}));
    BOOST_TEST(get(pools.async_stats(asio::use_future)).leased == n);
    all.clear();
    get(pools.async_stop({}, asio::use_future));
    BOOST_TEST(pools.total() == 0u);
}

/// With `watched`, the manager never acts inside the call of an operation, which opens other gaps.
manager_options two_pools(bool watched)
{
    manager_options options{.min_pools = 2};
    options.max_pools = 2;
    if (watched)
        options.log = [](log_record const&) {};
    return options;
}

struct arena {
    explicit arena(bool watched)
        : pools(io.context(), thread_backend({.workers_per_pool = 1}), two_pools(watched))
    {
        start(pools);
    }
    io_threads io{3};
    thread_manager pools;
};

/// Runs racers to their end: `round(racer, next)` begins something and calls `next` when it is over.
template <class Round>
void race(arena& a, int how_many, Round round)
{
    struct runner {
        racer r;
        std::latch& finished;
        Round& round;
        void go()
        {
            if (r.left-- == 0)
                return finished.count_down();
            round(r, [this] { asio::post(r.strand, [this] { go(); }); });
        }
    };
    std::latch finished(how_many);
    std::vector<std::unique_ptr<runner>> runners;
    for (int i = 0; i != how_many; ++i)
        runners.push_back(
            std::unique_ptr<runner>(new runner{racer(a.io.context()), finished, round}));
    for (auto& r : runners)
        asio::post(r->r.strand, [&r = *r] { r.go(); });
    finished.wait();
    // Nobody is in `go` any more.
    for (auto& r : runners)
        get(asio::post(r->r.strand, asio::use_future));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(contract_races)

BOOST_AUTO_TEST_CASE(grant_races_a_cancellation)
{
    for (bool const watched : {false, true}) {
        arena a(watched);
        std::atomic<int> odd = 0;
        race(a, 4, [&](racer& r, auto next) {
            auto const handler = [&odd, next](error_code error, thread_lease lease) {
                if (error ? lease.valid() || error != asio::error::operation_aborted
                          : !lease.valid())
                    ++odd;
                lease.release();
                next();
            };
            a.pools.async_acquire({},
                asio::bind_cancellation_slot(
                    r.signal.slot(), asio::bind_executor(r.strand, handler)));
            // At once, or a turn later.
            if (r.left % 2)
                r.signal.emit(type_of(r.left));
            else
                asio::post(r.strand, [&r] { r.signal.emit(type_of(r.left)); });
        });
        BOOST_TEST(odd == 0);
        check_nothing_is_lost(a.pools, 2);
    }
}

BOOST_AUTO_TEST_CASE(grant_races_a_timeout)
{
    for (bool const watched : {false, true}) {
        arena a(watched);
        std::atomic<int> odd = 0;
        race(a, 4, [&](racer& r, auto next) {
            auto const handler = [&odd, next](error_code error, thread_lease lease) {
                if (error ? lease.valid() || error != errc::acquire_timeout : !lease.valid())
                    ++odd;
                lease.release();
                next();
            };
            a.pools.async_acquire({.timeout = std::chrono::microseconds(r.left % 8)},
                asio::bind_executor(r.strand, handler));
        });
        BOOST_TEST(odd == 0);
        check_nothing_is_lost(a.pools, 2);
    }
}

BOOST_AUTO_TEST_CASE(grant_races_a_stop)
{
    for (bool const watched : {false, true}) {
        arena a(watched);
        for (int n = 0; n != rounds / 10; ++n) {
            std::latch over(8);
            std::atomic<int> odd = 0;
            for (int i = 0; i != 8; ++i)
                asio::post(a.io.context(), [&] {
                    a.pools.async_acquire({}, [&](error_code error, thread_lease lease) {
                        if (error ? lease.valid() || error != errc::not_running : !lease.valid())
                            ++odd;
                        lease.release();
                        over.count_down();
                    });
                });
            get(a.pools.async_stop({}, asio::use_future));
            over.wait();
            BOOST_TEST_REQUIRE(odd == 0);
            BOOST_TEST_REQUIRE(a.pools.total() == 0u);
            start(a.pools);
        }
        check_nothing_is_lost(a.pools, 2);
    }
}

BOOST_AUTO_TEST_CASE(release_races_a_canceled_wait_for_it)
{
    for (bool const watched : {false, true}) {
        arena a(watched);
        std::atomic<int> odd = 0;
        race(a, 4, [&](racer& r, auto next) {
            auto const released = [&odd, next](error_code error) {
                if (error && error != asio::error::operation_aborted)
                    ++odd;
                next();
            };
            auto const granted = [&r, &odd, released](error_code error, thread_lease lease) {
                if (error)
                    ++odd;
                lease.async_run([] {}, [](std::exception_ptr) {});
                lease.async_release(asio::bind_cancellation_slot(
                    r.signal.slot(), asio::bind_executor(r.strand, released)));
                asio::post(r.strand, [&r] { r.signal.emit(type_of(r.left)); });
            };
            a.pools.async_acquire({}, asio::bind_executor(r.strand, granted));
        });
        BOOST_TEST(odd == 0);
        check_nothing_is_lost(a.pools, 2);
    }
}

BOOST_AUTO_TEST_CASE(function_races_its_cancellation)
{
    arena a(false);
    std::atomic<int> odd = 0;
    auto lease = acquire(a.pools);
    race(a, 4, [&](racer& r, auto next) {
        auto const began = std::make_shared<std::atomic<bool>>(false);
        auto const handler = [&odd, began, next](std::exception_ptr error) {
            // Completed with what it did, or un-run.
            if (*began ? error != nullptr : !is(error, asio::error::operation_aborted))
                ++odd;
            next();
        };
        lease.async_run([began] { *began = true; },
            asio::bind_cancellation_slot(r.signal.slot(), asio::bind_executor(r.strand, handler)));
        asio::post(r.strand, [&r] { r.signal.emit(type_of(r.left)); });
    });
    BOOST_TEST(odd == 0);
    lease.release();
    check_nothing_is_lost(a.pools, 2);
}

// If the cancellation were lost, the function would wait for ever to be asked to stop.
BOOST_AUTO_TEST_CASE(managers_run_never_loses_a_cancellation)
{
    for (bool const watched : {false, true}) {
        arena a(watched);
        std::atomic<int> odd = 0;
        race(a, 3, [&](racer& r, auto next) {
            auto const until_stopped = [](std::stop_token stop) {
                gate stopped;
                std::stop_callback const on_stop(stop, [&] { stopped.open(); });
                stopped.pass();
            };
            auto const handler = [&odd, next](std::exception_ptr error) {
                if (error && !is(error, asio::error::operation_aborted))
                    ++odd;
                next();
            };
            a.pools.async_run(until_stopped,
                asio::bind_cancellation_slot(
                    r.signal.slot(), asio::bind_executor(r.strand, handler)));
            auto const emit = [&r] {
                r.signal.emit(
                    r.left % 2 ? cancellation_type::terminal : cancellation_type::partial);
            };
            if (r.left % 3)
                emit();
            else
                asio::post(r.strand, emit);
        });
        BOOST_TEST(odd == 0);
        check_nothing_is_lost(a.pools, 2);
    }
}

BOOST_AUTO_TEST_CASE(start_races_its_cancellation_and_a_stop)
{
    io_threads io(3);
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 1}), two_pools(false));
    auto const strand = asio::make_strand(io.context());
    for (int n = 0; n != rounds / 10; ++n) {
        asio::cancellation_signal signal;
        std::promise<error_code> done;
        auto const handler = [&](error_code error) { done.set_value(error); };
        asio::post(strand, [&] {
            pools.async_start(
                asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(strand, handler)));
            asio::post(strand, [&] { signal.emit(type_of(n)); });
        });
        auto stopped = n % 2 ? pools.async_stop({}, asio::use_future) : std::future<void>();
        auto const error = get(done);
        if (error)
            BOOST_TEST((error == asio::error::operation_aborted || error == errc::not_running));
        if (stopped.valid())
            get(std::move(stopped));
        get(pools.async_stop({}, asio::use_future));
        BOOST_TEST_REQUIRE(pools.total() == 0u);
        // The signal is used up: nothing refers to it.
        get(asio::post(strand, asio::use_future));
    }
    io.join();
}

// One coroutine a strand, and the manager on all threads: the operation ends on one thread while the
// group emits its signal on another.
BOOST_AUTO_TEST_CASE(group_of_a_function_and_a_timer_ends_once)
{
    constexpr int in_parallel = 4;
    constexpr int each = 400;
    io_threads io(4);
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 2}), {.max_pools = 1});
    start(pools);
    auto lease = acquire(pools);
    auto const function = [] {
        auto const until = std::chrono::steady_clock::now() + 40us;
        while (std::chrono::steady_clock::now() < until) {}
    };
    std::atomic<int> ended = 0;
    std::vector<std::future<void>> clients;
    for (int c = 0; c != in_parallel; ++c) {
        auto body = [&]() -> asio::awaitable<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor);
            for (int n = 0; n != each; ++n) {
                timer.expires_after(std::chrono::microseconds{20 + n % 120});
                co_await asio::experimental::make_parallel_group(
                    lease.async_run(function, asio::deferred), timer.async_wait(asio::deferred))
                    .async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
                ++ended;
            }
        };
        clients.push_back(
            asio::co_spawn(asio::make_strand(io.context()), std::move(body), asio::use_future));
    }
    for (auto& client : clients)
        get(std::move(client));
    BOOST_TEST(ended == in_parallel * each);
    lease = {};
    get(pools.async_stop({}, asio::use_future));
}

BOOST_AUTO_TEST_SUITE_END()
