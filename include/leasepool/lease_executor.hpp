// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LEASE_EXECUTOR_HPP
#define LEASEPOOL_LEASE_EXECUTOR_HPP

#include <leasepool/detail/lease_state.hpp>

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <semaphore>
#include <type_traits>
#include <utility>

namespace leasepool {
namespace detail {

/// One piece of outstanding work of a lease.
class work_count {
public:
    struct adopt {};
    work_count(lease_ptr lease, adopt) noexcept : lease_(std::move(lease)) {}
    work_count(work_count&& other) noexcept = default;
    work_count& operator=(work_count&&) = delete;
    ~work_count()
    {
        if (lease_)
            lease_->end_work();
    }

    lease_state& lease() const noexcept { return *lease_; }

private:
    lease_ptr lease_;
};

/// A function posted to a lease. It is counted as outstanding until it is destroyed, and catches
/// the exceptions of the function.
template <class Function>
class counted {
public:
    template <class F>
    counted(work_count&& count, F&& f) : count_(std::move(count)), function_(std::forward<F>(f))
    {
    }

    void operator()()
    {
        std::exception_ptr error;
        try {
            std::move(function_)();
        }
        catch (...) {
            error = std::current_exception();
        }
        // Done outside the catch block: inside it this thread still holds a reference to the
        // exception.
        if (error)
            count_.lease().report_unhandled(std::move(error));
    }

private:
    work_count count_;
    Function function_;
};

/// For blocking.always: refers to a function on the waiting thread's stack, runs it, and wakes that
/// thread when it has run or is dropped.
template <class Function>
class awaited {
public:
    awaited(Function& f, std::binary_semaphore& done) noexcept : function_(&f), done_(&done) {}
    awaited(awaited&& other) noexcept
        : function_(other.function_), done_(std::exchange(other.done_, nullptr))
    {
    }
    awaited& operator=(awaited&&) = delete;
    ~awaited()
    {
        if (done_)
            done_->release();
    }

    void operator()() { std::move (*function_)(); }

private:
    Function* function_;
    std::binary_semaphore* done_;
};

}  // namespace detail

/// The executor of a lease on threads.
///
/// Models Asio's executor and I/O executor; converts to `any_io_executor` without allocating.
/// Supports `blocking`, `relationship`, `outstanding_work`, `allocator`, `context`, `mapping` and
/// `occupancy`, as `boost::asio::thread_pool` does.
///
/// `execute` never refuses a function. It throws only `std::bad_alloc` and exceptions of the
/// function's move constructor. Functions run on the lease's threads until the lease has ended and
/// nothing is outstanding on it (a function in flight, or an executor with
/// `outstanding_work.tracked`). After that they are destroyed without being run, as Asio's own
/// contexts do after their shutdown. If a function throws, the exception is logged and reported to
/// the observer, and the thread goes on.
///
/// A copy keeps the memory of the lease's pool alive, but not the lease. It may be kept for any
/// length of time. Threads: all functions may be called concurrently, also on one object.
template <class Allocator>
class basic_lease_executor {
    template <class>
    friend class basic_lease_executor;
    template <class>
    friend class lease;

    enum : unsigned {
        never = 1,
        always = 2,
        continuation = 4,
        tracked = 8,
        counted = 16,  // of a tracked executor: it holds a piece of work
    };

public:
    basic_lease_executor(basic_lease_executor const& other) noexcept
        : lease_(other.lease_), bits_(other.bits_), allocator_(other.allocator_)
    {
        if (bits_ & counted)
            lease_->add_work();
    }

    basic_lease_executor(basic_lease_executor&& other) noexcept
        : lease_(std::move(other.lease_)),
          bits_(std::exchange(other.bits_, other.bits_ & ~unsigned{counted})),
          allocator_(other.allocator_)
    {
    }

    basic_lease_executor& operator=(basic_lease_executor other) noexcept
    {
        lease_.swap(other.lease_);
        std::swap(bits_, other.bits_);
        std::swap(allocator_, other.allocator_);
        return *this;
    }

    ~basic_lease_executor()
    {
        if (bits_ & counted)
            lease_->end_work();
    }

    friend bool operator==(basic_lease_executor const& a, basic_lease_executor const& b) noexcept
    {
        return a.lease_ == b.lease_ && ((a.bits_ ^ b.bits_) & ~unsigned{counted}) == 0 &&
            a.allocator_ == b.allocator_;
    }

    /// Returns whether this thread is one of the pool's threads.
    bool running_in_this_thread() const noexcept
    {
        return lease_->context().get_executor().running_in_this_thread();
    }

    template <class Function>
    void execute(Function&& f) const
    {
        using function = std::decay_t<Function>;
        if (!lease_->begin_work()) {
            [[maybe_unused]] function dropped(std::forward<Function>(f));
            return;
        }
        detail::work_count count(lease_, detail::work_count::adopt{});
        if (bits_ & always)
            run_and_wait(std::move(count), std::forward<Function>(f));
        else
            submit(detail::counted<function>(std::move(count), std::forward<Function>(f)));
    }

    // Properties.

    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept
    {
        return lease_->context();
    }

    boost::asio::execution::blocking_t query(boost::asio::execution::blocking_t) const noexcept
    {
        if (bits_ & never)
            return boost::asio::execution::blocking.never;
        if (bits_ & always)
            return boost::asio::execution::blocking.always;
        return boost::asio::execution::blocking.possibly;
    }

    boost::asio::execution::relationship_t query(
        boost::asio::execution::relationship_t) const noexcept
    {
        if (bits_ & continuation)
            return boost::asio::execution::relationship.continuation;
        return boost::asio::execution::relationship.fork;
    }

    boost::asio::execution::outstanding_work_t query(
        boost::asio::execution::outstanding_work_t) const noexcept
    {
        if (bits_ & tracked)
            return boost::asio::execution::outstanding_work.tracked;
        return boost::asio::execution::outstanding_work.untracked;
    }

    static constexpr boost::asio::execution::mapping_t query(
        boost::asio::execution::mapping_t) noexcept
    {
        return boost::asio::execution::mapping.thread;
    }

    std::size_t query(boost::asio::execution::occupancy_t) const noexcept
    {
        return lease_->workers();
    }

    template <class Other>
    Allocator query(boost::asio::execution::allocator_t<Other>) const noexcept
    {
        return allocator_;
    }

    basic_lease_executor require(boost::asio::execution::blocking_t::possibly_t) const noexcept
    {
        return with(0, never | always);
    }
    basic_lease_executor require(boost::asio::execution::blocking_t::never_t) const noexcept
    {
        return with(never, always);
    }
    basic_lease_executor require(boost::asio::execution::blocking_t::always_t) const noexcept
    {
        return with(always, never);
    }
    basic_lease_executor require(boost::asio::execution::relationship_t::fork_t) const noexcept
    {
        return with(0, continuation);
    }
    basic_lease_executor require(
        boost::asio::execution::relationship_t::continuation_t) const noexcept
    {
        return with(continuation, 0);
    }
    basic_lease_executor require(
        boost::asio::execution::outstanding_work_t::tracked_t) const noexcept
    {
        return with(tracked, 0);
    }
    basic_lease_executor require(
        boost::asio::execution::outstanding_work_t::untracked_t) const noexcept
    {
        return with(0, tracked);
    }

    template <class Other>
    basic_lease_executor<Other> require(boost::asio::execution::allocator_t<Other> a) const noexcept
    {
        return {lease_, bits_ & ~unsigned{counted}, a.value()};
    }

    basic_lease_executor<std::allocator<void>> require(
        boost::asio::execution::allocator_t<void>) const noexcept
    {
        return {lease_, bits_ & ~unsigned{counted}, std::allocator<void>()};
    }

private:
    basic_lease_executor(detail::lease_ptr lease, unsigned bits, Allocator const& a) noexcept
        : lease_(std::move(lease)), bits_(bits), allocator_(a)
    {
        if ((bits_ & tracked) && lease_->begin_work())
            bits_ |= counted;
    }

    basic_lease_executor with(unsigned set, unsigned unset) const noexcept
    {
        return {lease_, (bits_ & ~(unset | counted)) | set, allocator_};
    }

    /// Keeps the pool's context from ending between construction and destruction.
    class posting {
    public:
        explicit posting(detail::lease_state& lease) noexcept
            : lease_(lease.begin_post() ? &lease : nullptr)
        {
        }
        posting(posting const&) = delete;
        posting& operator=(posting const&) = delete;
        ~posting()
        {
            if (lease_)
                lease_->end_post();
        }
        explicit operator bool() const noexcept { return lease_ != nullptr; }

    private:
        detail::lease_state* lease_;
    };

    template <class Task>
    void submit(Task task) const
    {
        namespace asio = boost::asio;
        namespace execution = boost::asio::execution;
        posting const now(*lease_);
        if (!now)
            return;
        auto const ex =
            asio::require(lease_->context().get_executor(), execution::allocator(allocator_));
        if (!(bits_ & never))
            ex.execute(std::move(task));
        else if (bits_ & continuation)
            asio::require(ex, execution::blocking.never, execution::relationship.continuation)
                .execute(std::move(task));
        else
            asio::require(ex, execution::blocking.never).execute(std::move(task));
    }

    template <class Function>
    void run_and_wait(detail::work_count&& count, Function&& f) const
    {
        using function = std::decay_t<Function>;
        if (running_in_this_thread()) {
            detail::counted<function>(std::move(count), std::forward<Function>(f))();
            return;
        }
        function local(std::forward<Function>(f));
        std::binary_semaphore done(0);
        require(boost::asio::execution::blocking.never)
            .submit(detail::counted<detail::awaited<function>>(
                std::move(count), detail::awaited<function>(local, done)));
        done.acquire();
    }

    detail::lease_ptr lease_;
    unsigned bits_;
    [[no_unique_address]] Allocator allocator_;
};

/// @copydoc basic_lease_executor
using lease_executor = basic_lease_executor<std::allocator<void>>;

}  // namespace leasepool

#endif
