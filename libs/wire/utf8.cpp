// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

// UTF-8 in values, and in texts of other programs. `writer`, `reader`, `encoding_error` and both
// ends of the pipe call these functions; they call no other part.

namespace leasepool::wire {
namespace {

constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr std::string_view replacement = "\xEF\xBF\xBD";

/// Returns the size of the valid character at the beginning of `text`; 0: it is not valid. (Unicode
/// 15, table 3-7.)
/// @pre `text` is not empty
std::size_t character_at(std::string_view text) noexcept
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    auto const continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };

    auto const first = byte(0);
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || text.size() < 2)
        return 0;
    if (first < 0xE0)
        return continues(1) ? 2 : 0;

    // The range of the second byte excludes overlong forms, surrogates and values above U+10FFFF.
    unsigned char lowest = 0x80;
    unsigned char highest = 0xBF;
    switch (first) {
    case 0xE0:
        lowest = 0xA0;
        break;
    case 0xED:
        highest = 0x9F;
        break;
    case 0xF0:
        lowest = 0x90;
        break;
    case 0xF4:
        highest = 0x8F;
        break;
    default:
        break;
    }
    if (byte(1) < lowest || byte(1) > highest)
        return 0;
    if (first < 0xF0)
        return text.size() >= 3 && continues(2) ? 3 : 0;
    if (first < 0xF5)
        return text.size() >= 4 && continues(2) && continues(3) ? 4 : 0;
    return 0;
}

/// Returns the position of a cut that keeps at most `limit` bytes and does not divide a valid
/// character.
std::size_t cut_position(std::string_view text, std::size_t limit) noexcept
{
    if (text.size() <= limit)
        return text.size();
    auto at = limit;
    while (at > 0 && limit - at < 3 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U)
        --at;
    return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U ? limit : at;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) noexcept
{
    std::size_t at = 0;
    while (at < text.size()) {
        // Most text is ASCII: check eight characters at a time.
        std::uint64_t block = 0;
        while (text.size() - at >= sizeof block) {
            std::memcpy(&block, text.data() + at, sizeof block);
            if ((block & 0x8080808080808080U) != 0)
                break;
            at += sizeof block;
        }
        if (at == text.size())
            break;
        auto const length = character_at(text.substr(at));
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

std::string repaired_utf8(std::string_view text, std::size_t limit)
{
    auto rest = text.substr(0, cut_position(text, limit));
    bool const cut = rest.size() < text.size();
    std::string out;
    out.reserve(rest.size() + ellipsis.size());
    for (;;) {
        auto const valid = valid_utf8_prefix(rest);
        out += rest.substr(0, valid);
        if (valid == rest.size())
            break;
        out += replacement;
        rest.remove_prefix(valid + 1);
    }
    if (cut)
        out += ellipsis;
    return out;
}

std::string in_quotes(std::string_view bytes, std::size_t limit)
{
    static constexpr char digits[] = "0123456789abcdef";
    auto rest = bytes.substr(0, cut_position(bytes, limit));
    bool const cut = rest.size() < bytes.size();
    std::string out = "\"";
    while (!rest.empty()) {
        auto const c = static_cast<unsigned char>(rest.front());
        auto const length = character_at(rest);
        bool const control = c < 0x20 || c == 0x7F ||
            (length == 2 && c == 0xC2 && static_cast<unsigned char>(rest[1]) < 0xA0);
        if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (c == '"' || c == '\\')
            (out += '\\') += rest.front();
        else if (length == 0 || control) {
            for (auto const byte : rest.substr(0, std::max<std::size_t>(length, 1))) {
                auto const value = static_cast<unsigned char>(byte);
                ((out += "\\x") += digits[value >> 4U]) += digits[value & 15U];
            }
        }
        else
            out += rest.substr(0, length);
        rest.remove_prefix(std::max<std::size_t>(length, 1));
    }
    if (cut)
        out += ellipsis;
    out += '"';
    if (cut)
        out += " (" + std::to_string(bytes.size()) + " bytes)";
    return out;
}

}  // namespace leasepool::wire
