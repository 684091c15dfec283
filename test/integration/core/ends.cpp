// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What meets an end half way: of a pool, of the manager, of the context.

#include "integration/support/support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace leasepool::test {
namespace {

/// Runs functions inside the call that queues them, and says at once what it is asked.
struct inline_backend {
    struct pool_type {
        pool_site site;
        void execute(pool_task&& task) { task(); }
        std::size_t workers() const noexcept { return 1; }
        void close() noexcept { site.closed(); }
    };
    std::string_view name() const noexcept { return "inline"; }
    std::size_t workers_per_pool() const noexcept { return 1; }
    std::unique_ptr<pool_type> make_pool(pool_site site)
    {
        site.ready();
        return std::make_unique<pool_type>(std::move(site));
    }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ends)

BOOST_AUTO_TEST_CASE(runner_still_queued_in_a_closed_pool_is_destroyed_with_its_memory)
{
    asio::io_context io;
    thread_manager pools(io, thread_backend({.workers_per_pool = 1}));
    gate door;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();

        // Not through the lease's executor, so that the lease does not wait for it.
        asio::execution_context& context = lease;
        asio::post(static_cast<asio::io_context&>(context), [&] { door.pass(); });
        door.await();

        asio::cancellation_signal cancel;
        std::exception_ptr error;
        lease.async_run([] {},
            asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr e) { error = e; }));
        cancel.emit(asio::cancellation_type::terminal);
        co_await lease.async_release();
        BOOST_TEST((error != nullptr));

        pools.async_stop({}, asio::detached);
        co_await asio::post(io, asio::use_awaitable);
        door.open();  // the pool was told to close before
    });
}

BOOST_AUTO_TEST_CASE(pool_may_be_closed_by_the_last_function_that_runs_inside_its_execute)
{
    asio::io_context io;
    manager<inline_backend> pools(io, inline_backend(), {.max_pools = 2, .min_pools = 1});
    int runs = 0;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        {
            auto const first = co_await pools.async_acquire();
            // On a second pool, which is one too many once it comes back.
            co_await pools.async_run([&] { ++runs; });
        }
        auto lease = co_await pools.async_acquire();
        co_await lease.async_run([&] {
            ++runs;
            lease.release();
            pools.async_stop({}, asio::detached);
        });
        co_await pools.async_stop();
        auto const s = co_await pools.async_stats();
        BOOST_TEST(s.pools_closed == 2u);
    });
    BOOST_TEST(runs == 2);
}

BOOST_AUTO_TEST_CASE(last_work_of_a_lease_may_end_after_the_context_is_gone)
{
    // The sanitizers watch.
    std::optional<asio::io_context> io(std::in_place);
    std::optional<thread_manager> pools(std::in_place, *io, thread_backend());
    std::optional<asio::any_io_executor> kept;
    thread_lease lease;
    run(*io, [&]() -> asio::awaitable<void> {
        co_await pools->async_start();
        lease = co_await pools->async_acquire();
        kept = asio::require(lease.get_executor(), asio::execution::outstanding_work.tracked);
        asio::post(*io, [&] { io->stop(); });  // a started manager keeps it going
    });
    io.reset();
    BOOST_TEST((lease.ended() == errc::not_running));
    kept.reset();
    lease.release();
    pools->notify_scale_changed();
    pools.reset();
}

BOOST_AUTO_TEST_CASE(handlers_are_not_destroyed_on_a_pools_thread_when_the_context_goes)
{
    // Such a handler may own the manager, which waits for that thread.
    gate door;
    std::thread::id where;
    auto io = std::make_unique<asio::io_context>();
    struct on_exit {
        explicit on_exit(std::thread::id& w) : where(w) {}
        ~on_exit() { where = std::this_thread::get_id(); }
        std::thread::id& where;
    };
    {
        auto pools = std::make_shared<thread_manager>(
            *io, thread_backend(), manager_options{.log = [](log_record const&) {}});
        thread_lease lease;
        pools->async_start([&](error_code) {
            pools->async_acquire({}, [&](error_code, thread_lease l) {
                lease = std::move(l);
                lease.async_run([&] { door.pass(); }, [](std::exception_ptr) {});
                // Submitted to the strand, which does not come to run it.
                pools->async_acquire(
                    {}, [pools, e = std::make_unique<on_exit>(where)](error_code, thread_lease) {});
                io->stop();
            });
        });
        io->run();
        door.await();
        pools.reset();
    }
    std::jthread const opener([&] {
        // By then the context waits for the function; if not, nothing is shown, but nothing fails.
        for (int n = 0; n != 1000; ++n)
            std::this_thread::yield();
        door.open();
    });
    io.reset();
    BOOST_TEST((where == std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(drain_that_races_its_wait_is_never_missed)
{
    // The pool comes back on one thread while another says that it waits for that.
    asio::io_context io;
    auto guard = asio::make_work_guard(io);
    std::vector<std::jthread> threads;
    for (int n = 0; n != 2; ++n)
        threads.emplace_back([&] { io.run(); });
    {
        thread_manager pools(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
        pools.async_start(asio::use_future).get();
        for (int n = 0; n != 5'000; ++n) {
            auto lease = pools.async_acquire({}, asio::use_future).get();
            auto done = lease.async_release(asio::use_future);
            BOOST_REQUIRE((done.wait_for(1min) == std::future_status::ready));
            done.get();
        }
        pools.async_stop({}, asio::use_future).get();
    }
    guard.reset();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
