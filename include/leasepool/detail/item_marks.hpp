// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_ITEM_MARKS_HPP
#define LEASEPOOL_DETAIL_ITEM_MARKS_HPP

#include <cstdint>

namespace leasepool::detail {

/// The notes of a work grinder on one of its items. They take four bytes, because there may be very
/// many items. They are guarded by the lock of the grinder while other threads may access the item.
struct item_marks {
    enum class place : std::uint8_t {
        outside,   ///< not known to the grinder's state
        waiting,   ///< for room in the queue
        pending,   ///< in the queue
        returned,  ///< in the queue again: its lease ended before it began
        assigned,  ///< to a batch that waits for its lease
        handed,    ///< to a lease
    };

    /// The owner, as the number that the grinder gave to its name; 0: no owner.
    std::uint32_t owner : 24 = 0;
    place where : 3 = place::outside;
    /// Number of times that it came back from a lease on which no item had begun.
    std::uint8_t fruitless : 2 = 0;
};

static_assert(sizeof(item_marks) == 4);

}  // namespace leasepool::detail

#endif
