// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Operations that somebody else has in hand: pushed many at a time, taken back, reported to a sink.

#include "core/pool/run_queue.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace asio = boost::asio;
using namespace leasepool;
using detail::run_operation;
using detail::run_queue;

/// Whether it was taken out of the queue.
bool cancel(run_queue& queue, run_operation& op, boost::asio::cancellation_type type)
{
    auto left = queue.begin_cancel(op, type);
    bool const removed = left.removed != nullptr;
    queue.finish_cancel(std::move(left));
    return removed;
}

struct fixture;

struct operation final : run_operation {
    operation(fixture& d, char n)
        : run_operation([](completion*, step) {}, &answer, {}, {}), of(d), name(n)
    {
    }
    static void* answer(run_operation* self, question what) noexcept;
    fixture& of;
    char name;
};

/// A queue, and a sink that notes what it gets: "a" ran, "a!" did not, "~a" is to be destroyed.
struct fixture final : run_queue::consumer, detail::run_sink {
    operation& make(char name)
    {
        auto& op = ops.emplace_back(*this, name);
        op.sink = this;
        return op;
    }
    void push_all(std::string_view names)
    {
        run_queue::list list;
        for (char const name : names)
            list.push_back(make(name));
        queue.push_all(list);
        BOOST_TEST(list.empty());
    }
    static char name_of(run_operation& op) noexcept { return static_cast<operation&>(op).name; }
    operation& operator[](std::size_t n) { return ops.at(n); }

    void retain() noexcept override {}
    void operations_wait() noexcept override { ++runners; }
    void cancel(run_queue::running what) noexcept override { what.source.request_stop(); }
    void revoke(run_queue::running what, error_code) noexcept override
    {
        what.source.request_stop();
    }
    void finished(run_operation& op) noexcept override
    {
        told += name_of(op);
        if (!op.begun) {
            told += '!';
            BOOST_TEST((op.error || op.exception));
        }
    }
    void dropped(run_operation& op) noexcept override
    {
        told += '~';
        told += name_of(op);
    }

    run_queue queue{*this};
    std::deque<operation> ops;
    std::string ran;
    std::string told;
    int runners = 0;
};

void* operation::answer(run_operation* self, question what) noexcept
{
    auto& op = *static_cast<operation*>(self);
    if (what == question::call)
        op.of.ran += op.name;
    return nullptr;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(run_queue_with_a_sink)

BOOST_AUTO_TEST_CASE(many_are_pushed_for_one_runner)
{
    fixture d;
    d.queue.set_workers(4);
    d.push_all("abc");
    BOOST_TEST(d.runners == 1);
    d.queue.work();
    BOOST_TEST(d.ran == "abc");
    BOOST_TEST(d.told == "abc");
    BOOST_TEST(d.queue.totals().runs == 3u);
}

BOOST_AUTO_TEST_CASE(nothing_is_pushed_for_no_runner)
{
    fixture d;
    d.queue.set_workers(1);
    d.push_all("");
    BOOST_TEST(d.runners == 0);
}

BOOST_AUTO_TEST_CASE(what_has_not_begun_is_taken_back_but_nobody_elses)
{
    fixture d, other;
    d.queue.set_workers(1);
    d.push_all("ab");
    auto& stranger = d.make('x');
    stranger.sink = &other;
    run_queue::list list;
    list.push_back(stranger);
    d.queue.push_all(list);
    d.queue.take_back(d, list);
    BOOST_TEST(list.size() == 2u);
    for (auto& op : list) {
        BOOST_TEST((op.state == run_operation::phase::unqueued));
        BOOST_TEST(!op.begun);
    }
    list.clear();
    d.queue.work();
    BOOST_TEST(d.ran == "x");
    BOOST_TEST(other.told == "x");
    BOOST_TEST(d.told == "");
    BOOST_TEST(d.queue.totals().canceled == 0u);
}

BOOST_AUTO_TEST_CASE(canceled_on_its_way_does_not_run)
{
    fixture d;
    d.queue.set_workers(1);
    auto& a = d.make('a');
    run_queue::list list;
    list.push_back(a);
    list.push_back(d.make('b'));
    BOOST_TEST(!cancel(d.queue, a, asio::cancellation_type::terminal));  // it is not here yet
    d.queue.push_all(list);
    BOOST_TEST(d.told == "a!");
    BOOST_TEST(a.error == asio::error::operation_aborted);
    d.queue.work();
    BOOST_TEST(d.ran == "b");
}

BOOST_AUTO_TEST_CASE(canceled_in_the_queue_does_not_run)
{
    fixture d;
    d.queue.set_workers(1);
    d.push_all("ab");
    BOOST_TEST(cancel(d.queue, d[1], asio::cancellation_type::total));
    BOOST_TEST(d.told == "b!");
    d.queue.work();
    BOOST_TEST(!cancel(d.queue, d[0], asio::cancellation_type::total));  // too late
    BOOST_TEST(d.told == "b!a");
}

BOOST_AUTO_TEST_CASE(ended_queue_gives_back_what_was_there_and_what_comes)
{
    fixture d;
    d.queue.set_workers(1);
    d.push_all("ab");
    d.queue.cancel_all({.error = errc::lease_expired});
    d.push_all("c");
    BOOST_TEST(d.told == "a!b!c!");
    for (auto const& op : d.ops)
        BOOST_TEST((op.error == errc::lease_expired));
    BOOST_TEST(d.runners == 1);
    d.queue.work();
    BOOST_TEST(d.ran == "");
}

BOOST_AUTO_TEST_CASE(kept_ones_are_dropped)
{
    fixture d;
    d.queue.set_workers(1);
    d.push_all("a");
    d.queue.cancel_all({.error = errc::not_running, .keep = true});
    d.push_all("b");
    BOOST_TEST(d.told == "");
    d.queue.destroy_kept();
    BOOST_TEST(d.told == "~a~b");
}

BOOST_AUTO_TEST_SUITE_END()
