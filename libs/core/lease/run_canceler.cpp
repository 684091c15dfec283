// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/run_canceler.hpp>

#include "core/lease/lease_record.hpp"
#include "core/pool/pool_record.hpp"

#include <utility>

// The cancellation of a function or job. A cancellation slot calls it, on any thread. It cancels
// the acquire of the lease or the operation in the queue of its pool.

namespace leasepool::detail {

void run_canceler::cancel(boost::asio::cancellation_type type) noexcept
{
    if (!is_cancellation(type))
        return;
    run_canceler_ptr const keep(this);
    lease_ptr lease;
    with_operation([&](run_operation& op) {
        lease = op.lease;
        // The lease may be granted at this time. The grant sets the pool under the manager's lock,
        // which `cancel_acquire` takes below: either the claim is canceled, or the pool is visible
        // after it. Then the queue of the pool finds the operation, or this flag when the operation
        // is pushed.
        if (!record_of(*lease).pool())
            op.stop_asked.store(true);
    });
    if (!lease)
        return;
    if (!record_of(*lease).pool())
        lease->cancel_acquire();
    pool_ptr const pool(record_of(*lease).pool());
    if (!pool)
        return;
    run_queue::cancellation left;
    with_operation([&](run_operation& op) { left = pool->functions().begin_cancel(op, type); });
    pool->functions().finish_cancel(std::move(left));
}

}  // namespace leasepool::detail
