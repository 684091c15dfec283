// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_RUN_CANCELER_HPP
#define LEASEPOOL_DETAIL_RUN_CANCELER_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/asio_settings.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace leasepool::detail {

class run_operation;

constexpr auto any_cancellation = boost::asio::cancellation_type::terminal |
    boost::asio::cancellation_type::partial | boost::asio::cancellation_type::total;

inline bool is_cancellation(boost::asio::cancellation_type type) noexcept
{
    return (type & any_cancellation) != boost::asio::cancellation_type::none;
}

/// The part of an operation to which a cancellation slot refers. It is reference-counted. It refers
/// to the operation until the operation calls or destroys its handler. A signal may be emitted on
/// another thread at that time, and also later, because an operation that ends does not touch the
/// slot. All functions may be called from any thread.
class run_canceler {
public:
    explicit run_canceler(run_operation& op) noexcept : op_(&op) {}

    /// Cancels the operation. If it has not begun, it completes with operation_aborted. A function
    /// that runs is asked to stop, unless `type` is only `total`.
    void cancel(boost::asio::cancellation_type type) noexcept;

    /// Calls `f(op)` unless the operation is detached. The operation stays alive during the call,
    /// so `f` must not call code of the user or post anything.
    template <class F>
    void with_operation(F&& f)
    {
        std::lock_guard lock(mutex_);
        if (op_)
            f(*op_);
    }

    /// Called by the operation before any part of it is destroyed.
    void detach() noexcept
    {
        std::lock_guard lock(mutex_);
        op_ = nullptr;
    }

    void add_ref() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void drop_ref() noexcept
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

private:
    std::mutex mutex_;
    run_operation* op_;
    std::atomic<std::uint32_t> references_{0};
};

inline void intrusive_ptr_add_ref(run_canceler* what) noexcept
{
    what->add_ref();
}

inline void intrusive_ptr_release(run_canceler* what) noexcept
{
    what->drop_ref();
}

using run_canceler_ptr = boost::intrusive_ptr<run_canceler>;

}  // namespace leasepool::detail

#endif
