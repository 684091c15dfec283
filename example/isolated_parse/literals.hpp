// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_LITERALS_HPP
#define ISOLATED_PARSE_LITERALS_HPP

#include "tokens.hpp"

#include <cstdint>
#include <optional>

// The value of an integer or of a character. Nothing for other tokens, floating-point numbers, numbers
// of more than 64 bits, and characters that are several or not ASCII.
std::optional<std::int64_t> literal(token const& t);

#endif
