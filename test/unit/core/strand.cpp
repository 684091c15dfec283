// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The strand on one thread; test/integration/strand.cpp has the threads.

#include "core/async/strand.hpp"
#include "support/executor_over.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace leasepool::test {
namespace {

namespace asio = boost::asio;
using detail::strand;

struct owner final : strand::owner {
    void strand_add_ref() noexcept override { ++references; }
    void strand_release() noexcept override
    {
        if (--references == 0 && on_last)
            on_last();
    }
    void strand_settle() noexcept override { ++settled; }
    int references = 0;
    int settled = 0;
    std::function<void()> on_last;
};

struct node final : detail::strand_node {
    explicit node(std::function<void()> f = {}) : on_run(std::move(f)) {}
    void run_on_strand() noexcept override
    {
        ++runs;
        if (on_run)
            on_run();
    }
    void discard() noexcept override { ++discards; }
    std::function<void()> on_run;
    int runs = 0;
    int discards = 0;
};

struct fixture {
    asio::io_context io{1};
    owner keeper;
    strand on{io.get_executor(), keeper};
    std::vector<int> order;
    std::deque<node> nodes;

    ~fixture() { poll(); }  // a posted run refers to the strand

    node& next()
    {
        auto const n = static_cast<int>(nodes.size());
        return nodes.emplace_back([this, n] { order.push_back(n); });
    }
    void poll()
    {
        io.restart();
        io.poll();
    }
};

/// Throws at its next posts: first so often `bad_alloc`, then so often another exception.
struct failing_executor : executor_over {
    struct plan {
        int without_memory = 0;
        int refusals = 0;
    };

    template <class F>
    void execute(F f) const
    {
        if (to_come->without_memory != 0) {
            --to_come->without_memory;
            throw std::bad_alloc();
        }
        if (to_come->refusals != 0) {
            --to_come->refusals;
            throw std::runtime_error("refused");
        }
        asio::post(*io, std::move(f));
    }
    bool operator==(failing_executor const&) const noexcept = default;

    plan* to_come;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(strand_on_one_thread)

BOOST_AUTO_TEST_CASE(submitted_nodes_run_in_order_and_later)
{
    fixture d;
    for (int n = 0; n != 5; ++n)
        d.on.submit(d.next());
    BOOST_TEST(d.order.empty());
    BOOST_TEST(d.keeper.references == 1);  // for the one posted run
    d.poll();
    BOOST_TEST(d.order == (std::vector{0, 1, 2, 3, 4}), boost::test_tools::per_element());
    BOOST_TEST(d.keeper.references == 0);
    BOOST_TEST(d.keeper.settled == 5);
}

BOOST_AUTO_TEST_CASE(node_never_runs_inside_submit)
{
    fixture d;
    asio::post(d.io, [&] {
        d.on.submit(d.next());
        BOOST_TEST(d.order.empty());
    });
    d.poll();
    BOOST_TEST(d.order.size() == 1u);
}

BOOST_AUTO_TEST_CASE(woken_strand_settles_without_a_node)
{
    fixture d;
    d.on.wake();
    d.on.wake();
    BOOST_TEST(d.keeper.settled == 0);
    d.poll();
    BOOST_TEST(d.keeper.settled == 1);
    d.on.wake();
    d.poll();
    BOOST_TEST(d.keeper.settled == 2);
}

BOOST_AUTO_TEST_CASE(strand_woken_by_its_own_node_settles_once_more)
{
    fixture d;
    node waking([&] { d.on.wake(); });
    d.on.submit(waking);
    d.poll();
    BOOST_TEST(d.keeper.settled == 2);
}

BOOST_AUTO_TEST_CASE(node_submitted_by_a_node_runs_after_it_in_the_same_turn)
{
    fixture d;
    node inner([&] { d.order.push_back(2); });
    node outer([&] {
        BOOST_TEST(d.on.running_in_this_thread());
        d.on.submit(inner);
        d.order.push_back(1);
    });
    d.on.submit(outer);
    BOOST_TEST(d.io.run_one() == 1u);
    BOOST_TEST(d.order == (std::vector{1, 2}), boost::test_tools::per_element());
    BOOST_TEST(!d.on.running_in_this_thread());
}

BOOST_AUTO_TEST_CASE(same_node_can_be_submitted_again_from_its_own_run)
{
    fixture d;
    node again;
    again.on_run = [&] {
        if (again.runs < 3)
            d.on.submit(again);
    };
    d.on.submit(again);
    d.poll();
    BOOST_TEST(again.runs == 3);
}

BOOST_AUTO_TEST_CASE(others_get_their_turn_during_a_long_queue)
{
    fixture d;
    bool other_ran = false;
    std::size_t run_before = 0;
    for (int n = 0; n != 1000; ++n)
        d.on.submit(d.next());
    asio::post(d.io, [&] {
        other_ran = true;
        run_before = d.order.size();
    });
    d.poll();
    BOOST_TEST(other_ran);
    BOOST_TEST(run_before < 1000u);
    BOOST_TEST(d.order.size() == 1000u);
    for (int n = 0; n != 1000; ++n)
        BOOST_TEST_REQUIRE(d.order[static_cast<std::size_t>(n)] == n);
    BOOST_TEST(d.keeper.references == 0);
}

BOOST_AUTO_TEST_CASE(strands_of_one_executor_are_told_apart)
{
    fixture d;
    owner other_keeper;
    strand other(d.io.get_executor(), other_keeper);
    node inner([&] {
        BOOST_TEST(other.running_in_this_thread());
        BOOST_TEST(!d.on.running_in_this_thread());
    });
    node outer([&] {
        other.submit(inner);
        BOOST_TEST(d.on.running_in_this_thread());
        BOOST_TEST(!other.running_in_this_thread());
    });
    d.on.submit(outer);
    d.poll();
    BOOST_TEST(outer.runs == 1);
    BOOST_TEST(inner.runs == 1);
}

BOOST_AUTO_TEST_CASE(owner_may_go_with_the_last_node)
{
    asio::io_context io{1};
    auto keeper = std::make_unique<owner>();
    auto on = std::make_unique<strand>(io.get_executor(), *keeper);
    keeper->on_last = [&] { on.reset(); };
    node last;
    on->submit(last);
    io.poll();
    BOOST_TEST(last.runs == 1);
    BOOST_TEST(!on);
}

// Closing ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(node_submitted_after_the_close_is_discarded_in_the_call)
{
    fixture d;
    BOOST_TEST(d.on.close());
    auto& late = d.next();
    d.on.submit(late);
    BOOST_TEST(late.discards == 1);
    d.on.wake();
    d.poll();
    BOOST_TEST(d.order.empty());
    BOOST_TEST(d.keeper.settled == 0);
    BOOST_TEST(d.keeper.references == 0);
}

BOOST_AUTO_TEST_CASE(pending_nodes_are_left_to_who_closed)
{
    fixture d;
    d.on.submit(d.next());
    d.on.submit(d.next());
    BOOST_TEST(d.on.close());
    BOOST_TEST(d.nodes[0].discards == 0);

    // A node that comes late takes none of them along: their owners may not be ready for it.
    d.on.submit(d.next());
    BOOST_TEST(d.nodes[2].discards == 1);
    BOOST_TEST(d.nodes[0].discards == 0);

    d.on.discard_pending();
    BOOST_TEST(d.nodes[0].discards == 1);
    BOOST_TEST(d.nodes[1].discards == 1);
    d.poll();  // the posted run finds it closed
    BOOST_TEST(d.order.empty());
    BOOST_TEST(d.keeper.references == 0);
    BOOST_TEST(d.nodes[2].discards == 1);
}

BOOST_AUTO_TEST_CASE(close_works_once)
{
    fixture d;
    BOOST_TEST(d.on.close());
    BOOST_TEST(!d.on.close());
    d.on.discard_pending();
    BOOST_TEST(!d.on.close());
}

BOOST_AUTO_TEST_CASE(closed_by_a_node_the_rest_does_not_run)
{
    fixture d;
    node last([&] {
        BOOST_TEST(d.on.close());
        BOOST_TEST(!d.on.close());
        d.on.submit(d.nodes[1]);
        BOOST_TEST(d.nodes[1].discards == 1);
    });
    d.next();
    d.next();
    d.on.submit(last);
    d.on.submit(d.nodes[0]);
    d.poll();
    BOOST_TEST(d.nodes[0].runs == 0);
    BOOST_TEST(d.nodes[0].discards == 0);
    BOOST_TEST(d.keeper.settled == 1);
    BOOST_TEST(d.keeper.references == 0);
    d.on.discard_pending();
    BOOST_TEST(d.nodes[0].discards == 1);
    BOOST_TEST(last.discards == 0);
}

BOOST_AUTO_TEST_CASE(pending_nodes_are_discarded_in_order_and_may_submit_others)
{
    fixture d;
    struct chained final : detail::strand_node {
        explicit chained(fixture& on) : on_(on) {}
        void run_on_strand() noexcept override {}
        void discard() noexcept override
        {
            on_.order.push_back(number);
            if (number == 0)
                on_.on.submit(on_.next());
        }
        fixture& on_;
        int number = 0;
    } first(d), second(d);
    second.number = 1;
    d.on.submit(first);
    d.on.submit(second);
    d.on.close();
    d.on.discard_pending();
    BOOST_TEST(d.order == (std::vector{0, 1}), boost::test_tools::per_element());
    BOOST_TEST(d.nodes[0].discards == 1);
}

BOOST_AUTO_TEST_CASE(closed_strand_does_not_touch_its_executor)
{
    // The sanitizers watch.
    std::optional<asio::io_context> io{1};
    owner keeper;
    strand on(io->get_executor(), keeper);
    on.close();
    on.drop_executor();
    io.reset();
    node late;
    on.wake();
    on.submit(late);
    BOOST_TEST(late.discards == 1);
}

BOOST_AUTO_TEST_CASE(run_destroyed_with_its_context_lets_go_of_the_owner)
{
    std::optional<asio::io_context> io{1};
    owner keeper;
    strand on(io->get_executor(), keeper);
    node pending;
    on.submit(pending);
    BOOST_TEST(on.close());
    on.drop_executor();
    io.reset();
    BOOST_TEST(keeper.references == 0);
    BOOST_TEST(pending.runs == 0);
    on.discard_pending();
    BOOST_TEST(pending.discards == 1);
}

BOOST_AUTO_TEST_CASE(strand_may_go_with_the_turn_that_its_context_destroys)
{
    // Its memory is still in use then: the context destroys the block of the strand's run later. The
    // sanitizers watch.
    std::optional<asio::io_context> io{1};
    owner keeper;
    auto on = std::make_unique<strand>(io->get_executor(), keeper);
    keeper.on_last = [&] { on.reset(); };
    node pending;
    on->submit(pending);
    on->close();
    on->drop_executor();
    on->discard_pending();
    io.reset();
    BOOST_TEST(!on);
    BOOST_TEST(pending.discards == 1);
}

// A post that fails halfway leaves Asio's strand locked for ever.
BOOST_AUTO_TEST_CASE(post_is_repeated_while_the_executor_has_no_memory)
{
    asio::io_context io{1};
    owner keeper;
    failing_executor::plan to_come{.without_memory = 3};
    strand on(asio::any_io_executor(failing_executor{{&io}, &to_come}), keeper);
    node first;
    node second;
    on.submit(first);
    BOOST_TEST(to_come.without_memory == 0);
    io.poll();
    BOOST_TEST(first.runs == 1);
    on.submit(second);
    io.restart();
    io.poll();
    BOOST_TEST(second.runs == 1);
    BOOST_TEST(keeper.references == 0);
}

BOOST_AUTO_TEST_CASE(node_whose_post_was_refused_runs_with_the_next)
{
    asio::io_context io{1};
    owner keeper;
    failing_executor::plan to_come{.refusals = 2};
    strand on(asio::any_io_executor(failing_executor{{&io}, &to_come}), keeper);
    std::vector<int> order;
    node first([&] { order.push_back(1); });
    node second([&] { order.push_back(2); });
    node third([&] { order.push_back(3); });
    for (auto* const each : {&first, &second, &third})
        on.submit(*each);
    BOOST_TEST(order.empty());
    io.poll();
    BOOST_TEST(order == (std::vector{1, 2, 3}), boost::test_tools::per_element());
    BOOST_TEST(keeper.references == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
