// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/pool/run_queue.hpp"
#include "core/lease/lease_record.hpp"

#include <leasepool/detail/backend_base.hpp>
#include <leasepool/detail/operations.hpp>
#include <leasepool/error.hpp>
#include <leasepool/options.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace leasepool::test {
namespace {

namespace asio = boost::asio;
using asio::cancellation_type;
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

/// Makes no pools; there must be a manager, for a lease to be of.
struct no_backend {
    struct pool_type {
        void close() noexcept {}
    };
    static constexpr std::string_view name() noexcept { return "none"; }
    static constexpr std::size_t workers_per_pool() noexcept { return 1; }
    std::unique_ptr<pool_type> make_pool(pool_site const&) { return nullptr; }
};

/// How an operation ended.
struct end {
    int completed = 0;
    int destroyed = 0;
    std::exception_ptr error;

    error_code code() const
    {
        try {
            if (error)
                std::rethrow_exception(error);
        }
        catch (boost::system::system_error const& e) {
            return e.code();
        }
        return {};
    }
};

class fixture : private run_queue::consumer, private detail::run_sink {
public:
    explicit fixture(std::size_t workers = 1) { queue.set_workers(workers); }

    ~fixture()
    {
        deliver();
        manager_->shut_down();
        // Each call of operations_wait has released what one call of retain kept.
        BOOST_TEST(retained_ == 0);
    }

    /// An operation that notes its letter when it runs.
    run_operation& make(char name)
    {
        return make_of([this, name] { ran += name; });
    }

    template <class F>
    run_operation& make_of(F f)
    {
        auto& to = ends.emplace_back();
        auto handler = [&to, here = std::make_unique<on_exit>(to)](std::exception_ptr e) {
            ++to.completed;
            to.error = std::move(e);
            here->done = true;
        };
        using op = detail::function_operation<F, decltype(handler)>;
        BOOST_REQUIRE(lease_->begin_new_work());
        auto& made = *detail::new_operation<op>(
            std::move(handler), executor(), detail::lease_ptr(lease_), std::move(f));
        made.sink = this;
        return made;
    }

    /// Pushes one that notes its letter.
    /// True: it asked for a runner.
    bool push(char name) { return push(make(name)); }

    bool push(run_operation& op)
    {
        auto const before = asked_;
        queue.push(op);
        return asked_ != before;
    }

    /// A runner at work. True: it asked for another, or for another turn.
    bool work()
    {
        auto const before = asked_;
        queue.work();
        return asked_ != before;
    }

    void deliver()
    {
        io_.restart();
        io_.poll();
    }

private:
    struct on_exit {
        explicit on_exit(end& e) : to(e) {}
        ~on_exit() { to.destroyed += !done; }
        end& to;
        bool done = false;
    };

    detail::held_executor executor() { return detail::held_executor(io_.get_executor()); }

    void retain() noexcept override { ++retained_; }
    void operations_wait() noexcept override
    {
        ++asked_;
        --retained_;
    }
    void cancel(run_queue::running what) noexcept override { what.source.request_stop(); }
    void revoke(run_queue::running what, error_code) noexcept override
    {
        what.source.request_stop();
    }
    void finished(run_operation& op) noexcept override
    {
        lease_->end_work();
        op.post();
    }
    void dropped(run_operation& op) noexcept override
    {
        lease_->end_work();
        op.destroy();
    }

    int asked_ = 0;
    int retained_ = 0;
    asio::io_context io_{1};
    detail::manager_ptr manager_ =
        detail::manager_interface::make(io_.get_executor(), detail::erase(no_backend()), {});
    detail::lease_ptr lease_ = detail::lease_state::make(*manager_, {});

public:
    run_queue queue{*this};
    std::deque<end> ends;
    std::string ran;
};

run_queue::cancel_reason because(errc code)
{
    return {.error = code};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(run_queue_of_a_pool)

BOOST_AUTO_TEST_CASE(functions_run_in_the_order_of_their_pushes)
{
    fixture d;
    for (char name : {'a', 'b', 'c'})
        d.push(name);
    BOOST_TEST(!d.work());
    BOOST_TEST(d.ran == "abc");
    BOOST_TEST(d.ends[0].completed == 0);  // never inside
    d.deliver();
    for (auto const& e : d.ends) {
        BOOST_TEST(e.completed == 1);
        BOOST_TEST(!e.error);
    }
    BOOST_TEST(d.queue.totals().runs == 3u);
}

BOOST_AUTO_TEST_CASE(one_runner_at_a_time_is_on_its_way)
{
    fixture d(2);
    BOOST_TEST(d.push('a'));
    BOOST_TEST(!d.push('b'));  // the one on its way will see to it
    BOOST_TEST(d.work());      // found two functions: asked for the next runner
    BOOST_TEST(d.ran == "ab");
    BOOST_TEST(!d.push('c'));  // that one is still on its way
    BOOST_TEST(!d.work());
    BOOST_TEST(d.ran == "abc");
    BOOST_TEST(d.push('d'));
    BOOST_TEST(!d.work());
    BOOST_TEST(d.ran == "abcd");
}

BOOST_AUTO_TEST_CASE(long_functions_spread_over_all_workers_and_no_further)
{
    // A function that lasts until the next runner has had its turn, as on another thread.
    fixture d(3);
    int asked = 0;
    for (char name : {'a', 'b', 'c', 'd'})
        asked += d.push(d.make_of([&d, &asked, name] {
            d.ran += name;
            if (name < 'c')
                asked += d.work();
        }));
    BOOST_TEST(asked == 1);
    asked += d.work();
    // The third runner took `c` with `d` behind it, and there is no fourth worker.
    BOOST_TEST(d.ran == "abcd");
    BOOST_TEST(asked == 3);
}

BOOST_AUTO_TEST_CASE(runner_that_comes_too_late_finds_nothing)
{
    fixture d(2);
    d.push('a');
    d.push('b');
    BOOST_TEST(d.work());
    BOOST_TEST(!d.work());
    BOOST_TEST(d.ran == "ab");
}

BOOST_AUTO_TEST_CASE(function_pushed_by_a_function_is_run_by_the_same_runner)
{
    fixture d;
    d.push(d.make_of([&] {
        d.ran += 'a';
        BOOST_TEST(!d.push('b'));
    }));
    BOOST_TEST(!d.work());
    BOOST_TEST(d.ran == "ab");
}

BOOST_AUTO_TEST_CASE(runner_gives_others_a_turn)
{
    fixture d;
    for (int n = 0; n != 40; ++n)
        d.push('x');
    int turns = 1;
    while (d.work()) {
        BOOST_TEST(d.ran.size() < 40u);
        BOOST_TEST(!d.push('x'));  // its next turn is coming
        ++turns;
    }
    BOOST_TEST(turns > 1);
    BOOST_TEST(d.ran.size() == 39u + static_cast<std::size_t>(turns));
}

BOOST_AUTO_TEST_CASE(turn_that_ends_with_the_last_function_asks_for_no_other)
{
    fixture d;
    for (int n = 0; n != 16; ++n)
        d.push('x');
    BOOST_TEST(!d.work());
    BOOST_TEST(d.ran.size() == 16u);
    BOOST_TEST(d.push('y'));
    d.work();
}

BOOST_AUTO_TEST_CASE(what_a_function_throws_arrives_and_the_runner_goes_on)
{
    fixture d;
    d.push(d.make_of([] { throw std::runtime_error("its own"); }));
    d.push('b');
    d.work();
    d.deliver();
    BOOST_CHECK_THROW(std::rethrow_exception(d.ends[0].error), std::runtime_error);
    BOOST_TEST(d.ran == "b");
    BOOST_TEST(d.queue.totals().failed == 1u);
    BOOST_TEST(d.queue.totals().runs == 2u);
}

// Canceling one -----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(canceled_on_its_way_to_the_queue_it_never_runs)
{
    fixture d;
    auto& op = d.make('a');
    op.stop_asked = true;
    BOOST_TEST(!d.push(op));
    d.deliver();
    BOOST_TEST((d.ends[0].code() == asio::error::operation_aborted));
    BOOST_TEST(d.ends[0].completed == 1);
    BOOST_TEST(d.queue.totals().canceled == 1u);
}

BOOST_AUTO_TEST_CASE(canceled_in_the_queue_it_never_runs)
{
    for (auto type :
        {cancellation_type::terminal, cancellation_type::partial, cancellation_type::total}) {
        fixture d;
        d.push('a');
        auto& op = d.make('b');
        d.push(op);
        d.push('c');
        cancel(d.queue, op, type);
        d.work();
        d.deliver();
        BOOST_TEST(d.ran == "ac");
        BOOST_TEST((d.ends[1].code() == asio::error::operation_aborted));
        BOOST_TEST(d.ends[1].completed == 1);
    }
}

BOOST_AUTO_TEST_CASE(canceled_while_it_runs_it_is_asked_to_stop_but_not_by_total)
{
    fixture d;
    run_operation* self = nullptr;
    auto& op = d.make_of([&](std::stop_token stop) {
        cancel(d.queue, *self, cancellation_type::total);
        BOOST_TEST(!stop.stop_requested());
        cancel(d.queue, *self, cancellation_type::partial);
        BOOST_TEST(stop.stop_requested());
        d.ran += 'a';
    });
    self = &op;
    d.push(op);
    d.work();
    d.deliver();
    BOOST_TEST(d.ran == "a");
    BOOST_TEST(!d.ends[0].error);
    BOOST_TEST(d.ends[0].completed == 1);
}

BOOST_AUTO_TEST_CASE(canceled_after_it_returned_nothing_happens)
{
    fixture d;
    auto& op = d.make('a');
    d.push(op);
    d.work();
    cancel(d.queue, op, cancellation_type::terminal);  // its handler has not run yet
    d.deliver();
    BOOST_TEST(!d.ends[0].error);
    BOOST_TEST(d.ends[0].completed == 1);
    BOOST_TEST(d.queue.totals().canceled == 0u);
}

// Runners that cannot be started -------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(last_runner_lost_fails_what_is_queued)
{
    fixture d(2);
    d.push('a');
    d.push('b');
    auto const reason = std::make_exception_ptr(std::runtime_error("no thread"));
    d.queue.runner_lost({.exception = reason});
    d.deliver();
    for (auto const& e : d.ends) {
        BOOST_TEST(e.completed == 1);
        BOOST_TEST((e.error == reason));
    }
    BOOST_TEST(d.ran.empty());
}

BOOST_AUTO_TEST_CASE(runner_lost_while_another_works_fails_nothing)
{
    fixture d(2);
    d.push(d.make_of([&] {
        d.ran += 'a';
        BOOST_TEST(d.push('b'));
        d.queue.runner_lost(because(errc::pool_broken));
    }));
    d.work();
    d.deliver();
    BOOST_TEST(d.ran == "ab");
    for (auto const& e : d.ends) {
        BOOST_TEST(e.completed == 1);
        BOOST_TEST(!e.error);
    }
}

BOOST_AUTO_TEST_CASE(push_after_a_lost_runner_asks_for_another)
{
    fixture d;
    BOOST_TEST(d.push('a'));
    d.queue.runner_lost(because(errc::pool_broken));
    BOOST_TEST(d.push('b'));
    BOOST_TEST(!d.work());
    d.deliver();
    BOOST_TEST(d.ran == "b");
    BOOST_TEST((d.ends[0].code() == errc::pool_broken));
}

// Canceling all -----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(cancel_all_ends_what_is_queued_and_asks_what_runs_to_stop)
{
    fixture d;
    d.push(d.make_of([&](std::stop_token stop) {
        BOOST_TEST(!d.push('b'));
        d.queue.cancel_all(because(errc::lease_expired));
        BOOST_TEST(stop.stop_requested());
        d.ran += 'a';
    }));
    d.work();
    d.deliver();
    BOOST_TEST(d.ran == "a");
    BOOST_TEST(!d.ends[0].error);
    BOOST_TEST((d.ends[1].code() == errc::lease_expired));
    BOOST_TEST(d.queue.totals().canceled == 1u);
}

BOOST_AUTO_TEST_CASE(pushed_after_cancel_all_it_ends_likewise)
{
    // It may have been counted in before its lease ended.
    fixture d;
    auto const reason = std::make_exception_ptr(std::runtime_error("broke"));
    d.queue.cancel_all({.error = errc::pool_broken, .exception = reason});
    BOOST_TEST(!d.push('a'));
    BOOST_TEST(!d.work());
    d.deliver();
    BOOST_TEST(d.ran.empty());
    BOOST_TEST(d.ends[0].completed == 1);
    BOOST_TEST((d.ends[0].error == reason));
    BOOST_TEST(d.queue.totals().canceled == 1u);
}

BOOST_AUTO_TEST_CASE(cancel_that_came_too_late_does_not_shield_from_cancel_all)
{
    // The cancellation of an operation that is just being granted its lease leaves a mark on it.
    fixture d;
    run_operation* self = nullptr;
    auto& op = d.make_of([&](std::stop_token stop) {
        self->stop_asked = true;
        cancel(d.queue, *self, cancellation_type::total);
        BOOST_TEST(!stop.stop_requested());
        d.queue.cancel_all(because(errc::not_running));
        BOOST_TEST(stop.stop_requested());
    });
    self = &op;
    d.push(op);
    d.work();
}

BOOST_AUTO_TEST_CASE(stop_callback_may_use_the_queue)
{
    fixture d;
    d.push(d.make_of([&](std::stop_token stop) {
        std::stop_callback const callback(stop, [&] {
            d.push('b');
            d.ran += std::to_string(d.queue.totals().runs);
        });
        d.queue.cancel_all(because(errc::lease_expired));
    }));
    d.work();
    d.deliver();
    BOOST_TEST(d.ran == "0");
    BOOST_TEST((d.ends[1].code() == errc::lease_expired));
}

BOOST_AUTO_TEST_CASE(kept_operations_are_destroyed_uncalled_when_it_is_time)
{
    fixture d;
    d.push('a');
    d.queue.cancel_all({.error = errc::not_running, .keep = true});
    d.push('b');
    d.deliver();
    for (auto const& e : d.ends)
        BOOST_TEST(e.destroyed == 0);
    d.queue.destroy_kept();
    d.deliver();
    for (auto const& e : d.ends) {
        BOOST_TEST(e.completed == 0);
        BOOST_TEST(e.destroyed == 1);
    }
    BOOST_TEST(d.ran.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
