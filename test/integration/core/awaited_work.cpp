// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The spellings that config.hpp calls safe in a co_await operand: what functions and jobs own is
// destroyed once, also by g++ 12.

#include "integration/support/support.hpp"

#include <leasepool/worker_state.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// Knows its own address, which a bitwise copy does not have.
class instance {
public:
    instance() { begin(); }
    instance(instance const&) { begin(); }
    instance(instance&&) noexcept { begin(); }
    instance& operator=(instance const&) = default;
    instance& operator=(instance&&) = default;
    ~instance()
    {
        std::lock_guard lock(mutex);
        if (alive.erase(this) == 0)
            ++destroyed_too_often;
    }

    static inline std::mutex mutex;
    static inline std::set<instance const*> alive;
    static inline int destroyed_too_often = 0;

private:
    void begin()
    {
        std::lock_guard lock(mutex);
        alive.insert(this);
    }
};

struct move_only_instance : instance {
    move_only_instance() = default;
    move_only_instance(move_only_instance&&) noexcept = default;
};

struct document {
    std::string title;
    instance counted{};
};
BOOST_DESCRIBE_STRUCT(document, (), (title))

std::size_t title_length(document const& d)
{
    return d.title.size();
}
constexpr job length_job{"title_length", &title_length};

std::size_t report_length(job_context& context, document const& d)
{
    context.progress(d.title);
    return d.title.size();
}
constexpr job report_job{"report_length", &report_length};

struct fixture {
    asio::io_context io;
    thread_manager pools{io,
        thread_backend({.workers_per_pool = 1, .worker_state = [] { return 0; }}),
        {.max_pools = 1}};
    std::string const title = "a title that is longer than any small buffer";

    fixture()
    {
        instance::alive.clear();
        instance::destroyed_too_often = 0;
    }

    /// Runs `body(lease)` in a coroutine.
    template <class Body>
    void run_on_a_lease(Body body)
    {
        run(io, [&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            auto lease = co_await pools.async_acquire();
            co_await body(lease);
            lease.release();
            co_await pools.async_stop({.mode = stop_mode::cancel});
        });
        BOOST_TEST(instance::alive.size() == 0u);
        BOOST_TEST(instance::destroyed_too_often == 0);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(awaited_work, fixture)

BOOST_AUTO_TEST_CASE(named_closure_is_destroyed_once)
{
    run_on_a_lease([&](thread_lease& lease) -> asio::awaitable<void> {
        instance counted;
        auto length = [counted, t = title] { return t.size(); };
        BOOST_TEST(co_await lease.async_run(length) == title.size());
        auto const [error, again] =
            co_await lease.async_run(length, asio::as_tuple(asio::use_awaitable));
        BOOST_TEST(!error);
        BOOST_TEST(again == title.size());
    });
}

BOOST_AUTO_TEST_CASE(referenced_closure_is_neither_copied_nor_moved)
{
    run_on_a_lease([&](thread_lease& lease) -> asio::awaitable<void> {
        auto length = [counted = move_only_instance(), t = std::make_unique<std::string>(title)] {
            std::lock_guard lock(instance::mutex);
            return std::pair(t->size(), instance::alive.size());
        };
        auto const [size, instances] = co_await lease.async_run(std::ref(length));
        BOOST_TEST(size == title.size());
        BOOST_TEST(instances == 1u);
    });
}

BOOST_AUTO_TEST_CASE(referenced_closure_gets_its_stop_token)
{
    run_on_a_lease([&](thread_lease& lease) -> asio::awaitable<void> {
        auto ask = [counted = move_only_instance()](
                       std::stop_token stop) { return stop.stop_possible(); };
        BOOST_TEST(co_await lease.async_run(std::ref(ask)));
    });
}

BOOST_AUTO_TEST_CASE(named_function_with_state_is_destroyed_once)
{
    run_on_a_lease([&](thread_lease& lease) -> asio::awaitable<void> {
        instance counted;
        auto next = with_state<int>([counted](int& n) { return ++n; });
        BOOST_TEST(co_await lease.async_run(next) == 1);
        BOOST_TEST(co_await lease.async_run(std::ref(next)) == 2);
    });
}

BOOST_AUTO_TEST_CASE(arguments_of_a_named_job_call_are_destroyed_once)
{
    run_on_a_lease([&](thread_lease& lease) -> asio::awaitable<void> {
        auto call = length_job({title});
        BOOST_TEST(co_await lease.async_run(call) == title.size());
        BOOST_TEST(co_await lease.async_run(job_options(), call) == title.size());
    });
}

BOOST_AUTO_TEST_CASE(callback_of_named_options_is_destroyed_once)
{
    run_on_a_lease([&](thread_lease& lease) -> asio::awaitable<void> {
        instance counted;
        std::string news;
        job_options options;
        options.on_progress(
            [counted, &news](boost::json::value const& v) { news = v.as_string(); });
        auto call = report_job({title});
        BOOST_TEST(co_await lease.async_run(options, call) == title.size());
        BOOST_TEST(news == title);
    });
}

BOOST_AUTO_TEST_CASE(named_work_of_a_manager_is_destroyed_once)
{
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        instance counted;
        auto length = [counted, t = title] { return t.size(); };
        BOOST_TEST(co_await pools.async_run(length) == title.size());
        BOOST_TEST(co_await pools.async_run({.owner = "a"}, std::ref(length)) == title.size());
        auto call = length_job({title});
        BOOST_TEST(co_await pools.async_run(call) == title.size());
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
    BOOST_TEST(instance::alive.size() == 0u);
    BOOST_TEST(instance::destroyed_too_often == 0);
}

BOOST_AUTO_TEST_CASE(named_work_of_a_grinder_is_destroyed_once)
{
    work_grinder<thread_backend> grinder(pools, {.batch_size = 1});
    run(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        co_await grinder.async_start();
        instance counted;
        auto length = [counted, t = title] { return t.size(); };
        BOOST_TEST(co_await grinder.async_submit(length) == title.size());
        BOOST_TEST(co_await grinder.async_submit({.owner = "a"}, std::ref(length)) == title.size());
        auto call = length_job({title});
        BOOST_TEST(co_await grinder.async_submit(call) == title.size());
        co_await grinder.async_stop();
        co_await pools.async_stop({.mode = stop_mode::cancel});
    });
    BOOST_TEST(instance::alive.size() == 0u);
    BOOST_TEST(instance::destroyed_too_often == 0);
}

BOOST_AUTO_TEST_SUITE_END()
