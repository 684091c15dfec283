// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_STEADY_TIME_HPP
#define LEASEPOOL_CORE_STEADY_TIME_HPP

#include <chrono>

namespace leasepool::detail {

using steady_time = std::chrono::steady_clock::time_point;

/// Returns `at + by`, or the end of the clock if the sum would overflow. Precondition: `by` >= 0.
constexpr steady_time saturating_add(
    steady_time at, std::chrono::steady_clock::duration by) noexcept
{
    return by > steady_time::max() - at ? steady_time::max() : at + by;
}

}  // namespace leasepool::detail

#endif
