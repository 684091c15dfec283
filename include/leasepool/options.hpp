// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_OPTIONS_HPP
#define LEASEPOOL_OPTIONS_HPP

#include <leasepool/config.hpp>
#include <leasepool/log.hpp>
#include <leasepool/observer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>

namespace leasepool {

/// The duration of every option: the steady clock's.
using steady_duration = std::chrono::steady_clock::duration;

/// How many CPUs this process may use: the affinity mask, limited by the cgroup's CPU quota
/// (v1 and v2), at least 1. The default of `manager_options::max_pools`.
std::size_t available_cpus();

/// Options of a manager. An aggregate, for designated initialisers; `validate` checks it.
struct manager_options {
    /// Most pools in service (starting, idle, leased or draining).
    std::size_t max_pools = available_cpus();
    /// Revoked pools whose workers still run and that are nevertheless replaced at once. Beyond
    /// this number each one takes the place of a pool in service until it ends. Default: as
    /// `max_pools`.
    std::optional<std::size_t> max_retired{};
    /// Pools kept warm.
    std::size_t min_pools = 1;
    /// Current demand in units of your choice (connections, say); the target number of pools is
    /// clamp(ceil(units / units_per_pool), min_pools, max_pools). Called on the manager's strand,
    /// never inside a call of yours; may call the manager. One that throws or returns less than
    /// zero counts as zero.
    std::function<long long()> size_provider{};
    /// Units that one pool serves.
    std::size_t units_per_pool = 10;
    /// How often `size_provider` is read with no other occasion.
    steady_duration check_interval = std::chrono::seconds{120};
    /// Soft lifetime of a lease that does not ask for another.
    steady_duration default_duration = std::chrono::seconds{300};
    /// From the soft expiry of a lease to its revocation. 0 is allowed.
    steady_duration grace = std::chrono::seconds{15};
    /// How long an idle pool above the target is kept. 0: closed at once; a server that at times
    /// holds more leases than the target then makes a new pool for each of these.
    steady_duration idle_ttl = std::chrono::minutes{1};
    /// Most acquires that may wait at a time.
    std::size_t max_waiters = 10'000;
    /// First pause after a pool could not be made, or broke before it had served a lease; doubles
    /// up to `max_backoff`, and is forgotten when a new pool has served one.
    steady_duration backoff = std::chrono::milliseconds{100};
    /// Longest pause between attempts to make a pool.
    steady_duration max_backoff = std::chrono::seconds{30};
    /// After so many failed attempts in a row, and while no pool is in service, waiting acquires
    /// fail with the reason.
    std::size_t make_attempts = 3;
    /// Where log records go. May be empty.
    log_sink log{};
    /// Callbacks for tracers and metrics.
    leasepool::observer observer{};
};

/// Throws `std::invalid_argument` naming option, value and bound, if one is out of bounds.
void validate(manager_options const& options);

/// Options of an acquire.
///
/// Trivially destructible on purpose (g++ 12 destroys aggregate temporaries in a `co_await` operand
/// twice); what `owner` refers to is copied before `async_acquire` returns.
struct acquire_options {
    /// Who holds the lease, for logs and stats. At most 255 bytes of UTF-8; a longer name is cut
    /// before the first character that does not fit.
    std::string_view owner{};
    /// Soft lifetime of the lease. Default: `manager_options::default_duration`.
    std::optional<steady_duration> duration{};
    /// Whether to wait for a pool that somebody else has. If false, the acquire still gets a pool
    /// that is idle, or one that may still be made, and fails with `errc::unavailable` else.
    bool wait = true;
    /// How long to wait. 0 still grants what is free, as with `wait` = false. An acquire for which no
    /// pool comes in time fails with `errc::acquire_timeout`; `condition::busy` matches that, and
    /// `errc::unavailable`.
    std::optional<steady_duration> timeout{};
    /// The line that takes the lease, for logs and stats.
    std::source_location where = std::source_location::current();
};

static_assert(std::is_trivially_destructible_v<acquire_options>);

/// How `async_stop` treats leases that are still held.
enum class stop_mode {
    /// They may finish until the deadline.
    drain,
    /// They are canceled at once.
    cancel,
};

/// Options of a stop.
struct stop_options {
    stop_mode mode = stop_mode::drain;
    /// With `drain`: how long leases may go on; then they are canceled.
    steady_duration deadline = std::chrono::seconds{30};
    /// How long after that canceling functions that still run are waited for. Then they are
    /// logged and counted as abandoned, and the stop completes. Default: for ever.
    std::optional<steady_duration> abandon_after{};
};

static_assert(std::is_trivially_destructible_v<stop_options>);

}  // namespace leasepool

#endif
