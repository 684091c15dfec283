// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/failing_heap.hpp"

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/executor_ref.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <memory>
#include <new>
#include <utility>

// What the delivery of a handler allocates, for each kind of executor. A part of allocation_tests; it
// makes operations of its own, without a manager.

namespace leasepool::test {
namespace {

namespace asio = boost::asio;
using detail::executor_ref;
using detail::held_executor;

/// How operations ended.
struct result {
    int delivered = 0;
    int destroyed = 0;
    int posted = 0;
};

/// An operation, each in one allocation from the heap.
class operation final : public detail::completion {
public:
    struct handler {
        using allocator_type = std::allocator<void>;
        allocator_type get_allocator() const noexcept { return {}; }
        result* to;
    };

    operation(handler h, executor_ref&& ex) : completion(&go, std::move(ex)), handler_(h) {}

private:
    static void go(completion* base, step what)
    {
        auto* const self = static_cast<operation*>(base);
        auto const executor = self->take_executor();
        auto const h = self->handler_;
        detail::delete_operation(self, h, executor);
        ++(what == step::deliver ? h.to->delivered : h.to->destroyed);
    }

    handler handler_;
};

/// Makes an operation and posts it.
template <class Executor>
void deliver(result& to, Executor const& ex)
{
    auto& op = *detail::new_operation<operation>(operation::handler{&to}, held_executor(ex));
    ++to.posted;
    op.post();
}

/// On this thread; on a strand the second is queued behind the first.
template <class Executor>
long allocations_of_two(Executor const& ex, result& to)
{
    auto const before = allocations_here();
    deliver(to, ex);
    deliver(to, ex);
    return allocations_here() - before;
}

template <class F>
void for_each_known_executor(asio::io_context& io, asio::thread_pool& pool, F const& f)
{
    auto const both = [&](auto const& ex, char const* name) {
        BOOST_TEST_CONTEXT(name) f(ex);
        BOOST_TEST_CONTEXT("any_io_executor of " << name) f(asio::any_io_executor(ex));
    };
    both(io.get_executor(), "io_context");
    both(asio::make_strand(io), "strand of io_context");
    both(pool.get_executor(), "thread_pool");
    both(asio::make_strand(pool), "strand of thread_pool");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocations_of_a_delivery)

BOOST_AUTO_TEST_CASE(operation_is_the_only_allocation)
{
    result all;
    {
        asio::io_context io{1};
        asio::thread_pool pool(0);
        for_each_known_executor(
            io, pool, [&](auto const& ex) { BOOST_TEST(allocations_of_two(ex, all) == 2); });
    }
    BOOST_TEST(all.destroyed == all.posted);
}

BOOST_AUTO_TEST_CASE(other_executor_is_posted_to_as_asio_does)
{
    asio::io_context io{1};
    asio::any_io_executor const ex(asio::make_strand(asio::any_io_executor(io.get_executor())));
    auto const before = allocations_here();
    asio::post(ex, [] {});
    auto const posting = allocations_here() - before;

    // The operation, the post, and the executor with outstanding work.
    result to;
    auto const first = allocations_here();
    deliver(to, ex);
    BOOST_TEST(allocations_here() - first <= 1 + posting + 1);
    io.poll();
    BOOST_TEST(to.delivered == 1);
}

BOOST_AUTO_TEST_CASE(operation_that_cannot_be_allocated_leaves_nothing_behind)
{
    result all;
    {
        asio::io_context io{1};
        asio::thread_pool pool(0);
        for_each_known_executor(io, pool, [&](auto const& ex) {
            failing_heap const heap(1);
            BOOST_CHECK_THROW(deliver(all, ex), std::bad_alloc);
            BOOST_TEST(heap.failed());
        });
        io.poll();
        BOOST_TEST(io.stopped());  // no work is left
    }
    BOOST_TEST(all.posted == 0);
    BOOST_TEST(all.destroyed == 0);
}

BOOST_AUTO_TEST_CASE(delivery_needs_no_memory_once_the_operation_exists)
{
    asio::io_context io{1};
    result all;
    auto const check = [&](auto const& ex) {
        auto& op = *detail::new_operation<operation>(operation::handler{&all}, held_executor(ex));
        failing_heap const heap(1);
        BOOST_TEST((op.post() == nullptr));
        io.restart();
        io.poll();
        BOOST_TEST(!heap.failed());
    };
    check(io.get_executor());
    check(asio::any_io_executor(io.get_executor()));
    check(asio::make_strand(io));
    check(asio::any_io_executor(asio::make_strand(io)));
    BOOST_TEST(all.delivered == 4);
}

BOOST_AUTO_TEST_CASE(whichever_allocation_fails_with_another_executor_it_ends_once)
{
    asio::io_context io{1};
    asio::any_io_executor const ex = io.get_executor();
    auto const foreign = asio::require(ex, asio::execution::blocking.never);
    for (long n = 1;; ++n) {
        result to;
        bool failed = false;
        {
            failing_heap const heap(n);
            try {
                deliver(to, foreign);
            }
            catch (std::bad_alloc const&) {
            }
            failed = heap.failed();
        }
        io.restart();
        io.poll();
        BOOST_TEST(io.stopped());
        BOOST_TEST(to.delivered == to.posted);
        BOOST_TEST(to.destroyed == 0);
        if (!failed) {
            BOOST_TEST(n > 1);
            break;
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
