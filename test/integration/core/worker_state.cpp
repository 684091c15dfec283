// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The threads of the thread backend: their names, hooks, CPUs and state.

#include "integration/support/events.hpp"

#include "core/support/os.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// What a worker might hold: cannot be copied or moved.
struct database {
    explicit database(std::atomic<int>& count) : open_(count) { ++open_; }
    database(database const&) = delete;
    database& operator=(database const&) = delete;
    ~database()
    {
        died_on = std::this_thread::get_id();
        --open_;
    }

    std::thread::id const made_on = std::this_thread::get_id();
    int queries = 0;
    static inline std::atomic<std::thread::id> died_on;

private:
    std::atomic<int>& open_;
};

struct fixture {
    asio::io_context io;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(threads_of_a_pool, fixture)

BOOST_AUTO_TEST_CASE(threads_are_named_after_prefix_pool_and_worker)
{
    thread_manager pools(
        io, thread_backend({.workers_per_pool = 2, .name_prefix = "db"}), {.max_pools = 1});
    gate both;
    std::mutex mutex;
    std::vector<std::string> names;
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        happening done(io);
        for (int i = 0; i != 2; ++i)
            lease.async_run(
                [&] {
                    both.pass();
                    std::lock_guard lock(mutex);
                    names.push_back(leasepool::detail::current_thread_name());
                },
                done.handler());
        both.await(2);
        both.open();
        co_await done.await(2);
        std::sort(names.begin(), names.end());
        BOOST_TEST(names == (std::vector<std::string>{"db-1-0", "db-1-1"}),
            boost::test_tools::per_element());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(start_hook_runs_before_the_state_is_made_and_stop_hook_after_it_is_gone)
{
    std::mutex mutex;
    std::map<std::size_t, std::string> order;
    thread_local std::size_t here = 0;
    auto note = [&](char what) {
        std::lock_guard lock(mutex);
        order[here] += what;
    };
    struct tracer {
        decltype(note)& say;
        explicit tracer(decltype(note)& n) : say(n) { say('('); }
        ~tracer() { say(')'); }
        tracer(tracer const&) = delete;
        tracer& operator=(tracer const&) = delete;
    };
    std::atomic<int> wrong_pools{0};
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 2,
            .worker_state = [&] { return tracer(note); },
            .on_thread_start =
                [&](worker_id id) {
                    here = id.worker;
                    wrong_pools += id.pool != 1;
                    note('a');
                },
            .on_thread_stop = [&](worker_id) { note('z'); }}),
        {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        co_await pools.async_stop();
    });
    BOOST_TEST(wrong_pools == 0);
    BOOST_TEST(order[0] == "a()z");
    BOOST_TEST(order[1] == "a()z");
}

BOOST_AUTO_TEST_CASE(each_worker_has_a_state_of_its_own_and_destroys_it_on_its_thread)
{
    std::atomic<int> open{0};
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 2, .worker_state = [&] { return database(open); }}),
        {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        BOOST_TEST(open == 2);
        auto lease = co_await pools.async_acquire();
        gate both;
        std::atomic<int> others{0};
        happening done(io);
        for (int i = 0; i != 2; ++i) {
            auto query = with_state<database>([&](database& db) {
                both.pass();
                others += db.made_on != std::this_thread::get_id();
                return ++db.queries;
            });
            lease.async_run(std::move(query), [&](std::exception_ptr error, int queries) {
                BOOST_TEST(!error);
                BOOST_TEST(queries == 1);
                done();
            });
        }
        both.await(2);
        both.open();
        co_await done.await(2);
        BOOST_TEST(others == 0);
        lease.release();
        co_await pools.async_stop();
        BOOST_TEST(open == 0);
        BOOST_TEST((database::died_on.load() != std::this_thread::get_id()));
    });
}

BOOST_AUTO_TEST_CASE(state_lasts_from_one_lease_to_the_next)
{
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 1, .worker_state = [] { return 10; }}),
        {.max_pools = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        for (int i = 11; i != 14; ++i) {
            auto lease = co_await pools.async_acquire();
            BOOST_TEST(co_await lease.async_run(with_state<int>([](int& n) { return ++n; })) == i);
        }
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(function_with_state_may_take_a_stop_token)
{
    thread_manager pools(
        io, thread_backend({.workers_per_pool = 1, .worker_state = [] { return 10; }}));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto lease = co_await pools.async_acquire();
        BOOST_TEST(co_await lease.async_run(with_state<int>([](int& n, std::stop_token stop) {
            return stop.stop_possible() ? n : 0;
        })) == 10);
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
}

BOOST_AUTO_TEST_CASE(state_of_another_type_or_none_is_an_error_of_the_call)
{
    thread_manager typed(
        io, thread_backend({.workers_per_pool = 1, .worker_state = [] { return 10; }}));
    thread_manager bare(io, thread_backend({.workers_per_pool = 1}));
    run(io, [&]() -> asio::awaitable<void> {
        for (auto* const pools : {&typed, &bare}) {
            co_await pools->async_start();
            auto lease = co_await pools->async_acquire();
            BOOST_CHECK_EXCEPTION(
                co_await lease.async_run(with_state<long>([](long& n) { return n; })),
                boost::system::system_error, has_code(errc::no_worker_state));
            BOOST_TEST(!lease.ended());
            lease.release();
            co_await pools->async_stop();
        }
    });
}

BOOST_AUTO_TEST_CASE(stop_hook_that_throws_is_reported_and_the_pool_closes)
{
    journal log(io);
    happening unhandled(io);
    manager_options options{.max_pools = 1, .log = std::ref(log)};
    options.observer.on_unhandled_exception = std::ref(unhandled);
    thread_manager pools(io,
        thread_backend({.workers_per_pool = 1,
            .on_thread_stop = [](worker_id) { throw std::runtime_error("stuck lid"); }}),
        std::move(options));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        co_await pools.async_stop();
        co_await unhandled.await();
        BOOST_TEST((co_await pools.async_stats()).unhandled_exceptions == 1u);
    });
}

BOOST_AUTO_TEST_CASE(threads_run_on_the_cpus_they_are_given)
{
    auto const allowed = leasepool::detail::current_thread_affinity();
    BOOST_REQUIRE(!allowed.empty());
    std::vector<int> const one{allowed.back()};
    thread_manager pools(io, thread_backend({.workers_per_pool = 1, .affinity = one}));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const there =
            co_await pools.async_run([] { return leasepool::detail::current_thread_affinity(); });
        BOOST_TEST(there == one, boost::test_tools::per_element());
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(cpu_that_cannot_be_had_fails_the_start)
{
    journal log(io);
    thread_manager pools(io, thread_backend({.workers_per_pool = 1, .affinity = {1 << 18}}),
        {.max_pools = 1, .log = std::ref(log)});
    run(io, [&]() -> asio::awaitable<void> {
        auto [error] = co_await pools.async_start(as_tuple);
        BOOST_TEST((error == std::errc::invalid_argument));
        auto const text = log.last("a pool could not be made")["error"];
        BOOST_TEST(text.find(std::to_string(1 << 18)) != std::string::npos);
    });
}

#if defined(__linux__)

/// Lets no thread lower its nice value below 20 during its lifetime, unless it is privileged.
class no_nice_limit {
public:
    no_nice_limit()
    {
        ::getrlimit(RLIMIT_NICE, &before_);
        rlimit const lowest{0, before_.rlim_max};
        ::setrlimit(RLIMIT_NICE, &lowest);
    }
    ~no_nice_limit() { ::setrlimit(RLIMIT_NICE, &before_); }
    no_nice_limit(no_nice_limit const&) = delete;
    no_nice_limit& operator=(no_nice_limit const&) = delete;

private:
    rlimit before_{};
};

BOOST_AUTO_TEST_CASE(nice_value_is_added_to_that_of_the_process)
{
    auto const here = leasepool::detail::current_thread_nice();
    thread_manager pools(io, thread_backend({.workers_per_pool = 1, .nice = 5}));
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        auto const there =
            co_await pools.async_run([] { return leasepool::detail::current_thread_nice(); });
        BOOST_TEST(there == std::min(here + 5, 19));
        BOOST_TEST(leasepool::detail::current_thread_nice() == here);
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(negative_nice_value_without_the_privilege_fails_the_start)
{
    no_nice_limit const limit;
    std::string error;
    // On a thread that gives up the privilege, and that runs the context.
    std::thread([&] {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct none[2] = {};
        if (::syscall(SYS_capset, &header, none) != 0) {
            error = "the privilege cannot be given up";
            return;
        }
        leasepool::detail::add_to_current_thread_nice(19);
        journal log(io);
        thread_manager pools(io, thread_backend({.workers_per_pool = 1, .nice = -5}),
            {.max_pools = 1, .log = std::ref(log)});
        pools.async_start([&](error_code started) {
            error = started == std::errc::permission_denied ||
                    started == std::errc::operation_not_permitted
                ? log.last("a pool could not be made")["error"]
                : "another error: " + started.message();
        });
        io.run();
    }).join();
    BOOST_TEST(error.starts_with("leasepool: cannot add -5 to the nice value of a thread"), error);
}

#endif

BOOST_AUTO_TEST_CASE(spinning_threads_run_wait_and_stop_like_others)
{
    for (steady_duration const spin : {steady_duration(1us), steady_duration(1h)}) {
        thread_manager pools(
            io, thread_backend({.workers_per_pool = 2, .spin = spin}), {.max_pools = 1});
        run(io, [&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            auto lease = co_await pools.async_acquire();
            for (int i = 0; i != 20; ++i)
                BOOST_TEST(co_await lease.async_run([&] { return i; }) == i);
            BOOST_CHECK_THROW(
                co_await lease.async_run([] { throw std::domain_error("x"); }), std::domain_error);
            lease.release();
            co_await pools.async_stop();
        });
    }
}

BOOST_AUTO_TEST_SUITE_END()
