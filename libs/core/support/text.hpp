// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_TEXT_HPP
#define LEASEPOOL_CORE_TEXT_HPP

#include <exception>
#include <source_location>
#include <string>

/// Texts for the user's log. The manager and its parts call these functions.
namespace leasepool::detail {

/// Returns the text of an exception.
std::string what_of(std::exception_ptr const& error);

/// Returns `file:line`.
std::string to_text(std::source_location const& where);

}  // namespace leasepool::detail

#endif
