// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "support/executor_over.hpp"

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/executor_ref.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace leasepool::test {
namespace {

namespace asio = boost::asio;
namespace execution = boost::asio::execution;
using detail::executor_ref;
constexpr auto tracked = executor_ref::work::tracked;
constexpr auto untracked = executor_ref::work::untracked;

struct end {
    int delivered = 0;
    int destroyed = 0;
    std::string* order = nullptr;
    char name = '?';
};

/// Overwrites what it deallocates: a context that still has a block of it crashes.
template <class T>
struct scrubbing_allocator {
    using value_type = T;

    scrubbing_allocator() = default;
    template <class U>
    scrubbing_allocator(scrubbing_allocator<U> const&) noexcept
    {
    }

    T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
    void deallocate(T* p, std::size_t n) noexcept
    {
        std::fill_n(reinterpret_cast<volatile unsigned char*>(p), n * sizeof(T),
            static_cast<unsigned char>(0xdd));
        std::allocator<T>().deallocate(p, n);
    }

    friend bool operator==(scrubbing_allocator const&, scrubbing_allocator const&) = default;
};

struct recipient {
    using allocator_type = scrubbing_allocator<void>;
    allocator_type get_allocator() const noexcept { return {}; }

    end* to;
};

/// An operation whose handler notes how it ended.
class letter final : public detail::completion {
public:
    letter(recipient h, executor_ref&& ex) : completion(&go, std::move(ex)), handler_(h) {}

    template <class Executor>
    static letter& make(end& to, Executor const& ex)
    {
        return *detail::new_operation<letter>(recipient{&to}, detail::held_executor(ex));
    }

private:
    static void go(completion* base, step what)
    {
        auto* const self = static_cast<letter*>(base);
        auto const executor = self->take_executor();
        auto const handler = self->handler_;
        detail::delete_operation(self, handler, executor);
        auto& to = *handler.to;
        ++(what == step::deliver ? to.delivered : to.destroyed);
        if (to.order)
            *to.order += to.name;
    }

    recipient handler_;
};

/// A completion that is no operation: it is a part of something else.
class resident final : public detail::completion {
public:
    resident(end& to, executor_ref&& ex) : completion(&go, std::move(ex)), to_(to) {}

    void drop_executor() noexcept { take_executor(); }

private:
    static void go(completion* base, step what)
    {
        auto& to = static_cast<resident*>(base)->to_;
        ++(what == step::deliver ? to.delivered : to.destroyed);
    }
    end& to_;
};

/// Calls `f` with each executor of `io`: plain and a strand, as it is and in an any_io_executor.
template <class F>
void for_each_executor(asio::io_context& io, F const& f)
{
    auto const both = [&](auto const& ex, char const* name) {
        BOOST_TEST_CONTEXT(name) f(ex);
        BOOST_TEST_CONTEXT("any_io_executor of " << name) f(asio::any_io_executor(ex));
    };
    both(io.get_executor(), "io_context");
    both(asio::make_strand(io), "strand of io_context");
    both(asio::make_strand(asio::any_io_executor(io.get_executor())), "strand of any_io_executor");
}

/// The same, of a thread_pool.
template <class F>
void for_each_executor(asio::thread_pool& pool, F const& f)
{
    auto const both = [&](auto const& ex, char const* name) {
        BOOST_TEST_CONTEXT(name) f(ex);
        BOOST_TEST_CONTEXT("any_io_executor of " << name) f(asio::any_io_executor(ex));
    };
    both(pool.get_executor(), "thread_pool");
    both(asio::make_strand(pool), "strand of thread_pool");
}

/// An executor's conduct, and what it was given.
struct conduct {
    int failures = 0;      // so many times there is no memory
    bool refuses = false;  // throws something else, the function destroyed
    bool drops = false;    // destroys what it is given
    int allocations = 0;   // for each function, with its allocator
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
            if (how->refuses)
                throw std::runtime_error("full");
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

    std::exception_ptr post() { return post(result); }
    std::exception_ptr post(end& to) { return letter::make(to, foreign_executor{how, {}}).post(); }
};

static_assert(!std::convertible_to<foreign_executor, asio::any_io_executor>);

}  // namespace

BOOST_AUTO_TEST_SUITE(executor_of_a_completion)

BOOST_AUTO_TEST_CASE(io_context_is_posted_to_and_never_runs_it_inside)
{
    asio::io_context io{1};
    for_each_executor(io, [&](auto const& ex) {
        end result;
        asio::post(ex, [&] {
            for (int n = 0; n != 2; ++n)
                BOOST_TEST((letter::make(result, ex).post() == nullptr));
            BOOST_TEST(result.delivered == 0);
        });
        io.restart();
        io.poll();
        BOOST_TEST(result.delivered == 2);
        BOOST_TEST(result.destroyed == 0);
    });
}

BOOST_AUTO_TEST_CASE(thread_pool_is_posted_to_and_never_runs_it_inside)
{
    // This thread is the pool's only one.
    asio::thread_pool pool(0);
    std::vector<std::unique_ptr<end>> results;
    for_each_executor(pool, [&](auto const& ex) {
        auto& result = *results.emplace_back(std::make_unique<end>());
        asio::post(ex, [&result, ex] {
            for (int n = 0; n != 2; ++n)
                letter::make(result, ex).post();
            BOOST_TEST(result.delivered == 0);
        });
    });
    // Behind the functions there are, behind what these post, and behind what a strand posts then.
    asio::post(pool, [&] { asio::post(pool, [&] { asio::post(pool, [&] { pool.stop(); }); }); });
    pool.attach();
    for (auto const& result : results)
        BOOST_TEST(result->delivered == 2);
}

BOOST_AUTO_TEST_CASE(completions_come_in_the_order_of_their_posting)
{
    asio::io_context io{1};
    for_each_executor(io, [&](auto const& ex) {
        std::string order;
        end results[6];
        for (int n = 0; n != 6; ++n) {
            results[n].order = &order;
            results[n].name = static_cast<char>('a' + n);
        }
        auto const post = [&](int n) { letter::make(results[n], ex).post(); };
        post(0);
        post(1);
        asio::post(ex, [&] {
            order += '|';
            post(4);
            post(5);
        });
        post(2);
        post(3);
        io.restart();
        io.poll();
        BOOST_TEST(order == "ab|cdef");
    });
}

BOOST_AUTO_TEST_CASE(tracked_work_keeps_the_context_going_until_the_end)
{
    asio::io_context io{1};
    for_each_executor(io, [&](auto const& ex) {
        end result;
        auto& pending = letter::make(result, ex);
        io.restart();
        io.poll();
        BOOST_TEST(!io.stopped());
        pending.post();
        io.poll();
        BOOST_TEST(result.delivered == 1);
        BOOST_TEST(io.stopped());

        // Nor is it kept by one that is never posted.
        letter::make(result, ex).destroy();
        io.restart();
        io.poll();
        BOOST_TEST(io.stopped());
    });
    executor_ref const idle(io.get_executor(), untracked);
    io.restart();
    io.poll();
    BOOST_TEST(io.stopped());
}

BOOST_AUTO_TEST_CASE(context_that_goes_first_destroys_it_once)
{
    end result;
    int posted = 0;
    auto const post_two = [&](auto const& ex) {
        letter::make(result, ex).post();
        letter::make(result, ex).post();  // on a strand: behind the first
        posted += 2;
    };
    {
        asio::io_context io{1};
        for_each_executor(io, post_two);
    }
    {
        asio::thread_pool pool(0);
        for_each_executor(pool, post_two);
    }
    BOOST_TEST(result.delivered == 0);
    BOOST_TEST(result.destroyed == posted);
}

BOOST_AUTO_TEST_CASE(strand_that_has_been_shut_down_drops_it_and_it_is_destroyed_once)
{
    end result;
    struct poster {
        end* to;
        asio::any_io_executor ex;

        poster(end& e, asio::any_io_executor x) : to(&e), ex(std::move(x)) {}
        poster(poster&& other) noexcept
            : to(std::exchange(other.to, nullptr)), ex(std::move(other.ex))
        {
        }
        ~poster()
        {
            if (to) {
                auto& dropped = letter::make(*to, ex);
                BOOST_TEST((dropped.post() == nullptr));
                BOOST_TEST(to->destroyed == 1);
            }
        }
        void operator()() const {}
    };
    {
        // The context destroys its functions after it has shut down its strands.
        asio::io_context io{1};
        auto const strand = asio::make_strand(io);
        asio::post(io, poster(result, strand));
    }
    BOOST_TEST(result.destroyed == 1);
    BOOST_TEST(result.delivered == 0);
}

BOOST_AUTO_TEST_CASE(completion_that_is_no_operation_is_posted_again_and_again)
{
    end result;
    asio::io_context io{1};
    for_each_executor(io, [&](auto const& ex) {
        result = {};
        resident here(result, executor_ref(ex, untracked));
        for (int n = 0; n != 3; ++n) {
            here.post();
            io.restart();
            io.poll();
        }
        BOOST_TEST(result.delivered == 3);
    });
}

BOOST_AUTO_TEST_CASE(completion_that_is_no_operation_may_go_before_its_context)
{
    end result;
    {
        asio::io_context io{1};
        {
            resident here(result, executor_ref(asio::make_strand(io), tracked));
            here.post();
            io.poll();
        }
    }
    BOOST_TEST(result.delivered == 1);
}

BOOST_AUTO_TEST_CASE(completion_that_is_no_operation_may_drop_its_executor_while_it_is_posted)
{
    for (bool const on_strand : {false, true}) {
        end result;
        auto io = std::make_unique<asio::io_context>(1);
        asio::any_io_executor ex = io->get_executor();
        if (on_strand)
            ex = asio::make_strand(*io);
        resident here(result, executor_ref(ex, untracked));
        ex = {};
        here.post();
        here.drop_executor();
        io.reset();
        BOOST_TEST(result.destroyed == 1);
        BOOST_TEST(result.delivered == 0);
    }
}

BOOST_AUTO_TEST_CASE(context_that_is_stopped_keeps_it)
{
    end result;
    asio::io_context io{1};
    io.stop();
    letter::make(result, io.get_executor()).post();
    io.poll();
    BOOST_TEST(result.delivered == 0);
    io.restart();
    io.poll();
    BOOST_TEST(result.delivered == 1);
}

// Executors that throw -----------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(executor_that_refuses_it_destroys_it_once_and_is_reported)
{
    foreign f;
    f.how->refuses = true;
    auto const error = f.post();
    BOOST_REQUIRE((error != nullptr));
    BOOST_CHECK_THROW(std::rethrow_exception(error), std::runtime_error);
    BOOST_TEST(f.result.destroyed == 1);
    BOOST_TEST(f.result.delivered == 0);

    f.how->refuses = false;
    BOOST_TEST((f.post() == nullptr));
    f.how->run();
    BOOST_TEST(f.result.delivered == 1);
}

BOOST_AUTO_TEST_CASE(executor_that_throws_and_keeps_it_delivers_it_once_and_is_reported)
{
    foreign f;
    f.how->meanwhile = [] { throw std::runtime_error("late"); };
    BOOST_TEST((f.post() != nullptr));
    BOOST_TEST(f.result.destroyed == 0);
    f.how->run();
    BOOST_TEST(f.result.delivered == 1);
    BOOST_TEST(f.result.destroyed == 0);
}

namespace {

/// An executor of an io_context that throws while it is full.
struct refusing_executor : executor_over {
    template <class F>
    void execute(F&& f) const
    {
        if (*full)
            throw std::runtime_error("full");
        asio::require(io->get_executor(), execution::blocking.never).execute(std::forward<F>(f));
    }
    bool operator==(refusing_executor const&) const noexcept = default;

    bool const* full;
};
static_assert(std::convertible_to<refusing_executor, asio::any_io_executor>);

}  // namespace

BOOST_AUTO_TEST_CASE(any_io_executor_that_refuses_it_destroys_it_once_and_is_reported)
{
    asio::io_context io{1};
    bool full = true;
    end result;
    refusing_executor const ex{{&io}, &full};
    BOOST_TEST((letter::make(result, ex).post() != nullptr));
    BOOST_TEST(result.destroyed == 1);
    full = false;
    BOOST_TEST((letter::make(result, ex).post() == nullptr));
    io.poll();
    BOOST_TEST(result.delivered == 1);
}

BOOST_AUTO_TEST_CASE(strand_on_an_executor_that_refuses_keeps_it_until_its_context_goes)
{
    end result;
    {
        asio::io_context io{1};
        bool full = true;
        auto const strand = asio::make_strand(refusing_executor{{&io}, &full});
        BOOST_TEST((letter::make(result, strand).post() != nullptr));
        BOOST_TEST(result.destroyed == 0);
        full = false;
        BOOST_TEST((letter::make(result, strand).post() == nullptr));
        io.poll();
        BOOST_TEST(result.delivered == 0);  // Asio's strand is locked for ever
    }
    BOOST_TEST(result.destroyed == 2);
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
