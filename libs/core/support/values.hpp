// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_VALUES_HPP
#define LEASEPOOL_CORE_VALUES_HPP

#include <leasepool/config.hpp>
#include <leasepool/error.hpp>

#include <boost/system/errc.hpp>

#include <chrono>
#include <cstdint>

namespace leasepool::detail {

/// Returns the value that a histogram of times records: nanoseconds; 0 if the rounding of a clock
/// made the time negative.
inline std::uint64_t ticks(std::chrono::nanoseconds elapsed) noexcept
{
    return elapsed.count() > 0 ? static_cast<std::uint64_t>(elapsed.count()) : 0;
}

inline error_code not_enough_memory() noexcept
{
    return boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
}

}  // namespace leasepool::detail

#endif
