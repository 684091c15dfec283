// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_COMPLETION_HPP
#define LEASEPOOL_DETAIL_COMPLETION_HPP

#include <leasepool/detail/executor_ref.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/recycling_allocator.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace leasepool::detail {

/// A pending operation, with its handler's type erased: one allocation for its whole life.
class completion {
public:
    completion(completion const&) = delete;
    completion& operator=(completion const&) = delete;

    /// Posts the handler to its executor. The caller lets go of the completion.
    void post(bool continuation = false) noexcept { executor_.post(*this, continuation); }

    /// Calls the handler, here and now.
    void deliver() { function_(this, step::deliver); }

    /// Destroys the handler uncalled: its executor's context is shutting down.
    void destroy() noexcept { function_(this, step::destroy); }

    void* memory() noexcept { return memory_; }

    executor_ref const& executor() const noexcept { return executor_; }

protected:
    enum class step {
        deliver,  ///< call the handler, here and now
        destroy,  ///< destroy it uncalled
        settled,  ///< the result of an acquire is in place
    };
    using function = void (*)(completion*, step);

    completion(function f, executor_ref&& ex) noexcept : function_(f), executor_(std::move(ex)) {}
    ~completion() = default;

    void settled() noexcept { function_(this, step::settled); }

    executor_ref take_executor() noexcept { return std::move(executor_); }

private:
    function function_;
    executor_ref executor_;
    alignas(void*) std::byte memory_[in_place_allocator<void>::capacity];
};

inline delivery::allocator_type delivery::get_allocator() const noexcept
{
    return allocator_type(op_->memory());
}

inline void delivery::operator()()
{
    std::exchange(op_, nullptr)->deliver();
}

/// The allocator of a handler; Asio's recycling one if it names none.
template <class T, class Handler>
auto allocator_for(Handler const& handler)
{
    auto alloc =
        boost::asio::get_associated_allocator(handler, boost::asio::recycling_allocator<void>());
    return typename std::allocator_traits<decltype(alloc)>::template rebind_alloc<T>(alloc);
}

/// Allocates an operation with its handler's allocator. `Op` is constructible from a handler and
/// `args`.
template <class Op, class Handler, class... Args>
Op* new_operation(Handler&& handler, Args&&... args)
{
    auto alloc = allocator_for<Op>(handler);
    auto* memory = std::allocator_traits<decltype(alloc)>::allocate(alloc, 1);
    try {
        return ::new (static_cast<void*>(memory))
            Op(std::forward<Handler>(handler), std::forward<Args>(args)...);
    }
    catch (...) {
        std::allocator_traits<decltype(alloc)>::deallocate(alloc, memory, 1);
        throw;
    }
}

/// Ends an operation's life; `handler` is what was moved out of it.
template <class Op, class Handler>
void delete_operation(Op* op, Handler const& handler) noexcept
{
    auto alloc = allocator_for<Op>(handler);
    op->~Op();
    std::allocator_traits<decltype(alloc)>::deallocate(alloc, op, 1);
}

template <class Handler>
void clear_slot(Handler const& handler) noexcept
{
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected())
        slot.clear();
}

}  // namespace leasepool::detail

#endif
