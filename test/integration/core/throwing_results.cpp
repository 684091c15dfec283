// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Results whose move or default constructor throws: the operation completes all the same, once.

#include "integration/support/io_threads.hpp"

#include <leasepool/work_grinder.hpp>

#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/describe/class.hpp>
#include <boost/mpl/list.hpp>

#include <atomic>
#include <exception>
#include <future>
#include <stdexcept>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

namespace throwing_results_test {

struct move_failed : std::exception {};
struct default_failed : std::exception {};

/// It can be moved `moves` times; the next move throws, as that of a std::deque does without memory.
struct fragile {
    fragile() noexcept = default;
    fragile(int v, int m) noexcept : value(v), moves(m) {}
    fragile(fragile&& other) : value(other.value), moves(other.moves - 1)
    {
        if (other.moves == 0)
            throw move_failed();
    }
    fragile& operator=(fragile&&) = default;

    int value = 0;
    int moves = -1;
};
BOOST_DESCRIBE_STRUCT(fragile, (), (value, moves))

std::atomic<bool> default_fails = false;

/// Its default constructor throws.
struct demanding {
    demanding()
    {
        if (default_fails.exchange(false))
            throw default_failed();
    }

    int value = 0;
};

/// So does this one's, and its move constructor is not noexcept.
struct demanding_and_fragile : demanding {
    demanding_and_fragile() = default;
    demanding_and_fragile(demanding_and_fragile&& other) noexcept(false) : demanding(other) {}
    demanding_and_fragile& operator=(demanding_and_fragile&&) = default;
};

/// A lease, a second pool, and a grinder.
struct stage {
    stage()
    {
        start(pools);
        get(grinder.async_start(asio::use_future));
        held = acquire(pools);
    }
    ~stage()
    {
        held = {};
        get(grinder.async_stop({}, asio::use_future));
        get(pools.async_stop({}, asio::use_future));
        io.join();
    }

    io_threads io;
    thread_manager pools{io.context(), thread_backend({.workers_per_pool = 1}), {.max_pools = 2}};
    work_grinder<thread_backend> grinder{pools, {.batch_size = 1}};
    thread_lease held;
};

fragile answer(int moves)
{
    return {42, moves};
}

constexpr job answer_job{"answer", &answer};

// Each begins an operation with a result that can be moved so often.

struct on_a_lease {
    template <class Token>
    static auto begin(stage& s, int moves, Token&& token)
    {
        auto const function = [moves] { return answer(moves); };
        return s.held.async_run(function, std::forward<Token>(token));
    }
};

struct on_a_manager {
    template <class Token>
    static auto begin(stage& s, int moves, Token&& token)
    {
        auto const function = [moves] { return answer(moves); };
        return s.pools.async_run(function, std::forward<Token>(token));
    }
};

struct on_a_grinder {
    template <class Token>
    static auto begin(stage& s, int moves, Token&& token)
    {
        auto const function = [moves] { return answer(moves); };
        return s.grinder.async_submit(function, std::forward<Token>(token));
    }
};

struct as_a_job {
    template <class Token>
    static auto begin(stage& s, int moves, Token&& token)
    {
        return s.held.async_run(answer_job(moves), std::forward<Token>(token));
    }
};

using ways = boost::mpl::list<on_a_lease, on_a_manager, on_a_grinder, as_a_job>;

// To where the operation keeps it. All moves after that are of the handler.
constexpr int moves_on_the_worker = 1;

/// A callback that moves nothing.
template <class R>
struct callback {
    struct outcome {
        std::exception_ptr error;
        int value;
    };

    /// A second call throws, and so ends the test.
    auto handler()
    {
        return [this](std::exception_ptr const& error, R&& result) {
            called.set_value({error, result.value});
        };
    }

    std::promise<outcome> called;
};

}  // namespace throwing_results_test

using namespace throwing_results_test;

BOOST_AUTO_TEST_SUITE(throwing_results)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_move_that_throws_on_the_worker_is_the_outcome, Way, ways)
{
    stage s;
    callback<fragile> result;
    Way::begin(s, moves_on_the_worker - 1, result.handler());
    auto const got = get(result.called);
    BOOST_REQUIRE(got.error);
    BOOST_CHECK_THROW(std::rethrow_exception(got.error), move_failed);
    BOOST_TEST(got.value == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_result_is_not_moved_for_a_callback, Way, ways)
{
    stage s;
    callback<fragile> result;
    Way::begin(s, moves_on_the_worker, result.handler());
    auto const got = get(result.called);
    BOOST_TEST(!got.error);
    BOOST_TEST(got.value == 42);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_coroutine_gets_what_a_move_threw, Way, ways)
{
    stage s;
    int failed = 0;
    for (int moves = 0;; ++moves) {
        std::promise<int> ended;
        auto const body = [&s, moves]() -> asio::awaitable<int> {
            auto const result = co_await Way::begin(s, moves, asio::use_awaitable);
            co_return result.value;
        };
        asio::co_spawn(s.io.context(), body, [&](std::exception_ptr const& error, int value) {
            if (error)
                ended.set_exception(error);
            else
                ended.set_value(value);
        });
        try {
            BOOST_TEST(get(ended) == 42);
            break;
        }
        catch (move_failed const&) {
            ++failed;
        }
    }
    // On the worker, into the coroutine's frame, and out of it.
    BOOST_TEST(failed >= moves_on_the_worker + 2);
}

// std::promise moves the value inside std::call_once, which never ends under TSan if that throws.
#if !defined(__SANITIZE_THREAD__)
BOOST_AUTO_TEST_CASE_TEMPLATE(a_future_gets_what_a_move_threw, Way, ways)
{
    stage s;
    auto future = Way::begin(s, moves_on_the_worker, asio::use_future);
    BOOST_CHECK_THROW(get(std::move(future)), move_failed);
}
#endif

using demanding_results = boost::mpl::list<demanding, demanding_and_fragile>;

BOOST_AUTO_TEST_CASE_TEMPLATE(a_default_value_is_made_before_it_is_needed, R, demanding_results)
{
    stage s;
    callback<R> result;
    auto const fail = []() -> R {
        default_fails = true;
        throw std::domain_error("no result");
    };
    s.held.async_run(fail, result.handler());
    auto const got = get(result.called);
    BOOST_TEST(default_fails.exchange(false));
    BOOST_CHECK_THROW(std::rethrow_exception(got.error), std::domain_error);
    BOOST_TEST(got.value == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_default_value_that_throws_is_the_callers, R, demanding_results)
{
    stage s;
    callback<R> result;
    std::atomic<bool> called = false;
    auto const function = [&called] {
        called = true;
        return R();
    };
    default_fails = true;
    BOOST_CHECK_THROW(s.held.async_run(function, result.handler()), default_failed);
    get(s.held.async_run([] {}, asio::use_future));
    BOOST_TEST(!called);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_result_takes_the_place_of_the_default_value, R, demanding_results)
{
    stage s;
    callback<R> result;
    auto const function = [] {
        R made;
        made.value = 42;
        return made;
    };
    s.held.async_run(function, result.handler());
    auto const got = get(result.called);
    BOOST_TEST(!got.error);
    BOOST_TEST(got.value == 42);
}

BOOST_AUTO_TEST_SUITE_END()
