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

/// A lease, as an observer sees it. The views are valid during the callback only.
struct lease_event {
    std::uint64_t lease = 0;
    std::uint64_t pool = 0;
    std::string_view owner;
    std::source_location where;
    /// Time waited for the lease (on_lease), held so far (all others).
    std::chrono::nanoseconds elapsed{};
};

/// Callbacks for tracers and metrics; each may be empty.
///
/// All are called on the manager's strand, after the change they tell of is complete: never
/// concurrently, with no lock held, never inside a call of yours, and free to call the manager. An
/// exception that leaves one is logged and counted in `stats::callback_errors`.
struct observer {
    /// A lease was granted.
    std::function<void(lease_event const&)> on_lease{};
    /// A lease's pool came back: it was released and its work is done.
    std::function<void(lease_event const&)> on_release{};
    /// A lease passed its soft expiry.
    std::function<void(lease_event const&)> on_overdue{};
    /// A lease was revoked: hard expiry, a broken pool, or the manager's stop.
    std::function<void(lease_event const&)> on_revoke{};
    /// A pool is ready for use.
    std::function<void(std::uint64_t pool)> on_pool_created{};
    /// A pool is closed and its workers are gone.
    std::function<void(std::uint64_t pool)> on_pool_closed{};
    /// A pool could not be made, or broke.
    std::function<void(std::uint64_t pool, std::exception_ptr reason)> on_pool_failed{};
    /// So many revoked pools still run that fewer than `max_pools` can be in service; `capacity`
    /// is how many can. Called again whenever that number changes, also when it recovers.
    std::function<void(std::size_t capacity)> on_starved{};
    /// A function posted to a lease's executor (not `async_run`) let an exception escape.
    std::function<void(std::uint64_t lease, std::exception_ptr error)> on_unhandled_exception{};
};

}  // namespace leasepool

#endif
