// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_ITEM_MARKS_HPP
#define LEASEPOOL_DETAIL_ITEM_MARKS_HPP

#include <cstdint>

namespace leasepool::detail {

/// What a work grinder notes on an item of its: four bytes, because there may be very many of them.
/// Guarded by the grinder's lock for as long as others may look at the item.
struct item_marks {
    enum class place : std::uint8_t {
        outside,   ///< not known to the grinder's state
        waiting,   ///< for room in the queue
        pending,   ///< in the queue
        returned,  ///< in the queue again, un-begun: its lease ended
        assigned,  ///< to a batch that waits for its lease
        handed,    ///< to a lease
    };

    /// Whose it is: a number that the grinder gave to a name; 0: nobody's.
    std::uint32_t owner : 24 = 0;
    place where : 3 = place::outside;
    /// How often it came back from a lease on which nothing began.
    std::uint8_t fruitless : 2 = 0;
};

static_assert(sizeof(item_marks) == 4);

}  // namespace leasepool::detail

#endif
