// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A grinder whose batches follow the time that items take.

#include "grinder_desk.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace leasepool::detail::test;
using leasepool::steady_duration;
using leasepool::detail::grinder_state;

/// Submits as many items as a batch may take, and grinds them.
class mill : public grinder_desk {
public:
    using grinder_desk::grinder_desk;

    void full_batch(steady_duration each)
    {
        auto const limit = state.batch_limit();
        BOOST_TEST_REQUIRE(limit <= letters_.size());
        submit(std::string_view(letters_).substr(0, limit));
        grind(batches - 1, each);
    }

private:
    std::string letters_ = [] {
        std::string all;
        for (int c = 1; c != 127; ++c)
            all += static_cast<char>(c);
        return all;
    }();
};

grinder_state::options const ten_ms{
    .batch_size = 8, .max_batch = 100, .max_wait = 1s, .target_batch_time = 10ms};

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_adaptive)

BOOST_AUTO_TEST_CASE(without_a_target_a_batch_takes_all)
{
    mill desk({.batch_size = 8, .max_batch = 100, .max_wait = 1s});
    desk.start();
    BOOST_TEST(desk.state.batch_limit() == 100u);
    desk.submit("abcdefgh");
    desk.grind(0, 1s);
    BOOST_TEST(desk.state.batch_limit() == 100u);
}

BOOST_AUTO_TEST_CASE(fast_items_make_batches_grow_slowly)
{
    mill desk(ten_ms);
    desk.start();
    BOOST_TEST(desk.state.batch_limit() == 8u);
    std::size_t before = 8;
    while (before != 100) {
        desk.full_batch(1us);
        auto const now = desk.state.batch_limit();
        BOOST_TEST_REQUIRE(now > before);
        BOOST_TEST_REQUIRE(now <= before + std::max<std::size_t>(before / 4, 1));
        before = now;
    }
    desk.full_batch(1us);
    BOOST_TEST(desk.state.batch_limit() == 100u);  // max_batch
}

BOOST_AUTO_TEST_CASE(batches_do_not_grow_beyond_what_fits)
{
    mill desk(ten_ms);
    desk.start();
    for (int n = 0; n != 50; ++n)
        desk.full_batch(200us);
    BOOST_TEST(desk.state.batch_limit() <= 50u);
    BOOST_TEST(desk.state.batch_limit() >= 40u);
}

BOOST_AUTO_TEST_CASE(batches_that_are_not_full_do_not_grow)
{
    mill desk(ten_ms);
    desk.start();
    desk.submit("abc");
    desk.wait(1s);
    desk.grind(0, 1us);
    BOOST_TEST(desk.state.batch_limit() == 8u);
}

BOOST_AUTO_TEST_CASE(slow_items_make_batches_shrink_at_once)
{
    mill desk(ten_ms);
    desk.start();
    for (int n = 0; n != 30; ++n)
        desk.full_batch(1us);
    BOOST_TEST(desk.state.batch_limit() == 100u);
    desk.full_batch(5ms);
    BOOST_TEST(desk.state.batch_limit() == 2u);
}

BOOST_AUTO_TEST_CASE(batch_is_never_smaller_than_a_lease_has_workers)
{
    auto opts = ten_ms;
    opts.workers = 4;
    mill desk(opts);
    desk.start();
    desk.full_batch(1s);
    BOOST_TEST(desk.state.batch_limit() == 4u);
}

BOOST_AUTO_TEST_CASE(small_batches_go_as_soon_as_they_are_full)
{
    mill desk(ten_ms);
    desk.start();
    desk.full_batch(5ms);
    BOOST_TEST(desk.state.batch_limit() == 2u);
    BOOST_TEST(desk.submit("a") == "");
    BOOST_TEST(desk.submit("b") == "begin b1(ab)");
}

BOOST_AUTO_TEST_CASE(batch_that_overruns_gives_back_what_has_not_begun)
{
    mill desk({.batch_size = 8,
        .max_batch = 100,
        .max_wait = 1s,
        .max_concurrent_batches = 2,
        .target_batch_time = 10ms});
    desk.start();
    BOOST_TEST(desk.submit("abcdefgh") == "begin b0(abcdefgh)");
    desk.granted(0);
    BOOST_TEST(desk.next_ms() == 10);
    BOOST_TEST(desk.wait(10ms) == "recall b0");
    // a and b are slow; the others need not wait for them, nor fill a batch.
    BOOST_TEST(desk.take_back(0, "cdefgh") == "begin b1(cd)");
    BOOST_TEST(desk.state.batch_limit() == 2u);
    BOOST_TEST(desk.granted(1) == "gave cd");
    BOOST_TEST(desk.done(1) == "begin b2(efg)");
    BOOST_TEST(desk.done(0) == "begin b3(h)");
}

BOOST_AUTO_TEST_CASE(recall_never_makes_an_item_fail)
{
    mill desk({.batch_size = 1, .max_wait = 1s, .target_batch_time = 10ms});
    desk.start();
    desk.submit("a");
    for (std::size_t n = 0; n != 10; ++n) {
        desk.granted(n);
        BOOST_TEST(desk.wait(10ms) == "recall b" + std::to_string(n));
        BOOST_TEST(desk.take_back(n, "a") == "");
        BOOST_TEST(desk.done(n) == "begin b" + std::to_string(n + 1) + "(a)");
    }
}

BOOST_AUTO_TEST_SUITE_END()
