// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_ERROR_HPP
#define LEASEPOOL_ERROR_HPP

#include <leasepool/config.hpp>

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>

#include <type_traits>

namespace leasepool {

/// The type of error codes in Asio and leasepool.
using error_code = boost::system::error_code;

/// The failures that leasepool itself reports.
///
/// A cancellation by the user is not among them: it is reported as
/// `boost::asio::error::operation_aborted`, as everywhere in Asio. `message()` says what happened
/// and what to do about it.
enum class errc {
    /// The manager is not started, is stopping, or is destroyed.
    not_running = 1,
    /// No pool was free and `acquire_options::wait` was false.
    unavailable,
    /// No pool became free within `acquire_options::timeout`.
    acquire_timeout,
    /// `manager_options::max_waiters` acquires are waiting already.
    too_many_waiters,
    /// The lease is empty, or was released.
    lease_released,
    /// The lease outlived its duration and grace and was revoked.
    lease_expired,
    /// A duration is zero, less than zero, or too large for the steady clock (more than 73 years).
    invalid_duration,
    /// A pool's worker could not be started.
    worker_start_failed,
    /// The pool of the lease broke.
    pool_broken,
    /// The operation would wait for the thread that it was called on.
    would_deadlock,
    /// The worker has no state of the type that `with_state` asks for.
    no_worker_state,
    /// No backend has this name.
    unknown_backend,
    /// The backend exists, but is not available in this build or on this system.
    unsupported_backend,
    /// A value cannot be converted to JSON: it is not finite, not UTF-8, too deep or too large.
    not_serializable,
    /// A worker sent something that is not a message of the protocol.
    protocol_error,
    /// A message would be, or was, longer than `max_message_bytes`.
    message_too_large,
    /// The worker process died while it ran the job; see `worker_died`.
    worker_died,
    /// The job threw an exception on a worker process; see `remote_error`.
    remote_exception,
    /// The worker has no job of this name.
    unknown_job,
    /// The worker cannot accept these arguments: their number or a type does not match.
    bad_arguments,
    /// The result of the job does not match its declaration.
    bad_result,
    /// The job did not end within `job_timeout`.
    job_timeout,
    /// The job is declared by its name only, so it cannot run in this program.
    job_not_local,
    /// A worker process would start its own executable as its workers.
    started_as_worker,
    /// `grinder_options::max_pending` items are pending already.
    queue_full,
    /// The worker process of the job was killed and did not end within `kill_grace`, because the kill
    /// was refused or the system does not let it die. The job may still run.
    worker_lost,
    /// The worker itself failed, and not the job: error -32603 of the protocol. It had no memory, for
    /// example.
    worker_error,
};

/// Conditions for portable tests, independent of the backend.
enum class condition {
    /// A time limit of leasepool passed: `acquire_timeout`, `lease_expired`, `job_timeout`.
    timeout = 1,
    /// Canceled by the caller, or by the manager's stop: `operation_aborted`, `not_running`.
    canceled,
    /// A worker or a whole pool failed: `worker_start_failed`, `pool_broken`, `protocol_error`,
    /// `worker_died`, `worker_lost`, `worker_error`.
    worker_failed,
    /// The call cannot succeed unless it is changed: `lease_released`, `invalid_duration`,
    /// `would_deadlock`, `no_worker_state`, `unknown_backend`, `not_serializable`,
    /// `message_too_large`, `unknown_job`, `bad_arguments`, `bad_result`, `job_not_local`,
    /// `started_as_worker`.
    misuse,
    /// All capacity is in use; a later call may succeed: `unavailable`, `acquire_timeout`,
    /// `too_many_waiters`, `queue_full`. This is one test for shedding load, whether an acquire
    /// waits or not. `acquire_timeout` also matches `timeout`.
    busy,
};

/// Returns the category of `errc`. Its id is fixed, so codes compare equal across shared objects.
boost::system::error_category const& error_category() noexcept;

/// Returns the category of `condition`.
boost::system::error_category const& condition_category() noexcept;

inline error_code make_error_code(errc e) noexcept
{
    return {static_cast<int>(e), error_category()};
}

inline boost::system::error_condition make_error_condition(condition c) noexcept
{
    return {static_cast<int>(c), condition_category()};
}

}  // namespace leasepool

template <>
struct boost::system::is_error_code_enum<leasepool::errc> : std::true_type {
};

template <>
struct boost::system::is_error_condition_enum<leasepool::condition> : std::true_type {
};

#endif
