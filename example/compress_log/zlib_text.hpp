// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_EXAMPLE_COMPRESS_LOG_ZLIB_TEXT_HPP
#define LEASEPOOL_EXAMPLE_COMPRESS_LOG_ZLIB_TEXT_HPP

#include <string>
#include <string_view>

/// Both throw std::runtime_error with zlib's word for what is wrong.
std::string pack(std::string_view text);
/// `size` is that of the text.
std::string unpack(std::string_view packed, std::size_t size);

#endif
