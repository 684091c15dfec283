// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_COMPLETION_HPP
#define LEASEPOOL_DETAIL_COMPLETION_HPP

#include <leasepool/detail/executor_ref.hpp>
#include <leasepool/error.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

namespace leasepool::detail {

/// A pending operation, with the type of its handler erased. It is one allocation for its whole
/// life.
class completion {
public:
    completion(completion const&) = delete;
    completion& operator=(completion const&) = delete;

    /// Posts the handler to its executor. The caller must not use the completion after this call.
    /// Returns the exception that the executor threw, see `executor_ref::post`; the caller must not
    /// use the completion in that case either.
    std::exception_ptr post(bool continuation = false) noexcept
    {
        return executor_.post(*this, continuation);
    }

    /// Calls the handler on this thread, inside this call.
    void deliver() { function_(this, step::deliver); }

    /// Destroys the handler uncalled, for example because the context of its executor is shutting
    /// down.
    void destroy() noexcept { function_(this, step::destroy); }

    /// Called when the executor has destroyed the delivery without running it.
    void drop() noexcept
    {
        if (executor_)
            executor_.drop(*this);
        else
            // A completion that is not an operation may drop its executor before this.
            destroy();
    }

    /// Large enough for the function object that Asio makes of a delivery.
    static constexpr std::size_t memory_size = 40;
    void* memory() noexcept { return memory_; }

    executor_ref const& executor() const noexcept { return executor_; }

protected:
    enum class step {
        deliver,  ///< call the handler inside this call
        destroy,  ///< destroy the handler uncalled
        settled,  ///< the result of an acquire is in place
    };
    using function = void (*)(completion*, step);

    completion(function f, executor_ref&& ex) noexcept : function_(f), executor_(std::move(ex)) {}
    ~completion() = default;

    void settled() noexcept { function_(this, step::settled); }

    held_executor take_executor() noexcept { return executor_.release(); }

private:
    function function_;
    executor_ref executor_;
    alignas(void*) std::byte memory_[memory_size];
};

/// An operation that completes with an error code.
class plain_completion : public completion {
public:
    error_code error{};

protected:
    using completion::completion;
    ~plain_completion() = default;
};

/// An operation that completes with a snapshot.
template <class Stats>
class stats_completion_of : public plain_completion {
public:
    Stats value{};

protected:
    using plain_completion::plain_completion;
    ~stats_completion_of() = default;
};

/// Returns the associated allocator of a handler; Asio's recycling allocator if it has none.
template <class T, class Handler>
auto allocator_for(Handler const& handler)
{
    auto alloc =
        boost::asio::get_associated_allocator(handler, boost::asio::recycling_allocator<void>());
    return typename std::allocator_traits<decltype(alloc)>::template rebind_alloc<T>(alloc);
}

/// The unit in which the memory of an operation is allocated. The memory holds an Op, and behind it
/// the room that the handler's executor needs.
template <class Op>
struct alignas(Op) operation_unit {
    static std::size_t count(std::size_t room) noexcept
    {
        return (sizeof(Op) + room + sizeof(operation_unit) - 1) / sizeof(operation_unit);
    }

    std::byte bytes[alignof(Op)];
};

/// Allocates an operation with its handler's allocator. `Op` is constructible from a handler, an
/// `executor_ref` and `args`.
template <class Op, class Handler, class... Args>
Op* new_operation(Handler&& handler, held_executor&& ex, Args&&... args)
{
    using unit = operation_unit<Op>;
    static_assert(alignof(Op) >= alignof(void*) && sizeof(unit) == alignof(Op));
    auto alloc = allocator_for<unit>(handler);
    auto const n = unit::count(ex.room());
    auto* const memory = std::allocator_traits<decltype(alloc)>::allocate(alloc, n);
    try {
        executor_ref placed(std::move(ex), memory + unit::count(0));
        return ::new (static_cast<void*>(memory))
            Op(std::forward<Handler>(handler), std::move(placed), std::forward<Args>(args)...);
    }
    catch (...) {
        std::allocator_traits<decltype(alloc)>::deallocate(alloc, memory, n);
        throw;
    }
}

/// Destroys an operation and deallocates its memory. `handler` and `ex` have been moved out of it.
template <class Op, class Handler>
void delete_operation(Op* op, Handler const& handler, held_executor const& ex) noexcept
{
    using unit = operation_unit<Op>;
    auto alloc = allocator_for<unit>(handler);
    op->~Op();
    std::allocator_traits<decltype(alloc)>::deallocate(
        alloc, reinterpret_cast<unit*>(op), unit::count(ex.room()));
}

}  // namespace leasepool::detail

#endif
