// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Leases that cannot be had, expire or break under a batch; and how a grinder stops.

#include "integration/support/grinder_support.hpp"
#include "integration/support/scripted_backend.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// An item that says when it has begun, and blocks.
class blocker {
public:
    explicit blocker(asio::io_context& io) : io_(io), begun_(io) {}

    auto item()
    {
        return [this] {
            asio::post(io_, std::ref(begun_));
            gate_.pass();
        };
    }
    asio::awaitable<void> await(int n = 1) { co_await begun_.await(n); }
    void open() { gate_.open(); }

private:
    asio::io_context& io_;
    happening begun_;
    gate gate_;
};

struct scripted_mill {
    explicit scripted_mill(grinder_options options, manager_options of_manager = {.max_pools = 1})
        : pools(io, scripted_backend(plot), std::move(of_manager)),
          grinder(pools, std::move(options)), ends(io)
    {
    }

    template <class Body>
    void run(Body body)
    {
        test::run(io, [&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            co_await grinder.async_start();
            co_await body();
            co_await grinder.async_stop();
            co_await pools.async_stop();
        });
    }

    asio::io_context io;
    std::shared_ptr<script> plot = std::make_shared<script>();
    scripted_manager pools;
    work_grinder<scripted_backend> grinder;
    endings ends;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_ends)

// Leases -------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(items_get_the_reason_for_which_no_lease_can_be_had)
{
    mill m({.batch_size = 2, .max_wait = 1h});
    m.run_unstarted([&]() -> asio::awaitable<void> {
        endings ends(m.io);
        co_await m.grinder.async_start();  // but not the manager
        m.grinder.async_submit([] {}, ends.make());
        m.grinder.async_submit([] {}, ends.make());
        co_await ends.await(2);
        BOOST_TEST(ends.with(errc::not_running) == 2u);
        auto const stats = co_await m.grinder.async_stats();
        BOOST_TEST(stats.failed == 2u);
        BOOST_TEST(stats.batches_failed == 1u);
        BOOST_TEST(stats.batches == 0u);
        // It is not lost for that.
        co_await m.pools.async_start();
        m.grinder.async_submit([] {}, ends.make());
        m.grinder.async_submit([] {}, ends.make());
        co_await ends.await(4);
        BOOST_TEST(ends.well() == 2u);
        co_await m.grinder.async_stop();
        co_await m.pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(items_get_the_reason_for_which_no_pool_can_be_made)
{
    scripted_mill m({.batch_size = 1}, {.max_pools = 1, .backoff = 1ms, .make_attempts = 2});
    m.run([&]() -> asio::awaitable<void> {
        m.plot->on_make = [](pool_site const&) -> bool {
            throw boost::system::system_error(make_error_code(boost::system::errc::io_error));
        };
        m.plot->site().broken(nullptr);  // the warm one
        m.grinder.async_submit([] {}, m.ends.make());
        co_await m.ends.await(1);
        BOOST_TEST(m.ends[0].code() == boost::system::errc::io_error);
        m.plot->on_make = nullptr;
        m.grinder.async_submit([] {}, m.ends.make());
        co_await m.ends.await(2);
        BOOST_TEST(m.ends[1].well());
    });
}

BOOST_AUTO_TEST_CASE(expired_lease_gives_back_what_has_not_begun_and_the_next_one_runs_it)
{
    mill m({.batch_size = 3, .max_wait = 1h, .duration = 20ms}, {.max_pools = 2, .grace = 0s},
        {.workers_per_pool = 1});
    blocker b(m.io);
    m.run([&]() -> asio::awaitable<void> {
        endings ends(m.io);
        m.grinder.async_submit(b.item(), ends.make());
        m.grinder.async_submit([] {}, ends.make());
        m.grinder.async_submit([] {}, ends.make());
        co_await ends.await(2);
        BOOST_TEST(ends[1].well());
        BOOST_TEST(ends[2].well());
        auto stats = co_await m.grinder.async_stats();
        BOOST_TEST(stats.returned == 2u);
        BOOST_TEST(stats.batches == 2u);
        BOOST_TEST(stats.batches_lost == 1u);
        BOOST_TEST(stats.in_flight == 1u);
        // What has begun gets its real outcome.
        b.open();
        co_await ends.await(3);
        BOOST_TEST(ends.well() == 3u);
    });
}

BOOST_AUTO_TEST_CASE(stuck_item_on_an_expired_lease_does_not_hold_up_the_grinder)
{
    mill m({.batch_size = 1, .duration = 5ms, .max_concurrent_batches = 1},
        {.max_pools = 1, .grace = 0s}, {.workers_per_pool = 1});
    blocker b(m.io);
    m.run([&]() -> asio::awaitable<void> {
        endings ends(m.io);
        m.grinder.async_submit(b.item(), ends.make());
        co_await b.await();
        m.grinder.async_submit([] {}, ends.make());
        co_await ends.await(1);
        BOOST_TEST(ends[1].well());
        b.open();
        co_await ends.await(2);
    });
}

BOOST_AUTO_TEST_CASE(broken_pool_gives_back_what_has_not_begun_and_the_next_one_runs_it)
{
    scripted_mill m({.batch_size = 3, .max_wait = 1h});
    m.run([&]() -> asio::awaitable<void> {
        int ran = 0;
        // The pool breaks with its first item.
        m.grinder.async_submit(
            [&] {
                if (++ran == 1)
                    m.plot->site().broken(std::make_exception_ptr(std::runtime_error("broken")));
            },
            m.ends.make());
        std::vector<pool_task> kept;
        m.plot->on_execute = [&](pool_task&& task) { kept.push_back(std::move(task)); };
        m.grinder.async_submit([&] { ++ran; }, m.ends.make());
        m.grinder.async_submit([&] { ++ran; }, m.ends.make());
        while (kept.empty())
            co_await asio::post(m.io, asio::use_awaitable);
        m.plot->on_execute = nullptr;
        // It breaks before anything began: all go to the next pool, and run there.
        m.plot->site().broken(std::make_exception_ptr(std::runtime_error("broken")));
        co_await m.ends.await(3);
        BOOST_TEST(m.ends.well() == 3u);
        BOOST_TEST(ran == 3);
        BOOST_TEST((co_await m.grinder.async_stats()).returned >= 3u);
        kept.clear();
    });
}

BOOST_AUTO_TEST_CASE(items_get_the_reason_if_pools_break_again_and_again)
{
    scripted_mill m({.batch_size = 2, .max_wait = 1h}, {.max_pools = 1, .backoff = 1ms});
    m.run([&]() -> asio::awaitable<void> {
        std::vector<pool_task> kept;
        m.plot->on_execute = [&](pool_task&& task) {
            kept.push_back(std::move(task));
            m.plot->site().broken(std::make_exception_ptr(std::runtime_error("broken")));
        };
        m.grinder.async_submit([] {}, m.ends.make());
        m.grinder.async_submit([] {}, m.ends.make());
        co_await m.ends.await(2);
        for (auto n : {0u, 1u})
            BOOST_CHECK_EXCEPTION(std::rethrow_exception(m.ends[n].error), std::runtime_error,
                [](auto const& e) { return std::string_view(e.what()) == "broken"; });
        BOOST_TEST((co_await m.grinder.async_stats()).failed == 2u);
        m.plot->on_execute = nullptr;
        kept.clear();
    });
}

BOOST_AUTO_TEST_CASE(submission_to_a_lease_that_fails_part_way_gives_the_rest_the_failure)
{
    // The pool runs one item, and then takes no more tasks.
    scripted_mill m({.batch_size = 20, .max_wait = 1h});
    m.run([&]() -> asio::awaitable<void> {
        int tasks = 0;
        m.plot->on_execute = [&](pool_task&& task) {
            if (++tasks == 1)
                task();  // a turn
            else
                throw std::length_error("full");
        };
        for (int n = 0; n != 20; ++n)
            m.grinder.async_submit([] {}, m.ends.make());
        co_await m.ends.await(20);
        std::size_t refused = 0;
        for (std::size_t n = 0; n != 20; ++n)
            try {
                if (m.ends[n].error)
                    std::rethrow_exception(m.ends[n].error);
            }
            catch (std::length_error const&) {
                ++refused;
            }
        BOOST_TEST(refused == 4u);
        BOOST_TEST(m.ends.well() == 16u);
        auto const stats = co_await m.grinder.async_stats();
        BOOST_TEST(stats.completed == 16u);
        BOOST_TEST(stats.failed == 4u);
        m.plot->on_execute = nullptr;
    });
}

// Start and stop -----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(submit_before_the_start_and_while_stopping_fails)
{
    mill m({.batch_size = 1});
    blocker b(m.io);
    m.run_unstarted([&]() -> asio::awaitable<void> {
        auto const no_op = [] {};
        endings ends(m.io);
        BOOST_CHECK_EXCEPTION(co_await m.grinder.async_submit(no_op), boost::system::system_error,
            has_code(errc::not_running));
        co_await m.pools.async_start();
        co_await m.grinder.async_start();
        m.grinder.async_submit(b.item(), ends.make());
        co_await b.await();
        verdict stopped(m.io);
        m.grinder.async_stop({}, stopped.handler());
        BOOST_CHECK_EXCEPTION(co_await m.grinder.async_submit(no_op), boost::system::system_error,
            has_code(errc::not_running));
        error_code refused;
        co_await m.grinder.async_start(asio::redirect_error(asio::use_awaitable, refused));
        BOOST_TEST(refused == errc::not_running);
        BOOST_TEST((co_await m.grinder.async_stats()).stopping);
        b.open();
        BOOST_TEST(co_await stopped.get() == error_code());
        BOOST_TEST(ends.well() == 1u);
        co_await m.pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(grinder_started_twice_stopped_before_the_start_and_started_again_works)
{
    mill m({.batch_size = 1});
    m.run_unstarted([&]() -> asio::awaitable<void> {
        co_await m.pools.async_start();
        co_await m.grinder.async_stop();
        for (int n = 0; n != 3; ++n) {
            co_await m.grinder.async_start();
            co_await m.grinder.async_start();
            auto const six = [] { return 6; };
            BOOST_TEST(co_await m.grinder.async_submit(six) == 6);
            co_await m.grinder.async_stop();
            co_await m.grinder.async_stop({.mode = stop_mode::cancel});
        }
        co_await m.pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(stop_with_a_deadline_less_than_zero_is_refused)
{
    mill m({.batch_size = 1});
    m.run([&]() -> asio::awaitable<void> {
        error_code error;
        co_await m.grinder.async_stop(
            {.deadline = -1ns}, asio::redirect_error(asio::use_awaitable, error));
        BOOST_TEST(error == errc::invalid_duration);
        BOOST_TEST((co_await m.grinder.async_stats()).started);
    });
}

BOOST_AUTO_TEST_CASE(draining_stop_runs_what_is_pending_and_what_waits_for_room)
{
    mill m({.batch_size = 4, .max_wait = 1h, .max_pending = 4}, {.max_pools = 1});
    m.run([&]() -> asio::awaitable<void> {
        auto held = co_await m.pools.async_acquire();
        endings ends(m.io);
        for (int n = 0; n != 11; ++n)
            m.grinder.async_submit([] {}, ends.make());
        verdict stopped(m.io);
        m.grinder.async_stop({}, stopped.handler());
        held.release();
        BOOST_TEST(co_await stopped.get() == error_code());
        BOOST_TEST(ends.well() == 11u);  // before the stop has completed
    });
}

BOOST_AUTO_TEST_CASE(canceling_stop_fails_pending_items_and_a_batch_blocked_on_a_lease)
{
    mill m({.batch_size = 2,
               .max_batch = 2,
               .max_wait = 1h,
               .max_pending = 5,
               .max_concurrent_batches = 1},
        {.max_pools = 1});
    m.run([&]() -> asio::awaitable<void> {
        auto held = co_await m.pools.async_acquire();
        endings ends(m.io);
        for (int n = 0; n != 7; ++n)
            m.grinder.async_submit([] {}, ends.make());
        while (m.pools.waiters() == 0)
            co_await asio::post(m.io, asio::use_awaitable);
        co_await m.grinder.async_stop({.mode = stop_mode::cancel});
        BOOST_TEST(m.pools.waiters() == 0u);
        co_await ends.await(7);
        BOOST_TEST(ends.with(errc::not_running) == 7u);
        BOOST_TEST((co_await m.grinder.async_stats()).failed == 7u);
        BOOST_TEST(held.ended() == error_code());
    });
}

BOOST_AUTO_TEST_CASE(canceling_stop_takes_back_a_batch_in_flight_and_waits_for_what_runs)
{
    mill m({.batch_size = 3, .max_wait = 1h}, {.max_pools = 1}, {.workers_per_pool = 1});
    gate go_on;
    m.run([&]() -> asio::awaitable<void> {
        happening begun(m.io);
        outcome<int> running(m.io);
        endings ends(m.io);
        m.grinder.async_submit(
            [&](std::stop_token stop) {
                std::latch asked(1);
                std::stop_callback const when_asked(stop, [&] { asked.count_down(); });
                asio::post(m.io, std::ref(begun));
                go_on.pass();
                asked.wait();  // the request comes on a thread of its own
                return 1;
            },
            running.handler());
        m.grinder.async_submit([] {}, ends.make());
        m.grinder.async_submit([] {}, ends.make());
        co_await begun.await();
        verdict stopped(m.io);
        m.grinder.async_stop({.mode = stop_mode::cancel}, stopped.handler());
        co_await ends.await(2);
        BOOST_TEST(ends.with(errc::not_running) == 2u);
        BOOST_TEST(!stopped.done());
        go_on.open();
        BOOST_TEST(co_await stopped.get() == error_code());
        BOOST_TEST(co_await running.get() == 1);
    });
}

BOOST_AUTO_TEST_CASE(deadline_of_a_draining_stop_cancels_the_rest)
{
    mill m({.batch_size = 1, .max_wait = 1h, .max_concurrent_batches = 1}, {.max_pools = 1},
        {.workers_per_pool = 1});
    blocker b(m.io);
    m.run([&]() -> asio::awaitable<void> {
        endings ends(m.io);
        m.grinder.async_submit(b.item(), ends.make());
        co_await b.await();
        m.grinder.async_submit([] {}, ends.make());
        verdict stopped(m.io);
        m.grinder.async_stop({.deadline = 5ms}, stopped.handler());
        co_await ends.await(1);
        BOOST_TEST(ends[1].code() == errc::not_running);
        b.open();
        BOOST_TEST(co_await stopped.get() == error_code());
    });
}

BOOST_AUTO_TEST_CASE(second_stop_tightens_the_first)
{
    mill m(
        {.batch_size = 1, .max_concurrent_batches = 1}, {.max_pools = 1}, {.workers_per_pool = 1});
    blocker b(m.io);
    m.run([&]() -> asio::awaitable<void> {
        endings ends(m.io);
        m.grinder.async_submit(b.item(), ends.make());
        co_await b.await();
        m.grinder.async_submit([] {}, ends.make());
        verdict first(m.io), second(m.io);
        m.grinder.async_stop({.deadline = 1h}, first.handler());
        m.grinder.async_stop({.mode = stop_mode::cancel}, second.handler());
        co_await ends.await(1);
        BOOST_TEST(ends[1].code() == errc::not_running);
        b.open();
        BOOST_TEST(co_await first.get() == error_code());
        BOOST_TEST(co_await second.get() == error_code());
    });
}

BOOST_AUTO_TEST_CASE(started_grinder_keeps_the_context_running_until_it_is_stopped)
{
    asio::io_context io;
    thread_manager pools(io, thread_backend());
    thread_grinder grinder(pools);
    grinder.async_start(asio::detached);
    io.poll();
    BOOST_TEST(!io.stopped());
    grinder.async_stop({}, asio::detached);
    io.run();
    BOOST_TEST(io.stopped());
}

BOOST_AUTO_TEST_SUITE_END()
