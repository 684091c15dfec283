// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_LIMITS_HPP
#define LEASEPOOL_WIRE_LIMITS_HPP

#include <algorithm>
#include <cstddef>

namespace leasepool::wire {

/// The limits on the size of a message. The reader and the writer of both ends check them.
struct limits {
    /// With smaller limits some error replies would not fit.
    static constexpr std::size_t min_message_bytes = 1024;
    static constexpr std::size_t min_depth = 8;

    /// Maximum size of a line, without its end.
    std::size_t max_message_bytes = std::size_t{16} << 20;
    /// Maximum depth of nested arrays and objects; the message itself has depth 1. The stack that
    /// the destructor of a value needs is proportional to the depth.
    std::size_t max_depth = 64;

    /// Returns the maximum depth of params and of a result.
    std::size_t max_value_depth() const noexcept { return max_depth - 1; }

    /// Returns these limits, with values that are too small replaced by the minimum.
    limits clamped() const noexcept
    {
        return {std::max(max_message_bytes, min_message_bytes), std::max(max_depth, min_depth)};
    }
};

}  // namespace leasepool::wire

#endif
