// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_RUN_CANCELER_HPP
#define LEASEPOOL_CORE_RUN_CANCELER_HPP

#include <leasepool/detail/run_canceler.hpp>
#include <leasepool/detail/run_operation.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace leasepool::detail {

/// The part of an operation to which a cancellation slot refers, see detail/run_operation.hpp.
class run_canceler {
public:
    explicit run_canceler(run_operation& op) noexcept : op_(&op) {}

    /// Calls `f(op)` unless the operation is detached. The operation stays alive during the call,
    /// so `f` must not call code of the user or post anything.
    template <class F>
    void with_operation(F&& f)
    {
        std::lock_guard lock(mutex_);
        if (op_)
            f(*op_);
    }

    void detach() noexcept
    {
        std::lock_guard lock(mutex_);
        op_ = nullptr;
    }

private:
    friend void intrusive_ptr_add_ref(run_canceler* what) noexcept;
    friend void intrusive_ptr_release(run_canceler* what) noexcept;

    std::mutex mutex_;
    run_operation* op_;
    std::atomic<std::uint32_t> references_{0};
};

}  // namespace leasepool::detail

#endif
