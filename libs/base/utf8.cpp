// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

// UTF-8 in values, and in texts of other programs. The wire, both ends of the pipe, and the errors
// call these functions; they call no other part.

namespace leasepool::detail {
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

bool is_control(std::string_view character) noexcept
{
    auto const first = static_cast<unsigned char>(character.front());
    if (character.size() == 1)
        return first < 0x20 || first == 0x7F;
    // C1, which some terminals obey.
    return character.size() == 2 && first == 0xC2 &&
        static_cast<unsigned char>(character[1]) < 0xA0;
}

void append_in_hex(std::string& out, std::string_view bytes)
{
    static constexpr char digits[] = "0123456789abcdef";
    for (auto const byte : bytes) {
        auto const value = static_cast<unsigned char>(byte);
        ((out += "\\x") += digits[value >> 4U]) += digits[value & 15U];
    }
}

/// Appends at most `limit` bytes of a text. Control characters, invalid bytes and the characters of
/// `quoted` are escaped; those of `kept` are not.
void append_escaped(std::string& out, std::string_view bytes, std::size_t limit,
    std::string_view quoted, std::string_view kept)
{
    auto rest = bytes.substr(0, cut_position(bytes, limit));
    bool const cut = rest.size() < bytes.size();
    while (!rest.empty()) {
        auto const length = character_at(rest);
        auto const character = rest.substr(0, std::max<std::size_t>(length, 1));
        auto const c = character.front();
        if (kept.find(c) != kept.npos)
            out += c;
        else if (quoted.find(c) != quoted.npos)
            (out += '\\') += c;
        else if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (length == 0 || is_control(character))
            append_in_hex(out, character);
        else
            out += character;
        rest.remove_prefix(character.size());
    }
    if (cut)
        out += ellipsis;
}

/// Returns the note that follows a text of which only `limit` bytes are shown.
std::string size_note(std::string_view bytes, std::size_t limit)
{
    return bytes.size() <= limit ? std::string() : " (" + std::to_string(bytes.size()) + " bytes)";
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

std::string_view utf8_prefix(std::string_view text, std::size_t limit) noexcept
{
    if (text.size() <= limit)
        return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U)
        --limit;
    return text.substr(0, limit);
}

std::string in_quotes(std::string_view bytes, std::size_t limit)
{
    std::string out = "\"";
    append_escaped(out, bytes, limit, "\"\\", "");
    return (out += '"') += size_note(bytes, limit);
}

std::string printable(std::string_view bytes, std::size_t limit)
{
    std::string out;
    append_escaped(out, bytes, limit, "", "\t");
    return out += size_note(bytes, limit);
}

}  // namespace leasepool::detail
