// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_GRINDER_OPTIONS_HPP
#define LEASEPOOL_GRINDER_OPTIONS_HPP

#include <leasepool/config.hpp>
#include <leasepool/options.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace leasepool {

/// Options of a work grinder. An aggregate, for designated initialisers; `validate` checks it.
struct grinder_options {
    /// A batch goes when so many items are pending.
    std::size_t batch_size = 20;
    /// Most items of one batch. Default: a batch takes all that is pending.
    std::optional<std::size_t> max_batch{};
    /// A batch goes when its oldest item is so old, however few there are.
    steady_duration max_wait = std::chrono::seconds{10};
    /// Soft lifetime of the lease of a batch; see `acquire_options::duration`.
    steady_duration duration = std::chrono::seconds{60};
    /// Each batch has an owner, for logs and the manager's stats: "prefix-batch-7 (mail, thumbnails)",
    /// where the names are those of its items.
    std::string owner_prefix = "work-grinder";
    /// Most items that are pending at a time. Further ones wait for room, or are refused.
    std::size_t max_pending = 10'000;
    /// Most batches under way at a time, each of which waits for a lease or has one. A batch whose
    /// lease was revoked does not count. Default: as many as the manager's `max_pools`.
    std::optional<std::size_t> max_concurrent_batches{};
};

/// Throws `std::invalid_argument` naming option, value and bound, if one is out of bounds.
void validate(grinder_options const& options);

/// Options of one item.
///
/// Trivially destructible on purpose (g++ 12 destroys aggregate temporaries in a `co_await` operand
/// twice); what `owner` refers to is copied before `async_submit` returns.
struct submit_options {
    /// Whose item it is, for the owner of its batch.
    std::string_view owner{};
    /// Whether to wait for room when `max_pending` items are pending; if false, `errc::queue_full`.
    bool wait = true;
};

static_assert(std::is_trivially_destructible_v<submit_options>);

/// Options of a grinder's stop.
struct grinder_stop_options {
    /// `drain`: items that were submitted are run. `cancel`: those that have not begun are not.
    stop_mode mode = stop_mode::drain;
    /// With `drain`: how long that may take; then the rest is canceled.
    steady_duration deadline = std::chrono::seconds{30};
};

static_assert(std::is_trivially_destructible_v<grinder_stop_options>);

}  // namespace leasepool

#endif
