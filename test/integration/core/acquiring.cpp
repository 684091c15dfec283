// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Who gets a lease, when, and how long others wait for it.

#include "integration/support/events.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <array>

using namespace leasepool;
using namespace leasepool::test;

namespace {

using pending = pending_acquire<thread_backend>;

auto one_thread()
{
    return thread_backend({.workers_per_pool = 1});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(acquiring)

BOOST_AUTO_TEST_CASE(idle_pool_is_granted)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const lease = co_await pools.async_acquire();
        BOOST_TEST(lease.valid());
        BOOST_TEST(!lease.ended());
        auto const now = co_await pools.async_stats();
        BOOST_TEST(now.leased == 1u);
        BOOST_TEST(now.available == 0u);
        BOOST_TEST(now.pools_created == 1u);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(pools_are_made_up_to_max_pools_and_then_acquires_wait_in_order)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        std::array<thread_lease, 2> held;
        for (auto& lease : held)
            lease = co_await pools.async_acquire();
        BOOST_TEST(pools.total() == 2u);

        pending first(io, pools);
        pending second(io, pools);
        co_await pools.async_stats();
        BOOST_TEST(pools.waiters() == 2u);
        BOOST_TEST(pools.total() == 2u);

        held[1].release();
        BOOST_TEST(!co_await first.get());
        BOOST_TEST(!second.done());
        held[0].release();
        BOOST_TEST(!co_await second.get());
        BOOST_TEST((co_await pools.async_stats()).pools_created == 2u);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(wait_false_fails_at_once_when_every_pool_is_leased)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const held = co_await pools.async_acquire({.wait = false});
        BOOST_TEST(held.valid());
        auto [error, none] = co_await pools.async_acquire({.wait = false}, as_tuple);
        BOOST_TEST(error == errc::unavailable);
        BOOST_TEST(!none.valid());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(wait_false_gets_a_pool_that_can_still_be_made)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const first = co_await pools.async_acquire({.wait = false});
        auto const second = co_await pools.async_acquire({.wait = false});
        BOOST_TEST(second.valid());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(timeout_ends_the_wait)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto held = co_await pools.async_acquire();
        auto const before = std::chrono::steady_clock::now();
        auto [error, none] = co_await pools.async_acquire({.timeout = 2ms}, as_tuple);
        BOOST_TEST(error == errc::acquire_timeout);
        BOOST_TEST(error == condition::timeout);
        BOOST_TEST((std::chrono::steady_clock::now() - before >= 2ms));
        BOOST_TEST(pools.waiters() == 0u);

        // Nothing was lost by it.
        held.release();
        auto const next = co_await pools.async_acquire({.timeout = 1h});
        BOOST_TEST(next.valid());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(timeout_of_0_grants_what_is_free_and_fails_else)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const held = co_await pools.async_acquire({.timeout = 0s});
        BOOST_TEST(held.valid());
        auto [error, none] = co_await pools.async_acquire({.timeout = 0s}, as_tuple);
        BOOST_TEST(error == errc::acquire_timeout);
        BOOST_TEST(!none.valid());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(timeout_beyond_the_clock_waits_for_ever)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto held = co_await pools.async_acquire();
        pending waiting(io, pools, {.timeout = steady_duration::max()});
        co_await pools.async_stats();
        BOOST_TEST(pools.waiters() == 1u);
        held.release();
        BOOST_TEST(!co_await waiting.get());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(bound_is_per_manager)
{
    asio::io_context io;
    thread_manager one(io, one_thread(), {.max_pools = 1});
    thread_manager other(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await one.async_start();
        co_await other.async_start();
        auto const first = co_await one.async_acquire({.wait = false});
        auto const second = co_await other.async_acquire({.wait = false});
        BOOST_TEST(second.valid());
        BOOST_TEST(first.id() == second.id());
        co_await one.async_stop({.mode = stop_mode::cancel});
        BOOST_TEST(!second.ended());
        co_await other.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(one_more_than_max_waiters_is_refused)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1, .max_waiters = 2});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto held = co_await pools.async_acquire();
        pending first(io, pools);
        pending second(io, pools);
        auto [error, none] = co_await pools.async_acquire({}, as_tuple);
        BOOST_TEST(error == errc::too_many_waiters);
        held.release();
        BOOST_TEST(!co_await first.get());
        first.granted.release();
        BOOST_TEST(!co_await second.get());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(duration_out_of_bounds_is_refused)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        for (steady_duration const wrong : {steady_duration(0s), steady_duration(-1ns),
                 steady_duration::min(), steady_duration::max()}) {
            auto [error, none] = co_await pools.async_acquire({.duration = wrong}, as_tuple);
            BOOST_TEST(error == errc::invalid_duration);
            BOOST_TEST(!none.valid());
        }
        auto [error, none] = co_await pools.async_acquire({.timeout = -1ns}, as_tuple);
        BOOST_TEST(error == errc::invalid_duration);
        BOOST_TEST(pools.available() == 1u);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(canceled_acquire_leaves_the_line_to_the_next)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        for (auto const type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                 asio::cancellation_type::total}) {
            auto held = co_await pools.async_acquire();
            asio::cancellation_signal cancel;
            pending first(io);
            pools.async_acquire({}, asio::bind_cancellation_slot(cancel.slot(), first.handler()));
            pending second(io, pools);
            cancel.emit(type);
            BOOST_TEST(co_await first.get() == asio::error::operation_aborted);
            BOOST_TEST(!first.granted.valid());
            held.release();
            BOOST_TEST(!co_await second.get());
        }
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(owner_beyond_255_bytes_is_cut_between_characters)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        std::string const letters(252, 'o');
        std::string const euro = "\xE2\x82\xAC";
        // The last character ends at byte 255, 256, 257 and 258.
        for (std::size_t const more : {0u, 1u, 2u, 3u}) {
            std::string const before = letters + std::string(more, 'o');
            std::string const name = before + euro;
            auto lease = co_await pools.async_acquire({.owner = name});
            BOOST_TEST(lease.owner() == (more == 0 ? name : before));
            BOOST_TEST((co_await pools.async_stats()).leases.at(0).owner == lease.owner());
            co_await lease.async_release();
        }
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(lease_tells_its_id_owner_and_times)
{
    asio::io_context io;
    thread_manager pools(io, one_thread(), {.max_pools = 2, .default_duration = 7s, .grace = 3s});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const before = std::chrono::steady_clock::now();
        auto const lease = co_await pools.async_acquire({.owner = "vendor-sdk"});
        auto const after = std::chrono::steady_clock::now();
        BOOST_TEST(lease.id() == 1u);
        BOOST_TEST(lease.owner() == "vendor-sdk");
        BOOST_TEST((before <= lease.leased_at() && lease.leased_at() <= after));
        BOOST_TEST((lease.soft_expires_at() - lease.leased_at() == 7s));
        BOOST_TEST((lease.hard_expires_at() - lease.soft_expires_at() == 3s));

        auto const longer = co_await pools.async_acquire({.duration = 1h});
        BOOST_TEST(longer.id() == 2u);
        BOOST_TEST(longer.owner() == "");
        BOOST_TEST((longer.soft_expires_at() - longer.leased_at() == 1h));

        thread_lease const empty;
        BOOST_TEST(!empty.valid());
        BOOST_TEST(empty.ended() == errc::lease_released);
        BOOST_TEST(empty.id() == 0u);
        BOOST_TEST(empty.owner() == "");
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_SUITE_END()
