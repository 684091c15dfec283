// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_LIMITS_HPP
#define LEASEPOOL_WIRE_LIMITS_HPP

#include <algorithm>
#include <cstddef>

namespace leasepool::wire {

/// What a message may be at most. The same in writing and in reading, at both ends.
struct limits {
    /// Below these every error could not be sent any more.
    static constexpr std::size_t least_message_bytes = 1024;
    static constexpr std::size_t least_depth = 8;

    /// Of a line without its end.
    std::size_t max_message_bytes = std::size_t{16} << 20;
    /// Arrays and objects inside each other; the message itself is the first. Destroying a value
    /// takes stack in proportion to it.
    std::size_t max_depth = 64;

    /// What is left of the depth for params and for a result.
    std::size_t max_value_depth() const noexcept { return max_depth - 1; }

    /// With the least values in place of lesser ones.
    limits in_bounds() const noexcept
    {
        return {std::max(max_message_bytes, least_message_bytes), std::max(max_depth, least_depth)};
    }
};

}  // namespace leasepool::wire

#endif
