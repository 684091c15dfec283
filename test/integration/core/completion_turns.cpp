// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Completions take their turns in an io_context as those of Asio's own operations do.

#include "integration/support/grinder_support.hpp"

#include <boost/asio/post.hpp>
#include <boost/mpl/list.hpp>

#include <algorithm>
#include <functional>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

namespace completion_turns_test {

constexpr int half = 40;

struct on_a_lease {
    template <class F, class Handler>
    static void begin(thread_lease& held, thread_grinder&, F f, Handler handler)
    {
        held.async_run(std::move(f), std::move(handler));
    }
};

struct on_a_grinder {
    template <class F, class Handler>
    static void begin(thread_lease&, thread_grinder& grinder, F f, Handler handler)
    {
        grinder.async_submit(std::move(f), std::move(handler));
    }
};

using ways = boost::mpl::list<on_a_lease, on_a_grinder>;

/// Functions that run one after the other, while the test's own thread does not run their handlers.
struct stage {
    stage()
    {
        run_to_end(m.io, [this]() -> asio::awaitable<void> {
            co_await m.pools.async_start();
            co_await m.grinder.async_start();
            held = co_await m.pools.async_acquire();
        });
    }
    ~stage()
    {
        for (gate* at : {&first, &middle, &last})
            at->open();
        test::run(m.io, [this]() -> asio::awaitable<void> {
            held = {};
            co_await m.grinder.async_stop();
            co_await m.pools.async_stop();
        });
    }

    template <class Way>
    void block(gate& at)
    {
        Way::begin(
            held, m.grinder, [&at] { at.pass(); }, [this](std::exception_ptr) { ++called; });
    }
    template <class Way>
    void run_half(std::function<void(int)> on_call = [](int) {})
    {
        for (int i = 0; i != half; ++i)
            Way::begin(
                held, m.grinder, [] {}, [this, on_call](std::exception_ptr) { on_call(++called); });
    }

    /// Begins everything, and returns when the function at `middle` runs: half of the completions are
    /// posted then, and none has run.
    template <class Way>
    void begin_all(std::function<void(int)> on_call = [](int) {})
    {
        block<Way>(first);
        run_half<Way>(std::move(on_call));
        block<Way>(middle);
        run_half<Way>();
        block<Way>(last);
        reach(first);
        first.open();
        middle.await();
    }

    /// Until the first function is at this gate; the manager may need the context for that.
    void reach(gate& at)
    {
        for (int i = 0; i != 10; ++i)
            m.io.poll();
        at.await();
        m.io.poll();
        BOOST_TEST_REQUIRE(called == 0);
    }

    // One batch, which begins when it is complete: a first function, two halves, and one behind each.
    mill m{{.batch_size = 2 * half + 3}, {.max_pools = 2, .min_pools = 2}, {.workers_per_pool = 1}};
    thread_lease held;
    int called = 0;
    gate first;
    gate middle;
    gate last;
};

}  // namespace completion_turns_test

using namespace completion_turns_test;

BOOST_AUTO_TEST_SUITE(completion_turns)

BOOST_AUTO_TEST_CASE_TEMPLATE(completion_overtakes_nothing_and_is_one_handler, Way, ways)
{
    stage s;
    s.begin_all<Way>();
    int called_before = -1;
    asio::post(s.m.io, [&] { called_before = s.called; });
    s.middle.open();
    s.last.await();
    int most = 0;
    for (int before = 0; s.m.io.poll_one() != 0; before = s.called)
        most = std::max(most, s.called - before);
    BOOST_TEST(called_before == half + 1);
    BOOST_TEST(s.called == 2 * half + 2);
    BOOST_TEST(most == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(no_handler_runs_after_the_context_was_stopped, Way, ways)
{
    stage s;
    s.begin_all<Way>([&](int n) {
        if (n == 5)
            s.m.io.stop();
    });
    s.middle.open();
    s.last.await();
    s.m.io.poll();
    BOOST_TEST(s.called == 5);
    s.m.io.restart();
    s.m.io.poll();
    BOOST_TEST(s.called == 2 * half + 2);
}

BOOST_AUTO_TEST_SUITE_END()
