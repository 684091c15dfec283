// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_UTF8_PREFIX_HPP
#define LEASEPOOL_CORE_UTF8_PREFIX_HPP

#include <cstddef>
#include <string_view>

// Cuts names: those of threads (os.cpp) and those of the owners of leases (lease_state.cpp).

namespace leasepool::detail {

/// Returns the longest prefix of at most `limit` bytes that does not end inside a UTF-8 sequence.
constexpr std::string_view utf8_prefix(std::string_view text, std::size_t limit) noexcept
{
    if (text.size() <= limit)
        return text;
    auto const continues = [&](std::size_t i) {
        return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
    };
    while (limit > 0 && continues(limit))
        --limit;
    return text.substr(0, limit);
}

}  // namespace leasepool::detail

#endif
