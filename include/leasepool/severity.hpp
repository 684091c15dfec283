// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_SEVERITY_HPP
#define LEASEPOOL_SEVERITY_HPP

#include <leasepool/config.hpp>

#include <string_view>

namespace leasepool {

/// How much a log record matters.
enum class severity { debug, info, warning, error };

/// Returns the name of a severity, in lower case.
std::string_view to_string(severity level) noexcept;

}  // namespace leasepool

#endif
