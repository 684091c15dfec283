// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What a work grinder does with items: batches, owners, room, results.

#include "integration/support/grinder_support.hpp"
#include "integration/support/scripted_backend.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace leasepool;
using namespace leasepool::test;

}  // namespace

BOOST_AUTO_TEST_SUITE(grinding)

BOOST_AUTO_TEST_CASE(batch_goes_when_batch_size_items_are_pending)
{
    mill m({.batch_size = 3, .max_wait = 1h});
    m.run([&]() -> asio::awaitable<void> {
        outcome<int> a(m.io), b(m.io), c(m.io);
        m.grinder.async_submit([] { return 1; }, a.handler());
        m.grinder.async_submit([] { return 2; }, b.handler());
        auto const before = co_await m.grinder.async_stats();
        BOOST_TEST(before.pending == 2u);
        BOOST_TEST(before.batches == 0u);
        BOOST_TEST((before.oldest > 0ns));
        m.grinder.async_submit([] { return 3; }, c.handler());
        BOOST_TEST(co_await a.get() == 1);
        BOOST_TEST(co_await b.get() == 2);
        BOOST_TEST(co_await c.get() == 3);
        auto const after = co_await m.grinder.async_stats();
        BOOST_TEST(after.pending == 0u);
        BOOST_TEST(after.batches == 1u);
        BOOST_TEST(after.completed == 3u);
        BOOST_TEST(after.mean_batch_size == 3.0);
        BOOST_TEST(after.queue_time.count() == 3u);
    });
}

BOOST_AUTO_TEST_CASE(batch_goes_when_the_oldest_item_has_waited_max_wait)
{
    mill m({.batch_size = 100, .max_wait = 5ms});
    m.run([&]() -> asio::awaitable<void> {
        auto const begin = std::chrono::steady_clock::now();
        BOOST_TEST(co_await m.grinder.async_submit([] { return 7; }) == 7);
        BOOST_TEST((std::chrono::steady_clock::now() - begin >= 5ms));
    });
}

BOOST_AUTO_TEST_CASE(batch_takes_all_that_is_pending_or_max_batch)
{
    // While the only pool is held, everything gathers.
    for (std::size_t const most : {0u, 4u}) {
        mill m({.batch_size = 2,
                   .max_batch = most ? std::optional(most) : std::nullopt,
                   .max_wait = 1h},
            {.max_pools = 1});
        m.run([&]() -> asio::awaitable<void> {
            auto held = co_await m.pools.async_acquire();
            happening done(m.io);
            for (int n = 0; n != 10; ++n)
                m.grinder.async_submit([] {}, done.handler());
            BOOST_TEST((co_await m.grinder.async_stats()).pending == 10u);
            held.release();
            co_await done.await(10);
            auto const stats = co_await m.grinder.async_stats();
            BOOST_TEST(stats.batches == (most ? 3u : 1u));
            BOOST_TEST(stats.completed == 10u);
        });
    }
}

BOOST_AUTO_TEST_CASE(exception_of_an_item_is_its_own)
{
    mill m({.batch_size = 3, .max_wait = 1h});
    m.run([&]() -> asio::awaitable<void> {
        outcome<int> a(m.io), b(m.io), c(m.io);
        m.grinder.async_submit([] { return 1; }, a.handler());
        m.grinder.async_submit([]() -> int { throw std::range_error("b"); }, b.handler());
        m.grinder.async_submit([] { return 3; }, c.handler());
        BOOST_TEST(co_await a.get() == 1);
        BOOST_CHECK_THROW(co_await b.get(), std::range_error);
        BOOST_TEST(co_await c.get() == 3);
        auto const stats = co_await m.grinder.async_stats();
        BOOST_TEST(stats.completed == 3u);
        BOOST_TEST(stats.threw == 1u);
    });
}

BOOST_AUTO_TEST_CASE(item_completes_the_moment_it_is_done)
{
    gate slow;
    mill m({.batch_size = 3, .max_wait = 1h}, {}, {.workers_per_pool = 2});
    m.run([&]() -> asio::awaitable<void> {
        outcome<int> a(m.io), b(m.io), c(m.io);
        m.grinder.async_submit([&] { return slow.pass(), 1; }, a.handler());
        m.grinder.async_submit([] { return 2; }, b.handler());
        m.grinder.async_submit([] { return 3; }, c.handler());
        BOOST_TEST(co_await b.get() == 2);
        BOOST_TEST(co_await c.get() == 3);
        BOOST_TEST(!a.done());
        BOOST_TEST((co_await m.grinder.async_stats()).in_flight == 1u);
        slow.open();
        BOOST_TEST(co_await a.get() == 1);
    });
}

BOOST_AUTO_TEST_CASE(several_batches_are_under_way_at_a_time)
{
    gate first;
    mill m({.batch_size = 1, .max_wait = 1h, .max_concurrent_batches = 2}, {.max_pools = 3},
        {.workers_per_pool = 1});
    m.run([&]() -> asio::awaitable<void> {
        outcome<int> a(m.io), b(m.io), c(m.io);
        happening begun(m.io);
        gate second;
        auto const blocked = [&](gate& at, int result) {
            return [&, result] {
                asio::post(m.io, [&] { begun(); });
                at.pass();
                return result;
            };
        };
        m.grinder.async_submit(blocked(first, 1), a.handler());
        co_await begun.await();
        m.grinder.async_submit([] { return 2; }, b.handler());
        BOOST_TEST(co_await b.get() == 2);
        m.grinder.async_submit(blocked(second, 3), c.handler());
        co_await begun.await(2);
        happening later(m.io);
        m.grinder.async_submit([] {}, later.handler());
        auto const stats = co_await m.grinder.async_stats();
        BOOST_TEST(stats.batches_in_flight == 2u);
        BOOST_TEST(stats.pending == 1u);  // though there is a third pool
        second.open();
        co_await later.await();
        first.open();
        co_await a.get();
        co_await c.get();
    });
}

BOOST_AUTO_TEST_CASE(workers_of_one_lease_share_a_batch)
{
    mill m({.batch_size = 4, .max_wait = 1h}, {.max_pools = 1}, {.workers_per_pool = 4});
    m.run([&]() -> asio::awaitable<void> {
        gate all;
        happening begun(m.io), done(m.io);
        auto const item = [&] {
            asio::post(m.io, [&] { begun(); });
            all.pass();
        };
        for (int n = 0; n != 4; ++n)
            m.grinder.async_submit(item, done.handler());
        co_await begun.await(4);  // all at a time
        all.open();
        co_await done.await(4);
    });
}

BOOST_AUTO_TEST_CASE(result_may_be_move_only_and_a_function_may_take_a_stop_token)
{
    mill m({.batch_size = 1});
    m.run([&]() -> asio::awaitable<void> {
        auto const six = [] { return std::make_unique<int>(6); };
        auto const made = co_await m.grinder.async_submit(six);
        BOOST_TEST(*made == 6);
        auto const can_stop = [](std::stop_token stop) { return stop.stop_possible(); };
        BOOST_TEST(co_await m.grinder.async_submit(can_stop));
    });
}

BOOST_AUTO_TEST_CASE(item_that_does_not_wait_for_room_is_refused)
{
    mill m({.batch_size = 2, .max_wait = 1h, .max_pending = 2}, {.max_pools = 1});
    m.run([&]() -> asio::awaitable<void> {
        auto held = co_await m.pools.async_acquire();
        happening done(m.io);
        m.grinder.async_submit([] {}, done.handler());
        m.grinder.async_submit([] {}, done.handler());
        auto const no_op = [] {};
        BOOST_CHECK_EXCEPTION(co_await m.grinder.async_submit({.wait = false}, no_op),
            boost::system::system_error, has_code(errc::queue_full));
        m.grinder.async_submit([] {}, done.handler());  // this one waits
        auto const stats = co_await m.grinder.async_stats();
        BOOST_TEST(stats.pending == 2u);
        BOOST_TEST(stats.waiting == 1u);
        BOOST_TEST(stats.refused == 1u);
        BOOST_TEST(stats.submitted == 3u);
        held.release();
        co_await done.await(2);
        m.grinder.async_submit([] {}, done.handler());
        co_await done.await(4);
    });
}

BOOST_AUTO_TEST_CASE(items_begin_in_the_order_of_their_submission_also_those_that_wait_for_room)
{
    std::vector<int> order;
    mill m({.batch_size = 2, .max_wait = 1h, .max_pending = 2, .max_concurrent_batches = 1},
        {.max_pools = 1}, {.workers_per_pool = 1});
    m.run([&]() -> asio::awaitable<void> {
        happening done(m.io);
        for (int n = 0; n != 20; ++n)
            m.grinder.async_submit([&order, n] { order.push_back(n); }, done.handler());
        co_await done.await(20);
    });
    BOOST_TEST(order.size() == 20u);
    BOOST_TEST(std::is_sorted(order.begin(), order.end()));
}

BOOST_AUTO_TEST_CASE(owners_of_items_are_seen_in_the_manager_s_stats_and_in_the_log)
{
    asio::io_context io;
    journal log(io);
    mill m({.batch_size = 4, .max_wait = 1h, .name = "mail"},
        {.max_pools = 1, .log = std::ref(log)}, {.workers_per_pool = 1}, io);
    m.run([&]() -> asio::awaitable<void> {
        gate hold;
        happening done(m.io);
        m.grinder.async_submit(
            {.owner = "alice"}, [&] { hold.pass(); }, done.handler());
        m.grinder.async_submit(
            {.owner = "bob"}, [] {}, done.handler());
        m.grinder.async_submit([] {}, done.handler());
        m.grinder.async_submit(
            {.owner = std::string("alice")}, [] {}, done.handler());
        co_await log.await("batch of a work grinder begun");
        auto const stats = co_await m.pools.async_stats();
        BOOST_TEST_REQUIRE(stats.leases.size() == 1u);
        BOOST_TEST(stats.leases[0].owner == "mail-batch-1 (alice, bob)");
        BOOST_TEST(std::string(stats.leases[0].where.file_name()).find("grinder_support") !=
            std::string::npos);
        hold.open();
        co_await done.await(4);
        auto const begun = log.last("batch of a work grinder begun");
        BOOST_TEST(begun["owner"] == "mail-batch-1 (alice, bob)");
        BOOST_TEST(begun["count"] == "4");
        auto const end = co_await log.await("batch of a work grinder done");
        BOOST_TEST(end["count"] == "4");
        for (auto const& each : {begun, end, log.last("work grinder started")})
            BOOST_TEST(each["grinder"] == "mail");
        BOOST_TEST((co_await m.grinder.async_stats()).name == "mail");
        BOOST_TEST(log.count("work grinder started") == 1);

        // Names are not kept for longer than their items.
        for (int n = 0; n != 4; ++n)
            m.grinder.async_submit(
                {.owner = n == 2 ? "carol" : ""}, [] {}, done.handler());
        co_await done.await(8);
        BOOST_TEST((co_await log.await("batch of a work grinder done", 2))["owner"] ==
            "mail-batch-2 (carol)");
    });
}

BOOST_AUTO_TEST_CASE(owner_of_a_batch_with_many_owners_is_cut)
{
    asio::io_context io;
    journal log(io);
    mill m({.batch_size = 100, .max_wait = 1h}, {.max_pools = 1, .log = std::ref(log)}, {}, io);
    m.run([&]() -> asio::awaitable<void> {
        happening done(m.io);
        for (int n = 0; n != 100; ++n) {
            auto const name = "owner " + std::to_string(n);
            m.grinder.async_submit(
                {.owner = name}, [] {}, done.handler());
        }
        co_await done.await(100);
        auto const owner = (co_await log.await("batch of a work grinder done"))["owner"];
        BOOST_TEST(owner.starts_with("work-grinder-batch-1 (owner 0, owner 1, "));
        BOOST_TEST(owner.ends_with(", ...)"));
        BOOST_TEST(owner.size() < 255u);
    });
}

BOOST_AUTO_TEST_CASE(stats_are_to_be_had_before_the_start_and_after_the_stop_from_any_thread)
{
    mill m({.batch_size = 2, .max_wait = 1h});
    auto const from_a_thread = [&]() -> asio::awaitable<grinder_stats> {
        grinder_stats got;
        happening done(m.io);
        std::thread([&] {
            auto stats = m.grinder.async_stats(asio::use_future).get();
            asio::post(m.io, [&, s = std::move(stats)] {
                got = s;
                done();
            });
        }).detach();
        co_await done.await();
        co_return got;
    };
    m.run_unstarted([&]() -> asio::awaitable<void> {
        auto before = co_await from_a_thread();
        BOOST_TEST(!before.started);
        BOOST_TEST(!before.stopping);
        BOOST_TEST(before.batch_size == 2u);
        BOOST_TEST((before.oldest == 0ns));
        co_await m.pools.async_start();
        co_await m.grinder.async_start();
        BOOST_TEST((co_await from_a_thread()).started);
        happening done(m.io);
        m.grinder.async_submit([] {}, done.handler());
        m.grinder.async_submit([] {}, done.handler());
        co_await done.await(2);
        co_await m.grinder.async_stop();
        auto after = co_await from_a_thread();
        BOOST_TEST(!after.started);
        BOOST_TEST(!after.stopping);
        BOOST_TEST(after.completed == 2u);
        auto const json = boost::json::value_from(after);
        BOOST_TEST(json.at("completed").to_number<int>() == 2);
        BOOST_TEST(json.at("max_batch").is_null());
        co_await m.pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(grinder_works_on_a_backend_of_ones_own)
{
    // Which runs everything inside the calls of the manager.
    asio::io_context io;
    auto const plot = std::make_shared<script>();
    scripted_manager pools(io, scripted_backend(plot), {.max_pools = 1});
    work_grinder<scripted_backend> grinder(pools, {.batch_size = 4, .max_wait = 1ms});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        co_await grinder.async_start();
        endings ends(io);
        int ran = 0;
        for (int n = 0; n != 101; ++n)
            grinder.async_submit([&] { ++ran; }, ends.make());
        co_await ends.await(101);
        BOOST_TEST(ends.well() == 101u);
        BOOST_TEST(ran == 101);
        co_await grinder.async_stop();
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_SUITE_END()
