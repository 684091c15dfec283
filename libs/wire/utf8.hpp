// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_UTF8_HPP
#define LEASEPOOL_WIRE_UTF8_HPP

#include <cstddef>
#include <string>
#include <string_view>

/// @file
/// Checks UTF-8, and makes text that can be sent and logged. Both ends of the pipe use it.

namespace leasepool::wire {

/// Returns the size of the longest prefix of `text` that is valid UTF-8 (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF). The prefix does not end inside a character.
std::size_t valid_utf8_prefix(std::string_view text) noexcept;

inline bool is_utf8(std::string_view text) noexcept
{
    return valid_utf8_prefix(text) == text.size();
}

/// Returns the text with each invalid byte replaced by U+FFFD, so that the text of an exception or
/// of a log record can always be sent. Uses at most `limit` bytes of the text; if it is cut, an
/// ellipsis is appended.
std::string repaired_utf8(std::string_view text, std::size_t limit = std::string_view::npos);

/// Returns the bytes in quotes, as one line. Control characters, invalid UTF-8, quotes and
/// backslashes are escaped. Uses at most `limit` bytes; if the text is cut, an ellipsis and the
/// total number of bytes are appended.
std::string in_quotes(std::string_view bytes, std::size_t limit = 160);

}  // namespace leasepool::wire

#endif
