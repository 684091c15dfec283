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
#include <string>
#include <string_view>
#include <type_traits>

namespace leasepool {

/// The type of every duration option: the duration of the steady clock.
using steady_duration = std::chrono::steady_clock::duration;

/// Returns how many CPUs this process may use, at least 1: the affinity mask, limited by the
/// cgroup's CPU quota (v1 and v2). This is the default of `manager_options::max_pools`.
std::size_t available_cpus();

/// Options of a manager. An aggregate, for designated initializers. `validate` checks it.
struct manager_options {
    /// Name of the manager, for logs (`log_record::manager`) and stats.
    std::string name{};
    /// Maximum number of pools in service (starting, idle, leased or draining).
    std::size_t max_pools = available_cpus();
    /// Maximum number of revoked pools whose workers still run and that are nevertheless replaced
    /// at once. Each further one takes the place of a pool in service until it ends. Default: the
    /// value of `max_pools`.
    std::optional<std::size_t> max_retired{};
    /// Minimum number of pools, which are kept warm.
    std::size_t min_pools = 1;
    /// Returns the current demand in units of your choice (connections, for example). The target
    /// number of pools is clamp(ceil(units / units_per_pool), min_pools, max_pools). Called on the
    /// manager's strand, never inside a call of yours; may call the manager. A call that throws or
    /// returns less than zero counts as zero.
    std::function<long long()> size_provider{};
    /// Number of units that one pool serves.
    std::size_t units_per_pool = 10;
    /// Interval at which `size_provider` is read if nothing else causes a read.
    steady_duration check_interval = std::chrono::seconds{120};
    /// Soft lifetime of a lease whose acquire does not set a duration.
    steady_duration default_duration = std::chrono::seconds{300};
    /// Time from the soft expiry of a lease to its revocation. 0 is allowed.
    steady_duration grace = std::chrono::seconds{15};
    /// How long an idle pool above the target is kept. 0: it is closed at once; a server that at
    /// times holds more leases than the target then makes a new pool for each of these leases.
    steady_duration idle_ttl = std::chrono::minutes{1};
    /// Maximum number of acquires that may wait at a time.
    std::size_t max_waiters = 10'000;
    /// First pause after a pool could not be made, or broke before it had served a lease. The pause
    /// doubles up to `max_backoff`, and is reset when a new pool has served a lease.
    steady_duration backoff = std::chrono::milliseconds{100};
    /// Longest pause between attempts to make a pool.
    steady_duration max_backoff = std::chrono::seconds{30};
    /// Number of consecutive failed attempts after which waiting acquires fail with the reason,
    /// provided that no pool is in service.
    std::size_t make_attempts = 3;
    /// Where log records go. May be empty.
    log_sink log{};
    /// Callbacks for tracers and metrics.
    leasepool::observer observer{};
};

/// Throws `std::invalid_argument`, naming the option, its value and its bound, if an option is out
/// of bounds.
void validate(manager_options const& options);

/// Options of an acquire.
///
/// Trivially destructible on purpose: g++ 12 destroys aggregate temporaries in a `co_await` operand
/// twice. The text of `owner` is copied before `async_acquire` returns.
struct acquire_options {
    /// Name of the holder of the lease, for logs and stats. At most 255 bytes of UTF-8; a longer
    /// name is cut before the first character that does not fit.
    std::string_view owner{};
    /// Soft lifetime of the lease. Default: `manager_options::default_duration`.
    std::optional<steady_duration> duration{};
    /// Whether to wait for a pool that another lease holds. If false, the acquire still gets a pool
    /// that is idle, or one that may still be made; otherwise it fails with `errc::unavailable`.
    bool wait = true;
    /// How long to wait. With 0 a free pool is still granted, as with `wait` = false. If no pool is
    /// obtained in time, the acquire fails with `errc::acquire_timeout`. `condition::busy` matches
    /// that error and `errc::unavailable`.
    std::optional<steady_duration> timeout{};
    /// The line that takes the lease, for logs and stats. It is the line where the options are
    /// initialized with braces (`{.timeout = 2s}`, `acquire_options o{}`), or the line of the
    /// operation that gets them, if they are initialized without (`acquire_options o;`).
    std::source_location where = std::source_location::current();
};

static_assert(std::is_trivially_destructible_v<acquire_options>);

namespace detail {

/// Returns the options with `where` set to `call`, if it is a line of this header: the default
/// member initializer of options that were initialized without braces can see no other.
constexpr acquire_options with_callers_line(
    acquire_options options, std::source_location const& call) noexcept
{
    auto const here = std::source_location::current();
    if (std::string_view(options.where.file_name()) == here.file_name())
        options.where = call;
    return options;
}

}  // namespace detail

/// How `async_stop` treats acquires that wait, and leases that are still held. New acquires fail with
/// `errc::not_running` in any case.
enum class stop_mode {
    /// Acquires that wait fail with `errc::not_running`. Leases may finish until the deadline.
    drain,
    /// Acquires that wait fail, and leases are canceled at once.
    cancel,
    /// Acquires that wait are granted until the deadline, if necessary on new pools, and all leases may
    /// finish until then. So a server answers the requests that it has accepted. During a start this is
    /// the same as `drain`.
    serve,
};

/// Options of a stop.
struct stop_options {
    stop_mode mode = stop_mode::drain;
    /// With `drain` and `serve`: how long leases may go on. Then they are canceled, and acquires that
    /// still wait fail.
    steady_duration deadline = std::chrono::seconds{30};
    /// How long the stop waits, after the cancellation, for functions that still run. Then they are
    /// logged and counted as abandoned, and the stop completes. Default: without limit.
    std::optional<steady_duration> abandon_after{};
};

static_assert(std::is_trivially_destructible_v<stop_options>);

}  // namespace leasepool

#endif
