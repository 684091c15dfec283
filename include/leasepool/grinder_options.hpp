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

/// Options of a work grinder. An aggregate, for designated initializers. `validate` checks it.
struct grinder_options {
    /// Number of pending items at which a batch starts.
    std::size_t batch_size = 20;
    /// Maximum number of items in a batch. Default: a batch takes all pending items.
    std::optional<std::size_t> max_batch{};
    /// Age of the oldest pending item at which a batch starts, whatever the number of items.
    steady_duration max_wait = std::chrono::seconds{10};
    /// Soft lifetime of the lease of a batch; see `acquire_options::duration`.
    steady_duration duration = std::chrono::seconds{60};
    /// Name of the grinder, for logs (field `grinder`), its stats, and the owners of its leases. The
    /// owner of a batch is "name-batch-7 (mail, thumbnails)", where the names in parentheses are the
    /// owners of the batch's items.
    std::string name = "work-grinder";
    /// Maximum number of pending items. Further items wait for room, or are refused.
    std::size_t max_pending = 10'000;
    /// Maximum number of concurrent batches; each of them waits for a lease or has one. A batch
    /// whose lease was revoked does not count. Default: the `max_pools` of the manager.
    std::optional<std::size_t> max_concurrent_batches{};
};

/// Throws `std::invalid_argument`, naming the option, its value and its bound, if an option is out
/// of bounds.
void validate(grinder_options const& options);

/// Options of one item.
///
/// Trivially destructible on purpose: g++ 12 destroys aggregate temporaries in a `co_await` operand
/// twice. The text of `owner` is copied before `async_submit` returns.
struct submit_options {
    /// Owner of the item; it appears in the owner of the batch.
    std::string_view owner{};
    /// Whether to wait for room when `max_pending` items are pending. If false, the item fails with
    /// `errc::queue_full`.
    bool wait = true;
};

static_assert(std::is_trivially_destructible_v<submit_options>);

/// Options of a grinder's stop.
struct grinder_stop_options {
    /// `drain`, `serve`: submitted items are run. `cancel`: items that have not begun are not run.
    stop_mode mode = stop_mode::drain;
    /// With `drain` and `serve`: how long that may take. Then the remaining items are canceled.
    steady_duration deadline = std::chrono::seconds{30};
};

static_assert(std::is_trivially_destructible_v<grinder_stop_options>);

}  // namespace leasepool

#endif
