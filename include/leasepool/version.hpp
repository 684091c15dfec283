// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_VERSION_HPP
#define LEASEPOOL_VERSION_HPP

#include <leasepool/config.hpp>

#include <boost/config/helper_macros.hpp>

#include <string_view>

// The build reads the version from these three lines.
#define LEASEPOOL_VERSION_MAJOR 0
#define LEASEPOOL_VERSION_MINOR 1
#define LEASEPOOL_VERSION_PATCH 0

/// The version as one number that can be compared: `major * 100'000 + minor * 100 + patch`.
#define LEASEPOOL_VERSION \
    (LEASEPOOL_VERSION_MAJOR * 100'000 + LEASEPOOL_VERSION_MINOR * 100 + LEASEPOOL_VERSION_PATCH)

namespace leasepool {

/// The version of these headers as text, `"major.minor.patch"`.
// clang-format off
inline constexpr std::string_view version =
    BOOST_STRINGIZE(LEASEPOOL_VERSION_MAJOR) "."
    BOOST_STRINGIZE(LEASEPOOL_VERSION_MINOR) "."
    BOOST_STRINGIZE(LEASEPOOL_VERSION_PATCH);
// clang-format on

}  // namespace leasepool

#endif
