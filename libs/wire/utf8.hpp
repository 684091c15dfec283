// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_UTF8_HPP
#define LEASEPOOL_WIRE_UTF8_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace leasepool::wire {

/// How many bytes at the beginning of `text` are valid UTF-8 (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF) and end with a whole character.
std::size_t valid_utf8_prefix(std::string_view text) noexcept;

inline bool is_utf8(std::string_view text) noexcept
{
    return valid_utf8_prefix(text) == text.size();
}

/// The text with each invalid byte replaced by U+FFFD, so that what an exception or a log says can
/// always be sent. At most `most` bytes of the original; a cut is marked with an ellipsis.
std::string repaired_utf8(std::string_view text, std::size_t most = std::string_view::npos);

/// The bytes in quotes for a person to read: what is no printable UTF-8 is escaped, and after
/// `most` bytes it is cut and the number of bytes is given.
std::string in_quotes(std::string_view bytes, std::size_t most = 160);

}  // namespace leasepool::wire

#endif
