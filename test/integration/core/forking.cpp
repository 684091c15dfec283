// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A manager of threads in a child made by fork(), without exec.

#include "integration/support/events.hpp"
#include "integration/support/forks.hpp"
#include "integration/support/io_threads.hpp"

#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#if defined(LEASEPOOL_TEST_FORKS)

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// Runs `body` in a forked child: true if it returned true. One that hangs is ended by a signal.
bool in_a_child(asio::io_context& io, std::function<bool()> const& body)
{
    io.notify_fork(asio::execution_context::fork_prepare);
    auto const child = ::fork();
    if (child == 0) {
        ::alarm(60);
        bool passed = false;
        try {
            io.notify_fork(asio::execution_context::fork_child);
            passed = body();
        }
        catch (...) {
        }
        ::_exit(passed ? 0 : 1);
    }
    io.notify_fork(asio::execution_context::fork_parent);
    BOOST_TEST_REQUIRE(child > 0);
    int status = -1;
    BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct fixture {
    fixture()
        : pools(std::make_unique<thread_manager>(io, thread_backend({.workers_per_pool = 2}),
              manager_options{.max_pools = 1, .backoff = 1ms}))
    {
        run_to_end(io, [&]() -> asio::awaitable<void> {
            co_await pools->async_start();
            co_await pools->async_run([] {});  // it has a pool that works
        });
    }
    ~fixture()
    {
        run_to_end(io, [&]() -> asio::awaitable<void> { co_await pools->async_stop(); });
    }

    thread_lease acquire()
    {
        thread_lease lease;
        run_to_end(io, [&]() -> asio::awaitable<void> { lease = co_await pools->async_acquire(); });
        return lease;
    }

    asio::io_context io;
    std::unique_ptr<thread_manager> pools;
};

asio::awaitable<void> stop_a_function(thread_manager& pools, asio::io_context& io)
{
    auto lease = co_await pools.async_acquire();
    happening returned(io);
    std::promise<void> running;
    lease.async_run(
        [&](std::stop_token token) {
            std::promise<void> asked;
            std::stop_callback const on_stop(token, [&] { asked.set_value(); });
            running.set_value();
            get(asked);
        },
        returned.handler());
    get(running);
    co_await pools.async_stop({.mode = stop_mode::cancel});
    co_await returned.await();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(forking, fixture)

BOOST_AUTO_TEST_CASE(function_on_a_pool_of_the_parent_fails_and_the_child_gets_a_pool_of_its_own)
{
    BOOST_TEST(in_a_child(io, [&] {
        std::string text;
        auto const code = code_thrown_by([&] {
            try {
                run_to_end(
                    io, [&]() -> asio::awaitable<void> { co_await pools->async_run([] {}); });
            }
            catch (std::exception const& e) {
                text = e.what();
                throw;
            }
        });
        pid_t here = 0;
        run_to_end(io, [&]() -> asio::awaitable<void> {
            here = co_await pools->async_run([] { return ::getpid(); });
            co_await pools->async_stop();
        });
        return code == errc::pool_broken && text.find("forked") != std::string::npos &&
            here == ::getpid();
    }));
}

BOOST_AUTO_TEST_CASE(what_is_posted_to_a_pool_of_the_parent_is_destroyed_and_the_pool_replaced)
{
    auto lease = acquire();
    BOOST_TEST(in_a_child(io, [&] {
        auto const alive = std::make_shared<int>();
        asio::post(lease.get_executor(), [alive] {});
        bool const destroyed = alive.use_count() == 1;
        io.restart();
        while (!lease.ended())
            io.run_one();
        bool const broken = lease.ended() == errc::pool_broken;
        lease.release();
        run_to_end(io, [&]() -> asio::awaitable<void> { co_await pools->async_run([] {}); });
        return destroyed && broken;
    }));
    lease.release();
}

BOOST_AUTO_TEST_CASE(manager_of_the_parent_stops)
{
    BOOST_TEST(in_a_child(io, [&] {
        run_to_end(io, [&]() -> asio::awaitable<void> { co_await pools->async_stop(); });
        return pools->total() == 0;
    }));
}

BOOST_AUTO_TEST_CASE(manager_of_the_parent_is_destroyed_without_a_wait)
{
    auto lease = acquire();
    BOOST_TEST(in_a_child(io, [&] {
        pools.reset();
        return lease.ended() == errc::not_running;
    }));
    lease.release();
}

BOOST_AUTO_TEST_CASE(manager_made_in_the_child_works)
{
    BOOST_TEST(in_a_child(io, [&] {
        thread_manager own(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
        run_to_end(io, [&]() -> asio::awaitable<void> {
            co_await own.async_start();
            co_await own.async_run([] {});
            co_await own.async_stop();
        });
        return true;
    }));
}

BOOST_AUTO_TEST_CASE(function_is_asked_to_stop_in_the_child_as_in_the_parent)
{
    run_to_end(io, [&] { return stop_a_function(*pools, io); });
    BOOST_TEST(in_a_child(io, [&] {
        thread_manager own(io, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
        run_to_end(io, [&]() -> asio::awaitable<void> {
            co_await own.async_start();
            co_await stop_a_function(own, io);
        });
        return true;
    }));
}

BOOST_AUTO_TEST_SUITE_END()

#endif
