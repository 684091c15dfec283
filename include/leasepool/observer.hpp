// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_OBSERVER_HPP
#define LEASEPOOL_OBSERVER_HPP

#include <leasepool/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <source_location>
#include <string_view>

namespace leasepool {

/// A lease, as reported to an observer. The views are valid only during the callback.
struct lease_event {
    std::uint64_t lease = 0;
    std::uint64_t pool = 0;
    std::string_view owner;
    std::source_location where;
    /// on_lease: the time that the acquire waited. All others: the time for which the lease has
    /// been held.
    std::chrono::nanoseconds elapsed{};
};

/// Callbacks for tracers and metrics; each may be empty.
///
/// All are called on the manager's strand, after the change that they report is complete: never
/// concurrently, never with a lock held, and never inside a call of yours. They may call the
/// manager. An exception that leaves a callback is logged and counted in `stats::callback_errors`.
struct observer {
    /// A lease was granted.
    std::function<void(lease_event const&)> on_lease{};
    /// A pool was returned: its lease was released and the work is done.
    std::function<void(lease_event const&)> on_release{};
    /// A lease passed its soft expiry.
    std::function<void(lease_event const&)> on_overdue{};
    /// A lease was revoked: hard expiry, a broken pool, or the manager's stop.
    std::function<void(lease_event const&)> on_revoke{};
    /// A pool is ready for use.
    std::function<void(std::uint64_t pool)> on_pool_created{};
    /// A pool is closed and its workers have ended.
    std::function<void(std::uint64_t pool)> on_pool_closed{};
    /// A pool could not be made, or broke.
    std::function<void(std::uint64_t pool, std::exception_ptr reason)> on_pool_failed{};
    /// The number of revoked pools that still run is so large that fewer than `max_pools` pools can
    /// be in service. `capacity` is the number of pools that can be. Called again whenever that
    /// number changes, also when it recovers.
    std::function<void(std::size_t capacity)> on_starved{};
    /// A function posted to a lease's executor (not `async_run`) let an exception escape.
    std::function<void(std::uint64_t lease, std::exception_ptr error)> on_unhandled_exception{};
};

}  // namespace leasepool

#endif
