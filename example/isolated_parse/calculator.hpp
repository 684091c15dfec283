// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_CALCULATOR_HPP
#define ISOLATED_PARSE_CALCULATOR_HPP

#include <cstdint>
#include <optional>
#include <string_view>

// The value of a constant expression of C: integers and characters, with all operators but
// assignments, casts and sizeof. As in the preprocessor, but that all numbers are signed 64-bit
// integers which wrap around, and that both sides of &&, || and ?: are evaluated.
//
// Nothing, if the text is something else, or divides by zero.
//
// It goes as deep into the stack as there are parentheses inside each other.
std::optional<std::int64_t> calculate(std::string_view expression);

#endif
