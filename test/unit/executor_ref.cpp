// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/executor_ref.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <utility>

namespace leasepool::test {
namespace {

namespace asio = boost::asio;
namespace execution = boost::asio::execution;
using detail::executor_ref;
constexpr auto tracked = executor_ref::work::tracked;
constexpr auto untracked = executor_ref::work::untracked;

/// Posts itself through the executor it carries, as an operation does, and goes when it ends.
struct end {
    int delivered = 0;
    int destroyed = 0;
};
class letter final : public detail::completion {
public:
    letter(end& to, executor_ref&& ex) : completion(&go, std::move(ex)), to_(to) {}

private:
    static void go(completion* base, step what)
    {
        auto* const self = static_cast<letter*>(base);
        auto const executor = self->take_executor();
        auto& to = self->to_;
        delete self;
        ++(what == step::deliver ? to.delivered : to.destroyed);
    }
    end& to_;
};

/// An executor's conduct, and what it was given.
struct conduct {
    int failures = 0;     // so many times there is no memory
    bool drops = false;   // destroys what it is given
    int allocations = 0;  // for each function, with its allocator
    std::function<void()> meanwhile;
    std::deque<std::function<void()>> queue;

    void run()
    {
        while (!queue.empty()) {
            auto const f = std::move(queue.front());
            queue.pop_front();
            f();
        }
    }
};

/// Not convertible to any_io_executor: it has no context.
template <class Allocator>
struct own_executor {
    std::shared_ptr<conduct> how;
    Allocator allocator;

    template <class F>
    void execute(F f) const
    {
        {
            F const gone(std::move(f));
            if (how->failures > 0) {
                --how->failures;
                throw std::bad_alloc();
            }
            if (!how->drops) {
                // Runs in memory of the function's allocator, until after the call.
                using byte_allocator =
                    typename std::allocator_traits<Allocator>::template rebind_alloc<std::byte>;
                byte_allocator bytes(allocator);
                std::byte* memory[4] = {};
                for (int n = 0; n != how->allocations; ++n) {
                    memory[n] = bytes.allocate(16);
                    for (int i = 0; i != 16; ++i)
                        memory[n][i] = std::byte(n);
                }
                auto const held = std::make_shared<F>(std::move(const_cast<F&>(gone)));
                how->queue.push_back([held, bytes, memory, count = how->allocations]() mutable {
                    (*held)();
                    for (int n = 0; n != count; ++n) {
                        for (int i = 0; i != 16; ++i)
                            BOOST_TEST((memory[n][i] == std::byte(n)));
                        bytes.deallocate(memory[n], 16);
                    }
                });
            }
        }
        if (how->meanwhile)
            std::exchange(how->meanwhile, nullptr)();
    }

    own_executor require(execution::blocking_t::never_t) const { return *this; }
    static constexpr execution::blocking_t query(execution::blocking_t)
    {
        return execution::blocking.never;
    }
    template <class Other>
    own_executor<Other> require(execution::allocator_t<Other> a) const
    {
        return {how, a.value()};
    }
    own_executor<std::allocator<void>> require(execution::allocator_t<void>) const
    {
        return {how, {}};
    }
    template <class Other>
    Allocator query(execution::allocator_t<Other>) const
    {
        return allocator;
    }
    friend bool operator==(own_executor const& a, own_executor const& b) noexcept
    {
        return a.how == b.how;
    }
};

using foreign_executor = own_executor<std::allocator<void>>;

struct foreign {
    std::shared_ptr<conduct> how = std::make_shared<conduct>();
    end result;

    void post() { post(result); }
    void post(end& to)
    {
        (new letter(to, executor_ref::tracked(foreign_executor{how, {}})))->post();
    }
};

static_assert(!std::convertible_to<foreign_executor, asio::any_io_executor>);

}  // namespace

BOOST_AUTO_TEST_SUITE(executor_of_a_completion)

BOOST_AUTO_TEST_CASE(io_context_is_posted_to_and_never_runs_it_inside)
{
    asio::io_context io{1};
    end result;
    asio::post(io, [&] {
        for (bool continuation : {false, true})
            (new letter(result, executor_ref(io.get_executor(), tracked)))->post(continuation);
        BOOST_TEST(result.delivered == 0);
    });
    io.poll();
    BOOST_TEST(result.delivered == 2);
}

BOOST_AUTO_TEST_CASE(strand_is_posted_to_and_never_runs_it_inside)
{
    asio::io_context io{1};
    auto const strand = asio::make_strand(io);
    end result;
    asio::post(strand, [&] {
        (new letter(result, executor_ref::tracked(strand)))->post();
        (new letter(result, executor_ref::tracked(asio::any_io_executor(strand))))->post(true);
        BOOST_TEST(result.delivered == 0);
    });
    io.poll();
    BOOST_TEST(result.delivered == 2);
}

BOOST_AUTO_TEST_CASE(tracked_work_keeps_the_context_going_until_the_end)
{
    asio::io_context io{1};
    end result;
    auto* const pending = new letter(result, executor_ref(io.get_executor(), tracked));
    io.poll();
    BOOST_TEST(!io.stopped());
    pending->post();
    io.poll();
    BOOST_TEST(result.delivered == 1);
    BOOST_TEST(io.stopped());

    executor_ref const idle(io.get_executor(), untracked);
    io.restart();
    io.poll();
    BOOST_TEST(io.stopped());
}

BOOST_AUTO_TEST_CASE(context_that_goes_first_destroys_it_once)
{
    end result;
    {
        asio::io_context io{1};
        (new letter(result, executor_ref(io.get_executor(), tracked)))->post();
        (new letter(result, executor_ref::tracked(asio::make_strand(io))))->post();
    }
    BOOST_TEST(result.delivered == 0);
    BOOST_TEST(result.destroyed == 2);
}

BOOST_AUTO_TEST_CASE(context_that_is_stopped_keeps_it)
{
    end result;
    asio::io_context io{1};
    io.stop();
    (new letter(result, executor_ref(io.get_executor(), tracked)))->post();
    io.poll();
    BOOST_TEST(result.delivered == 0);
    io.restart();
    io.poll();
    BOOST_TEST(result.delivered == 1);
}

BOOST_AUTO_TEST_CASE(only_the_own_context_is_told_as_running_here)
{
    asio::io_context io{1};
    asio::io_context other{1};
    executor_ref const here(io.get_executor(), untracked);
    executor_ref const there(other.get_executor(), untracked);
    executor_ref const strand(asio::make_strand(io), untracked);
    BOOST_TEST(!here.running_in_this_thread());
    BOOST_TEST(!executor_ref().running_in_this_thread());
    bool checked = false;
    asio::post(io, [&] {
        BOOST_TEST(here.running_in_this_thread());
        BOOST_TEST(!there.running_in_this_thread());
        BOOST_TEST(!strand.running_in_this_thread());  // it cannot be told: no
        checked = true;
    });
    io.poll();
    BOOST_TEST(checked);
}

// Foreign executors --------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(foreign_executor_delivers_it_once)
{
    foreign f;
    f.post();
    BOOST_TEST(f.result.delivered == 0);
    f.how->run();
    BOOST_TEST(f.result.delivered == 1);
    BOOST_TEST(f.result.destroyed == 0);
}

BOOST_AUTO_TEST_CASE(executor_without_memory_is_asked_again)
{
    foreign f;
    f.how->failures = 3;
    f.post();
    BOOST_TEST(f.how->failures == 0);
    f.how->run();
    BOOST_TEST(f.result.delivered == 1);
    BOOST_TEST(f.result.destroyed == 0);
}

BOOST_AUTO_TEST_CASE(executor_that_drops_it_destroys_it_once)
{
    foreign f;
    f.how->drops = true;
    f.post();
    BOOST_TEST(f.result.destroyed == 1);
    BOOST_TEST(f.result.delivered == 0);
}

BOOST_AUTO_TEST_CASE(executor_that_goes_with_its_queue_destroys_it_once)
{
    foreign f;
    f.post();
    f.how->queue.clear();
    BOOST_TEST(f.result.destroyed == 1);
}

BOOST_AUTO_TEST_CASE(dropped_while_the_executor_posts_another_each_ends_once)
{
    foreign outer;
    foreign inner;
    outer.how->drops = true;
    outer.how->meanwhile = [&] { inner.post(); };
    outer.post();
    BOOST_TEST(outer.result.destroyed == 1);
    inner.how->run();
    BOOST_TEST(inner.result.delivered == 1);
    BOOST_TEST(inner.result.destroyed == 0);

    outer.how->meanwhile = [&] {
        inner.how->drops = true;
        inner.post();
    };
    outer.post();
    BOOST_TEST(outer.result.destroyed == 2);
    BOOST_TEST(inner.result.destroyed == 1);
}

BOOST_AUTO_TEST_CASE(dropped_inside_the_posting_of_another_it_is_posted_again)
{
    foreign outer;
    foreign inner;
    outer.how->meanwhile = [&] {
        inner.how->meanwhile = [&] { outer.how->queue.clear(); };
        inner.post();
        throw std::bad_alloc();
    };
    outer.post();
    BOOST_TEST(outer.result.destroyed == 0);
    outer.how->run();
    inner.how->run();
    BOOST_TEST(outer.result.delivered == 1);
    BOOST_TEST(inner.result.delivered == 1);
}

BOOST_AUTO_TEST_CASE(executor_may_use_the_functions_allocator_as_it_likes)
{
    // More than once, and until after the call, when the completion is gone.
    foreign f;
    f.how->allocations = 3;
    f.post();
    f.how->run();
    BOOST_TEST(f.result.delivered == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
