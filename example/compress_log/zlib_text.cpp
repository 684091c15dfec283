// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "zlib_text.hpp"

#include <zlib.h>

#include <stdexcept>

namespace {

Bytef const* bytes(std::string_view of)
{
    return reinterpret_cast<Bytef const*>(of.data());
}

Bytef* bytes(std::string& of)
{
    return reinterpret_cast<Bytef*>(of.data());
}

void check(int result)
{
    if (result != Z_OK)
        throw std::runtime_error(std::string("zlib: ") + zError(result));
}

}  // namespace

std::string pack(std::string_view text)
{
    auto size = compressBound(text.size());
    std::string packed(size, '\0');
    check(compress2(bytes(packed), &size, bytes(text), text.size(), Z_BEST_SPEED));
    packed.resize(size);
    return packed;
}

std::string unpack(std::string_view packed, std::size_t size)
{
    std::string text(size, '\0');
    auto got = static_cast<uLongf>(size);
    check(uncompress(bytes(text), &got, bytes(packed), packed.size()));
    text.resize(got);
    return text;
}
