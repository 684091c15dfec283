// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_BASE_UTF8_HPP
#define LEASEPOOL_LIBS_BASE_UTF8_HPP

#include <cstddef>
#include <string>
#include <string_view>

/// @file
/// Checks UTF-8, and makes text that can be sent and logged.
///
/// Text of another program (a worker's messages, its stderr, the names and keys that it sends) goes
/// into the text of an exception or into a log record only through `in_quotes` or `printable`, so
/// that it cannot forge lines, control a terminal, or be of any size. Names and other parts of a
/// sentence are quoted. A text that ends a sentence, and the text of a log record, is not.

namespace leasepool::detail {

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

/// Returns the longest prefix of at most `limit` bytes that does not end inside a character. Bytes
/// that only continue a character are all dropped.
std::string_view utf8_prefix(std::string_view text, std::size_t limit) noexcept;

/// Maximum number of bytes of a foreign text in the text of an exception.
inline constexpr std::size_t most_bytes_shown = 1024;
/// The same for each of several lines.
inline constexpr std::size_t most_line_bytes_shown = 200;

/// Returns the bytes in quotes, as one line. Control characters, invalid UTF-8, quotes and
/// backslashes are escaped. Uses at most `limit` bytes; if the text is cut, an ellipsis and the
/// total number of bytes are appended.
std::string in_quotes(std::string_view bytes, std::size_t limit = 160);

/// Returns the bytes as one line, without quotes. Control characters, except tabs, and invalid UTF-8
/// are escaped. Uses at most `limit` bytes; if the text is cut, an ellipsis and the total number of
/// bytes are appended.
std::string printable(std::string_view bytes, std::size_t limit = most_bytes_shown);

}  // namespace leasepool::detail

#endif
