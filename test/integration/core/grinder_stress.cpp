// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Many threads, many items, everything at a time: each item ends once, as it must.

#include "integration/support/grinder_support.hpp"
#include "integration/support/io_threads.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

constexpr int producers = 8;

/// What became of the items.
struct account {
    std::atomic<std::uint64_t> submitted{0}, ran{0};
    std::atomic<std::uint64_t> well{0}, threw{0}, canceled{0}, full{0}, stopped{0}, expired{0},
        other{0};

    std::uint64_t ended() const
    {
        return well + threw + canceled + full + stopped + expired + other;
    }

    void enter(std::exception_ptr const& error)
    {
        if (!error) {
            ++well;
            return;
        }
        try {
            std::rethrow_exception(error);
        }
        catch (boost::system::system_error const& e) {
            auto const code = e.code();
            ++(code == asio::error::operation_aborted ? canceled
                    : code == errc::queue_full        ? full
                    : code == errc::not_running       ? stopped
                    : code == errc::lease_expired     ? expired
                                                      : other);
        }
        catch (std::domain_error const&) {
            ++threw;
        }
        catch (...) {
            ++other;
        }
    }
};

class numbers {
public:
    explicit numbers(std::uint64_t seed) : state_(seed) {}
    std::uint64_t below(std::uint64_t n)
    {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return (state_ >> 33) % n;
    }

private:
    std::uint64_t state_;
};

void wait_for(account const& of)
{
    while (of.ended() != of.submitted)
        std::this_thread::yield();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_stress)

BOOST_AUTO_TEST_CASE(every_item_of_many_threads_is_accounted_for)
{
    constexpr int each = 30'000;
    io_threads io(2);
    asio::thread_pool others(2);
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 2}), {.max_pools = 2});
    thread_grinder grinder(pools, {.batch_size = 50, .max_wait = 1ms, .max_pending = 2'000});
    get(pools.async_start(asio::use_future));
    get(grinder.async_start(asio::use_future));

    account book;
    std::vector<std::thread> threads;
    for (int p = 0; p != producers; ++p)
        threads.emplace_back([&, p] {
            numbers random(static_cast<std::uint64_t>(p));
            auto const strand = asio::make_strand(io.context());
            auto const owner = "producer " + std::to_string(p);
            for (int n = 0; n != each; ++n) {
                // Not more than so many ahead, so that the heap is bounded.
                while (book.submitted - book.ended() > 20'000)
                    std::this_thread::yield();
                ++book.submitted;
                auto const handler = [&](std::exception_ptr e) { book.enter(e); };
                auto const item = [&book, fails = random.below(16) == 0] {
                    ++book.ran;
                    if (fails)
                        throw std::domain_error("on purpose");
                };
                submit_options const options{
                    .owner = random.below(8) == 0 ? std::string_view(owner) : std::string_view(),
                    .wait = random.below(4) != 0};
                switch (random.below(4)) {
                case 0:
                    grinder.async_submit(options, item, asio::bind_executor(others, handler));
                    break;
                case 1:
                    grinder.async_submit(options, item, asio::bind_executor(strand, handler));
                    break;
                default:
                    grinder.async_submit(options, item, handler);
                }
            }
        });
    for (auto& thread : threads)
        thread.join();
    wait_for(book);

    BOOST_TEST(book.submitted == static_cast<std::uint64_t>(producers) * each);
    BOOST_TEST(book.well + book.threw == book.ran.load());
    BOOST_TEST(book.ran + book.full == book.submitted.load());
    BOOST_TEST(book.canceled + book.stopped + book.expired + book.other == 0u);
    BOOST_TEST(book.ran > book.submitted / 2);
    auto const stats = get(grinder.async_stats(asio::use_future));
    get(grinder.async_stop({}, asio::use_future));
    auto const after = get(grinder.async_stats(asio::use_future));
    BOOST_TEST(stats.submitted == book.ran.load());
    BOOST_TEST(after.completed == book.ran.load());
    BOOST_TEST(after.threw == book.threw.load());
    BOOST_TEST(after.refused == book.full.load());
    BOOST_TEST(after.queue_time.count() == book.ran.load());
    get(pools.async_stop({}, asio::use_future));
    others.join();
}

BOOST_AUTO_TEST_CASE(every_item_is_accounted_for_while_leases_expire_and_grinders_stop_and_start)
{
    constexpr int each = 8'000;
    io_threads io(2);
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 2}),
        {.max_pools = 2, .max_retired = 4, .grace = 0s});
    thread_grinder grinder(pools,
        {.batch_size = 20,
            .max_batch = 500,
            .max_wait = 1ms,
            .duration = 1ms,
            .max_pending = 5'000});
    get(pools.async_start(asio::use_future));
    get(grinder.async_start(asio::use_future));

    account book;
    std::atomic<int> producing = producers;
    std::vector<std::thread> threads;
    for (int p = 0; p != producers; ++p)
        threads.emplace_back([&, p] {
            numbers random(static_cast<std::uint64_t>(p) + 100);
            for (int n = 0; n != each; ++n) {
                while (book.submitted - book.ended() > 5'000)
                    std::this_thread::yield();
                ++book.submitted;
                auto const item = [&book, busy = random.below(64) == 0] {
                    ++book.ran;
                    if (busy) {
                        auto const until = std::chrono::steady_clock::now() + 200us;
                        while (std::chrono::steady_clock::now() < until) {}
                    }
                };
                if (random.below(4) != 0) {
                    grinder.async_submit(item, [&](std::exception_ptr e) { book.enter(e); });
                    continue;
                }
                // Slots are served, and handlers run, on one strand each.
                auto const strand = asio::make_strand(io.context());
                auto const signal = std::make_shared<asio::cancellation_signal>();
                asio::post(strand, [&, strand, signal, item] {
                    grinder.async_submit(item,
                        asio::bind_cancellation_slot(signal->slot(),
                            asio::bind_executor(
                                strand, [&book, signal](std::exception_ptr e) { book.enter(e); })));
                });
                if (random.below(2) != 0)
                    asio::post(
                        strand, [signal] { signal->emit(asio::cancellation_type::terminal); });
            }
            --producing;
        });
    numbers random(7);
    std::uint64_t stops = 0;
    while (producing != 0) {
        auto const mark = book.ended() + 1'000;
        while (producing != 0 && book.ended() < mark)
            std::this_thread::yield();
        get(grinder.async_stop(
            {.mode = random.below(2) != 0 ? stop_mode::cancel : stop_mode::drain},
            asio::use_future));
        ++stops;
        get(grinder.async_start(asio::use_future));
    }
    for (auto& thread : threads)
        thread.join();
    wait_for(book);

    BOOST_TEST(stops > 0u);
    BOOST_TEST(book.well == book.ran.load());
    BOOST_TEST(book.threw + book.full + book.other == 0u);
    get(grinder.async_stop({}, asio::use_future));
    auto const stats = get(grinder.async_stats(asio::use_future));
    BOOST_TEST(stats.completed == book.ran.load());
    BOOST_TEST(stats.completed + stats.canceled + stats.failed == stats.submitted);
    BOOST_TEST(stats.in_flight + stats.pending + stats.waiting == 0u);
    BOOST_TEST(stats.returned > 0u);
    get(pools.async_stop({}, asio::use_future));
}

void wait_for_stop(std::stop_token const& stop)
{
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait(lock, stop, [] { return false; });
}

/// Submits items in rounds, and cancels some of each round after a pause of random length.
asio::awaitable<void> cancel_some(thread_grinder& grinder, account& book, std::uint64_t seed)
{
    constexpr int rounds = 40;
    constexpr std::size_t items = 16;
    numbers random(seed);
    auto const strand = co_await asio::this_coro::executor;
    asio::steady_timer pause(strand);
    for (int n = 0; n != rounds; ++n) {
        std::array<asio::cancellation_signal, items> signals;
        asio::steady_timer ended(strand, asio::steady_timer::time_point::max());
        std::size_t left = items;
        auto const handler = [&](std::exception_ptr e) {
            book.enter(e);
            if (--left == 0)
                ended.cancel();
        };
        // Some items hold their worker until their lease is revoked, or they are canceled.
        auto const item = [&book](std::stop_token stop) {
            if (++book.ran % 4 == 0)
                wait_for_stop(stop);
        };
        for (auto& signal : signals) {
            ++book.submitted;
            grinder.async_submit(item,
                asio::bind_executor(strand, asio::bind_cancellation_slot(signal.slot(), handler)));
        }
        for (std::size_t i = 0; i != items; ++i) {
            pause.expires_after(std::chrono::microseconds(random.below(400)));
            co_await pause.async_wait(asio::use_awaitable);
            signals[random.below(items)].emit(asio::cancellation_type::terminal);
        }
        error_code canceled;
        if (left != 0)
            co_await ended.async_wait(asio::redirect_error(asio::use_awaitable, canceled));
    }
}

BOOST_AUTO_TEST_CASE(items_canceled_while_their_leases_are_revoked_end_once)
{
    constexpr int clients = 12;
    io_threads io(3);
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 1}),
        {.max_pools = 4, .max_retired = 64, .min_pools = 4, .grace = 0ms});
    // The lease of an item that holds its worker is revoked; then the items behind that one come
    // back, and go to another lease.
    thread_grinder grinder(pools,
        {.batch_size = 4,
            .max_batch = 64,
            .max_wait = 1ms,
            .duration = 1ms,
            .max_concurrent_batches = 8});
    get(pools.async_start(asio::use_future));
    get(grinder.async_start(asio::use_future));

    account book;
    std::vector<std::future<void>> all;
    for (std::uint64_t n = 0; n != clients; ++n)
        all.push_back(asio::co_spawn(
            asio::make_strand(io.context()), cancel_some(grinder, book, n), asio::use_future));
    for (auto& one : all)
        get(std::move(one));

    BOOST_TEST(book.ended() == book.submitted.load());
    BOOST_TEST(book.well == book.ran.load());
    BOOST_TEST(book.canceled > 0u);
    auto const stats = get(grinder.async_stats(asio::use_future));
    BOOST_TEST(stats.returned > 0u);
    get(grinder.async_stop({}, asio::use_future));
    get(pools.async_stop({}, asio::use_future));
}

BOOST_AUTO_TEST_CASE(managers_and_grinders_that_end_while_items_come_lose_none)
{
    account book;
    for (int round = 0; round != 50; ++round) {
        io_threads io(2);
        auto pools = std::make_unique<thread_manager>(
            io.context(), thread_backend({.workers_per_pool = 2}), manager_options{.max_pools = 2});
        auto grinder = std::make_unique<thread_grinder>(
            *pools, grinder_options{.batch_size = 8, .max_wait = 1ms});
        get(pools->async_start(asio::use_future));
        get(grinder->async_start(asio::use_future));
        std::atomic<int> left = 4 * 500;
        std::vector<std::thread> threads;
        for (int p = 0; p != 4; ++p)
            threads.emplace_back([&] {
                for (int n = 0; n != 500; ++n) {
                    ++book.submitted;
                    grinder->async_submit(
                        [&] { ++book.ran; }, [&](std::exception_ptr e) { book.enter(e); });
                    --left;
                }
            });
        while (left > 1'000)
            std::this_thread::yield();
        if (round % 2 != 0)
            pools.reset();
        for (auto& thread : threads)
            thread.join();
        grinder.reset();
        if (round % 3 != 0)
            wait_for(book);
        pools.reset();
        wait_for(book);
    }
    BOOST_TEST(book.well == book.ran.load());
    BOOST_TEST(book.well + book.stopped == book.submitted.load());
    BOOST_TEST(book.stopped > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
