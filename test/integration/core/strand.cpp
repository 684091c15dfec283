// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The strand under threads; test/unit/strand.cpp has what one thread can tell.

#include "core/async/strand.hpp"
#include "integration/support/io_threads.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace leasepool::test {
namespace {

using detail::strand;

struct counted_owner final : strand::owner {
    void strand_add_ref() noexcept override { references.fetch_add(1); }
    void strand_release() noexcept override { references.fetch_sub(1); }
    void strand_settle() noexcept override {}
    std::atomic<int> references{0};
};

/// What all nodes of a strand see; not atomic where only the strand may touch it.
struct witness {
    std::atomic<bool> inside{false};
    std::atomic<bool> closed{false};
    std::atomic<int> overlaps{0};
    std::atomic<int> runs_after_close{0};
    std::atomic<int> out_of_order{0};
    std::vector<int> next;  // of each submitter
    int runs = 0;
};

struct numbered final : detail::strand_node {
    void run_on_strand() noexcept override
    {
        if (seen->inside.exchange(true))
            ++seen->overlaps;
        if (seen->closed.load())
            ++seen->runs_after_close;
        auto& expected = seen->next[submitter];
        if (number < expected)
            ++seen->out_of_order;
        expected = number + 1;
        ++seen->runs;
        ran.fetch_add(1);
        seen->inside.store(false);
    }
    void discard() noexcept override { discarded.fetch_add(1); }

    witness* seen = nullptr;
    std::size_t submitter = 0;
    int number = 0;
    std::atomic<int> ran{0};
    std::atomic<int> discarded{0};
};

using row = std::vector<numbered>;

std::vector<std::unique_ptr<row>> make_nodes(witness& seen, std::size_t submitters, int each)
{
    std::vector<std::unique_ptr<row>> made;
    for (std::size_t s = 0; s != submitters; ++s) {
        made.push_back(std::make_unique<row>(static_cast<std::size_t>(each)));
        for (int n = 0; n != each; ++n) {
            auto& node = (*made.back())[static_cast<std::size_t>(n)];
            node.seen = &seen;
            node.submitter = s;
            node.number = n;
        }
    }
    seen.next.resize(submitters);
    return made;
}

/// Submits from `plain` threads that run no executor, and from `own` handlers of it.
void everybody_submits(
    asio::any_io_executor const& ex, std::size_t plain, std::size_t own, int each)
{
    witness seen;
    counted_owner keeper;
    strand on(ex, keeper);
    auto nodes = make_nodes(seen, plain + own, each);
    std::latch done(static_cast<std::ptrdiff_t>(plain + own));
    auto const submit_row = [&](std::size_t s) {
        for (auto& node : *nodes[s])
            on.submit(node);
        done.count_down();
    };
    for (std::size_t s = plain; s != plain + own; ++s)
        asio::post(ex, [&, s] { submit_row(s); });
    {
        std::vector<std::jthread> threads;
        for (std::size_t s = 0; s != plain; ++s)
            threads.emplace_back([&, s] { submit_row(s); });
    }
    done.wait();

    // Behind all of them.
    struct final_node final : detail::strand_node {
        void run_on_strand() noexcept override { reached.count_down(); }
        void discard() noexcept override {}
        std::latch reached{1};
    } last;
    on.submit(last);
    last.reached.wait();
    on.close();
    on.discard_pending();
    BOOST_TEST(seen.runs == static_cast<int>(plain + own) * each);
    BOOST_TEST(seen.overlaps.load() == 0);
    BOOST_TEST(seen.out_of_order.load() == 0);
    for (auto const& r : nodes)
        for (auto const& node : *r)
            if (node.ran.load() != 1 || node.discarded.load() != 0)
                BOOST_ERROR("a node did not run exactly once");
    // The last posted run may still be on its way out, and refers to the strand until then.
    while (keeper.references.load() != 0)
        std::this_thread::yield();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(strand_under_threads)

BOOST_AUTO_TEST_CASE(nodes_run_once_in_each_submitters_order_and_never_two_at_once)
{
    io_threads on(2);
    everybody_submits(on.context().get_executor(), 2, 2, 20'000);
}

BOOST_AUTO_TEST_CASE(nodes_run_once_in_order_on_a_thread_pool)
{
    asio::thread_pool pool(2);
    everybody_submits(pool.get_executor(), 2, 2, 20'000);
    pool.join();
}

BOOST_AUTO_TEST_CASE(nodes_run_once_in_order_on_an_executor_of_unknown_type)
{
    io_threads on(2);
    everybody_submits(asio::make_strand(on.context()), 2, 1, 10'000);
}

BOOST_AUTO_TEST_CASE(node_submitted_while_the_strand_goes_idle_is_run)
{
    // Nobody else submits anything that would wake it.
    struct lone_node final : detail::strand_node {
        void run_on_strand() noexcept override { runs.fetch_add(1); }
        void discard() noexcept override {}
        std::atomic<int> runs{0};
    } node;
    io_threads on(1);
    counted_owner keeper;
    strand lone(on.context().get_executor(), keeper);
    auto const give_up = std::chrono::steady_clock::now() + 1min;
    for (int n = 1; n <= 100'000; ++n) {
        for (int pause = n % 32; pause != 0; --pause)
            node.runs.load();  // meets the strand at each step on its way out
        lone.submit(node);
        for (int looks = 0; node.runs.load() != n; ++looks)
            if (looks > 200) {
                BOOST_REQUIRE((std::chrono::steady_clock::now() < give_up));
                std::this_thread::yield();
            }
    }
    while (keeper.references.load() != 0)
        std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(close_racing_submits_runs_or_discards_each_node_once)
{
    constexpr int rounds = 500;
    constexpr int each = 40;
    constexpr std::size_t plain = 2;
    constexpr std::size_t own = 2;
    io_threads on(2);
    for (int round = 0; round != rounds; ++round) {
        witness seen;
        counted_owner keeper;
        strand racing(on.context().get_executor(), keeper);
        auto nodes = make_nodes(seen, plain + own, each);
        std::latch begun(1);
        std::latch done(plain + own);
        auto const submit_row = [&](std::size_t s) {
            begun.wait();
            for (auto& node : *nodes[s])
                racing.submit(node);
            done.count_down();
        };
        // Closed by a plain thread half way, or by a node on the strand itself.
        struct closing_node final : detail::strand_node {
            void run_on_strand() noexcept override
            {
                if (on->close()) {
                    on->discard_pending();
                    seen->closed.store(true);
                }
            }
            void discard() noexcept override {}
            strand* on = nullptr;
            witness* seen = nullptr;
        } closer;
        closer.on = &racing;
        closer.seen = &seen;

        for (std::size_t s = plain; s != plain + own; ++s)
            asio::post(on.context(), [&, s] { submit_row(s); });
        std::vector<std::jthread> threads;
        for (std::size_t s = 0; s != plain; ++s)
            threads.emplace_back([&, s] { submit_row(s); });
        begun.count_down();
        if (round % 2)
            racing.submit(closer);
        else {
            for (int n = 0; n != round % 50; ++n)
                std::this_thread::yield();
            if (racing.close()) {
                seen.closed.store(true);
                racing.discard_pending();
            }
        }
        threads.clear();
        done.wait();
        // Whatever is still posted ends before the strand may go.
        while (keeper.references.load() != 0 || !seen.closed.load())
            std::this_thread::yield();

        BOOST_TEST_REQUIRE(seen.overlaps.load() == 0);
        BOOST_TEST_REQUIRE(seen.out_of_order.load() == 0);
        BOOST_TEST_REQUIRE(seen.runs_after_close.load() == 0);
        for (auto const& r : nodes)
            for (auto const& node : *r)
                BOOST_REQUIRE_MESSAGE(node.ran.load() + node.discarded.load() == 1,
                    "round " << round << ": ran " << node.ran.load() << ", discarded "
                             << node.discarded.load());
    }
}

BOOST_AUTO_TEST_CASE(of_two_closers_one_wins)
{
    for (int round = 0; round != 500; ++round) {
        asio::io_context io;
        counted_owner keeper;
        strand on(io.get_executor(), keeper);
        std::atomic<int> won{0};
        {
            std::latch begun(2);
            std::vector<std::jthread> threads;
            for (int n = 0; n != 2; ++n)
                threads.emplace_back([&] {
                    begun.arrive_and_wait();
                    won += on.close();
                });
        }
        BOOST_TEST_REQUIRE(won.load() == 1);
    }
}

BOOST_AUTO_TEST_CASE(close_waits_for_the_node_that_runs)
{
    io_threads on(1);
    counted_owner keeper;
    strand busy(on.context().get_executor(), keeper);
    struct blocking_node final : detail::strand_node {
        void run_on_strand() noexcept override
        {
            door.pass();
            passed.store(true);
        }
        void discard() noexcept override {}
        gate door;
        std::atomic<bool> passed{false};
    } blocker;
    busy.submit(blocker);
    blocker.door.await();
    std::jthread const opener([&] { blocker.door.open(); });
    BOOST_TEST(busy.close());
    BOOST_TEST(blocker.passed.load());
    while (keeper.references.load() != 0)
        std::this_thread::yield();
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
