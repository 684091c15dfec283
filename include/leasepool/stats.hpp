// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_STATS_HPP
#define LEASEPOOL_STATS_HPP

#include <leasepool/config.hpp>
#include <leasepool/histogram.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <vector>

namespace leasepool {

/// One live lease in a snapshot.
struct lease_info {
    std::uint64_t id = 0;
    std::uint64_t pool = 0;
    std::string owner;
    /// The line of the acquire.
    std::source_location where;
    /// How long it has been held.
    std::chrono::nanoseconds held{};
    /// Time until its soft and hard expiry; negative after the expiry.
    std::chrono::nanoseconds until_soft_expiry{};
    std::chrono::nanoseconds until_hard_expiry{};
    /// Released, but its work is not done yet.
    bool draining = false;
};

BOOST_DESCRIBE_STRUCT(
    lease_info, (), (id, pool, owner, where, held, until_soft_expiry, until_hard_expiry, draining))

/// A consistent snapshot of a manager. Totals are counted from the manager's construction.
///
/// Converts to Boost.JSON: `boost::json::value_from(snapshot)`. Durations become integers of
/// nanoseconds, with names that end in `_ns`.
struct stats {
    /// `manager_options::name`.
    std::string name;
    std::string backend;
    bool started = false;
    bool stopping = false;

    // Settings.
    std::size_t max_pools = 0;
    std::size_t min_pools = 0;
    std::size_t max_retired = 0;
    std::size_t workers_per_pool = 0;

    // Pools and waiters now.
    /// Target number of pools.
    std::size_t desired = 0;
    /// Pools in service: starting, idle, leased and draining.
    std::size_t total = 0;
    std::size_t starting = 0;
    /// Idle pools.
    std::size_t available = 0;
    /// Leased pools, including those that drain.
    std::size_t leased = 0;
    std::size_t draining = 0;
    /// Revoked pools whose workers still run.
    std::size_t retired = 0;
    /// Retired pools that a stop no longer waits for.
    std::size_t abandoned = 0;
    /// Maximum number of pools that can be in service now; less than `max_pools` when starved.
    std::size_t capacity = 0;
    std::size_t waiters = 0;

    // Totals.
    std::uint64_t acquired = 0;
    /// Each acquired lease is finally counted as either released or revoked.
    std::uint64_t released = 0;
    std::uint64_t overdue = 0;
    std::uint64_t revoked = 0;
    std::uint64_t renewed = 0;
    /// Acquires that failed: by timeout, by cancellation, and for any other reason.
    std::uint64_t acquire_timeouts = 0;
    std::uint64_t acquire_cancels = 0;
    std::uint64_t acquire_failures = 0;
    std::uint64_t pools_created = 0;
    /// Pools that were made and have ended. A pool of threads is counted when its threads are
    /// joined.
    std::uint64_t pools_closed = 0;
    /// Pools that could not be made, or broke.
    std::uint64_t pools_failed = 0;
    /// Functions run by `async_run`, and how many of these threw.
    std::uint64_t runs = 0;
    std::uint64_t runs_failed = 0;
    /// `async_run` operations that ended before their function began.
    std::uint64_t runs_canceled = 0;
    /// Exceptions that escaped from functions posted to a lease's executor.
    std::uint64_t unhandled_exceptions = 0;
    /// Values of the progress of jobs that were dropped, because the executor of the progress callback
    /// was slower than the job, threw, or destroyed its function, or for lack of memory; see
    /// `job_options::on_progress`.
    std::uint64_t progress_dropped = 0;
    /// Log records that were dropped, because the log was slower than they came, see `log_sink`.
    std::uint64_t log_records_dropped = 0;
    /// Exceptions that escaped from the log, the observer or the size provider.
    std::uint64_t callback_errors = 0;

    // Distributions, in nanoseconds.
    /// Time from `async_acquire` to the grant.
    histogram wait_time;
    /// Time from the grant to the return of the pool.
    histogram hold_time;
    /// Time from `async_run` until the function begins.
    histogram queue_time;
    /// Running time of the function.
    histogram run_time;

    /// Sizes of the requests and answers of jobs that worker processes have run, in bytes.
    histogram message_bytes;

    std::vector<lease_info> leases;
};

BOOST_DESCRIBE_STRUCT(stats, (),
    (name, backend, started, stopping, max_pools, min_pools, max_retired, workers_per_pool, desired,
        total, starting, available, leased, draining, retired, abandoned, capacity, waiters,
        acquired, released, overdue, revoked, renewed, acquire_timeouts, acquire_cancels,
        acquire_failures, pools_created, pools_closed, pools_failed, runs, runs_failed,
        runs_canceled, unhandled_exceptions, progress_dropped, log_records_dropped, callback_errors,
        wait_time, hold_time, queue_time, run_time, message_bytes, leases))

void tag_invoke(boost::json::value_from_tag const&, boost::json::value& to, stats const& from);

}  // namespace leasepool

#endif
