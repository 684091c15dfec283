// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_MANAGER_OUTCOME_HPP
#define LEASEPOOL_CORE_MANAGER_OUTCOME_HPP

#include "core/manager/manager_core.hpp"

namespace leasepool::detail {

/// The operations that were settled under the lock of the manager. They are delivered after the
/// lock is released.
class manager_core::outcome {
public:
    void settled(lease_completion& op) noexcept { acquires_.push_back(op); }
    void through(plain_completion& op) noexcept { plain_.push_back(op); }
    /// Takes over the reference of the ledger to a lease. At most one lease each time.
    void dropped(lease_record& lease) noexcept { dropped_.reset(&lease, false); }

    /// Returns whether there is nothing to deliver.
    bool empty() const noexcept { return acquires_.empty() && plain_.empty(); }
    lease_completion* next_acquire() noexcept
    {
        return static_cast<lease_completion*>(acquires_.pop_front());
    }
    plain_completion* next_plain() noexcept
    {
        return static_cast<plain_completion*>(plain_.pop_front());
    }

private:
    completion_list acquires_;
    completion_list plain_;
    lease_record_ptr dropped_;
};

}  // namespace leasepool::detail

#endif
