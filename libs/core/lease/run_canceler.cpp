// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/lease/run_canceler.hpp"

#include "core/lease/lease_state.hpp"
#include "core/pool/pool_record.hpp"

#include <utility>

// The cancellation of a function or job. A cancellation slot calls `cancel_run`, on any thread. It
// cancels the acquire of the lease or the operation in the queue of its pool.

namespace leasepool::detail {

void intrusive_ptr_add_ref(run_canceler* what) noexcept
{
    what->references_.fetch_add(1, std::memory_order_relaxed);
}

void intrusive_ptr_release(run_canceler* what) noexcept
{
    if (what->references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete what;
}

run_canceler_ptr make_canceler(run_operation& op)
{
    return run_canceler_ptr(new run_canceler(op));
}

void detach(run_canceler& what) noexcept
{
    what.detach();
}

void cancel_run(run_canceler& what, boost::asio::cancellation_type type) noexcept
{
    if (!is_cancellation(type))
        return;
    run_canceler_ptr const keep(&what);
    lease_ptr lease;
    what.with_operation([&](run_operation& op) {
        lease = op.lease;
        // The lease may be granted at this time. Then either the queue of the pool finds this flag
        // when the operation is pushed, or, if that has already happened, the pool is visible
        // below.
        if (!lease->pool())
            op.stop_asked.store(true);
    });
    if (!lease)
        return;
    if (!lease->pool())
        cancel_acquire(*lease);
    pool_ptr const pool(lease->pool());
    if (!pool)
        return;
    run_queue::cancellation left;
    what.with_operation(
        [&](run_operation& op) { left = pool->functions().begin_cancel(op, type); });
    pool->functions().finish_cancel(std::move(left));
}

}  // namespace leasepool::detail
