// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_GRINDER_STATS_HPP
#define LEASEPOOL_GRINDER_STATS_HPP

#include <leasepool/config.hpp>
#include <leasepool/histogram.hpp>

#include <boost/describe/class.hpp>
#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace leasepool {

/// A consistent snapshot of a work grinder. Totals are counted from its construction.
///
/// Each submitted item is in exactly one of `waiting`, `pending`, `in_flight`, `completed`,
/// `canceled` and `failed`.
///
/// Converts to Boost.JSON: `boost::json::value_from(snapshot)`. Durations become integers of
/// nanoseconds, with names that end in `_ns`.
struct grinder_stats {
    /// `grinder_options::name`.
    std::string name;
    bool started = false;
    bool stopping = false;

    // Settings.
    std::size_t batch_size = 0;
    std::chrono::nanoseconds max_wait{};
    std::size_t max_pending = 0;
    std::size_t max_concurrent_batches = 0;
    /// Empty: a batch takes all pending items.
    std::optional<std::size_t> max_batch{};

    // Now.
    /// Items that wait for room.
    std::size_t waiting = 0;
    /// Items in the queue that are not yet assigned to a lease.
    std::size_t pending = 0;
    /// Items that are assigned to a lease and are not done.
    std::size_t in_flight = 0;
    /// Age of the oldest item that is not yet assigned to a lease; 0 if there is none.
    std::chrono::nanoseconds oldest{};
    /// Batches that wait for a lease.
    std::size_t batches_acquiring = 0;
    /// Batches that have a lease.
    std::size_t batches_in_flight = 0;
    /// Batches whose lease was revoked and of which some function still runs.
    std::size_t batches_lost = 0;

    // Totals.
    /// Accepted items, without those that were refused.
    std::uint64_t submitted = 0;
    /// Items refused with `errc::queue_full`.
    std::uint64_t refused = 0;
    /// Items that ran to their end, and how many of these threw.
    std::uint64_t completed = 0;
    std::uint64_t threw = 0;
    /// Items that were canceled before they began.
    std::uint64_t canceled = 0;
    /// Items that did not begin for another reason: no lease could be obtained, or the grinder
    /// stopped.
    std::uint64_t failed = 0;
    /// How often an item came back from a lease before it began, and went to another lease.
    std::uint64_t returned = 0;
    /// Batches that got a lease.
    std::uint64_t batches = 0;
    /// Batches for which no lease could be obtained.
    std::uint64_t batches_failed = 0;
    /// Average number of items in a batch.
    double mean_batch_size = 0;

    // Distributions, in nanoseconds.
    /// Time from `async_submit` to the lease. The manager's `queue_time` has the rest, from the
    /// lease until the function begins.
    histogram queue_time;
};

BOOST_DESCRIBE_STRUCT(grinder_stats, (),
    (name, started, stopping, batch_size, max_wait, max_pending, max_concurrent_batches, max_batch,
        waiting, pending, in_flight, oldest, batches_acquiring, batches_in_flight, batches_lost,
        submitted, refused, completed, threw, canceled, failed, returned, batches, batches_failed,
        mean_batch_size, queue_time))

void tag_invoke(
    boost::json::value_from_tag const&, boost::json::value& to, grinder_stats const& from);

}  // namespace leasepool

#endif
