// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_EXECUTOR_REF_HPP
#define LEASEPOOL_DETAIL_EXECUTOR_REF_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/asio_settings.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <typeinfo>
#include <utility>

namespace boost::asio {
class io_context;
}

/// The executor through which a handler is delivered. It is a `held_executor` until the operation
/// exists, an `executor_ref` inside the operation, and a `held_executor` again while the handler
/// runs.
namespace leasepool::detail {

class completion;

/// The function that is posted to deliver a completion. Owns the completion until it runs.
class delivery {
public:
    explicit delivery(completion& op) noexcept : op_(&op) {}
    delivery(delivery&& other) noexcept : op_(std::exchange(other.op_, nullptr)) {}
    delivery& operator=(delivery&&) = delete;
    ~delivery();

    void operator()();

private:
    completion* op_;
};

/// An executor on the heap: one that is not of a known kind.
class foreign_executor {
public:
    virtual ~foreign_executor() = default;
    virtual void post(completion& op) const = 0;
    virtual bool running_in_this_thread() const noexcept = 0;
};

template <class Executor>
class foreign_executor_of final : public foreign_executor {
public:
    foreign_executor_of(Executor const& ex, bool tracked) : executor_(ex)
    {
        if (tracked)
            work_.emplace(ex);
    }

    void post(completion& op) const override
    {
        // No allocator of this library is passed: such an executor may use the allocator of a
        // function as often and for as long as it likes.
        boost::asio::post(executor_, [what = delivery(op)]() mutable { what(); });
    }

    bool running_in_this_thread() const noexcept override
    {
        if constexpr (requires { executor_.running_in_this_thread(); })
            return executor_.running_in_this_thread();
        else
            return false;
    }

private:
    Executor executor_;
    std::optional<boost::asio::executor_work_guard<Executor>> work_;
};

/// The functions for executors of one kind. The kinds are defined in the compiled core.
struct executor_functions {
    void (*post)(void* self, completion& op, bool continuation);
    /// Destroys `op` after the executor has destroyed its delivery: at once, or when the executor
    /// has deallocated all memory of `op`.
    void (*drop)(void* self, completion& op) noexcept;
    bool (*running_in_this_thread)(void const* self) noexcept;
    boost::asio::io_context* (*context)(void const* self) noexcept;
    void (*relocate)(void* from, void* to) noexcept;
    void (*destroy)(void* self) noexcept;
    /// Number of bytes needed behind an operation; 0: the executor is kept in a word of the
    /// operation.
    std::size_t room;
    /// Whether the executor is a user's, so that `post` may throw any exception. `post` of a known
    /// kind throws no exception that loses a function.
    bool may_throw;
};

/// The executor of a handler, with outstanding work, outside an operation.
///
/// An executor of `io_context` or `thread_pool`, or a strand of one of these, keeps its own type,
/// also if it is inside an `any_io_executor`. The type of any other executor is erased.
class held_executor {
public:
    template <class Executor>
    explicit held_executor(Executor const& ex)
    {
        if constexpr (std::same_as<Executor, boost::asio::any_io_executor>)
            hold(ex);
        else if constexpr (std::convertible_to<Executor const&, boost::asio::any_io_executor>) {
            if (!hold_known(typeid(Executor), &ex))
                hold(ex);
        }
        else
            hold(std::make_unique<foreign_executor_of<Executor>>(ex, true));
    }

    held_executor(held_executor&& other) noexcept
        : functions_(std::exchange(other.functions_, nullptr))
    {
        if (functions_)
            functions_->relocate(other.storage_, storage_);
    }

    held_executor& operator=(held_executor&&) = delete;

    ~held_executor()
    {
        if (functions_)
            functions_->destroy(storage_);
    }

    /// Returns the number of bytes that the executor needs behind an operation, aligned like a
    /// pointer.
    std::size_t room() const noexcept { return functions_ ? functions_->room : 0; }

private:
    friend class executor_ref;

    held_executor() noexcept = default;

    void hold(boost::asio::any_io_executor const& ex);
    bool hold_known(std::type_info const& type, void const* ex);
    void hold(std::unique_ptr<foreign_executor> ex) noexcept;
    template <class Executor>
    void keep(Executor const& ex);

    executor_functions const* functions_ = nullptr;
    alignas(void*) std::byte storage_[sizeof(boost::asio::any_io_executor)];
};

/// The executor through which a completion is delivered, in two words of the completion. It posts
/// without allocation to an `io_context`, to a `thread_pool` and to a strand of one of these. For a
/// strand it uses the room behind the operation.
class executor_ref {
public:
    enum class work : bool { untracked, tracked };

    executor_ref() noexcept = default;

    /// For a completion that is not an operation. Keeps an executor of `io_context` in place, and
    /// any other executor on the heap.
    executor_ref(boost::asio::any_io_executor const& ex, work w);

    /// `room` points to the `ex.room()` bytes behind the operation.
    executor_ref(held_executor&& ex, void* room) noexcept
        : functions_(std::exchange(ex.functions_, nullptr))
    {
        if (!functions_)
            return;
        if (functions_->room != 0)
            ::new (static_cast<void*>(storage_)) void*(room);
        functions_->relocate(ex.storage_, self());
    }

    executor_ref(executor_ref&& other) noexcept { take(other); }

    executor_ref& operator=(executor_ref&& other) noexcept
    {
        if (this != &other) {
            reset();
            take(other);
        }
        return *this;
    }

    ~executor_ref() { reset(); }

    void reset() noexcept
    {
        if (!functions_)
            return;
        auto* const ex = self();
        std::exchange(functions_, nullptr)->destroy(ex);
    }

    explicit operator bool() const noexcept { return functions_ != nullptr; }

    /// Returns whether the caller must check the result of `post`.
    bool may_throw() const noexcept { return functions_ && functions_->may_throw; }

    /// Posts `op`; never runs it inline. If there is no memory, waits and tries again, because a
    /// completion is never lost.
    ///
    /// Returns the exception that the executor threw; null if it threw none. A `bad_alloc` is
    /// returned only if the executor has kept the function; otherwise the post is tried again. If
    /// the executor has destroyed the function without an exception, or has thrown another
    /// exception and destroyed it, `op` is destroyed on this thread, with its handler uncalled. If
    /// the executor has thrown and not destroyed the function, the executor owns the function.
    /// `continuation`: the caller is about to return to the executor.
    std::exception_ptr post(completion& op, bool continuation = false) noexcept;

    /// See `executor_functions::drop`.
    void drop(completion& op) noexcept { functions_->drop(self(), op); }

    /// Takes the executor out of the operation. The memory of the operation may be deallocated
    /// after that.
    held_executor release() noexcept
    {
        held_executor ex;
        if (functions_) {
            functions_->relocate(self(), ex.storage_);
            ex.functions_ = std::exchange(functions_, nullptr);
        }
        return ex;
    }

    /// Returns the context if it is an `io_context` and the executor is kept in place; otherwise
    /// null.
    boost::asio::io_context* context() const noexcept
    {
        return functions_ ? functions_->context(self()) : nullptr;
    }

    /// Returns whether this thread runs the context of the executor; false if that cannot be
    /// determined.
    bool running_in_this_thread() const noexcept
    {
        return functions_ && functions_->running_in_this_thread(self());
    }

private:
    void* self() noexcept
    {
        return functions_->room == 0 ? static_cast<void*>(storage_)
                                     : *std::launder(reinterpret_cast<void**>(storage_));
    }
    void const* self() const noexcept { return const_cast<executor_ref*>(this)->self(); }

    /// Precondition: `*this` is empty.
    void take(executor_ref& other) noexcept
    {
        if (!other.functions_)
            return;
        auto* const from = other.self();
        functions_ = std::exchange(other.functions_, nullptr);
        if (functions_->room == 0)
            functions_->relocate(from, storage_);
        else
            ::new (static_cast<void*>(storage_)) void*(from);
    }

    executor_functions const* functions_ = nullptr;
    alignas(void*) std::byte storage_[sizeof(void*)];
};

}  // namespace leasepool::detail

#endif
