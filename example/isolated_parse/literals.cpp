// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "literals.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

namespace {

std::optional<std::uint64_t> whole_number(std::string_view digits, int base)
{
    std::uint64_t value = 0;
    auto const* const end = digits.data() + digits.size();
    auto const [stop, error] = std::from_chars(digits.data(), end, value, base);
    if (digits.empty() || error != std::errc() || stop != end)
        return std::nullopt;
    return value;
}

bool is_suffix(std::string suffix)
{
    std::transform(suffix.begin(), suffix.end(), suffix.begin(),
        [](char c) { return c == 'U' || c == 'L' ? static_cast<char>(c + ('a' - 'A')) : c; });
    constexpr std::array<std::string_view, 6> known{"", "u", "l", "ul", "ll", "ull"};
    constexpr std::array<std::string_view, 2> reversed{"lu", "llu"};
    return std::find(known.begin(), known.end(), suffix) != known.end() ||
        std::find(reversed.begin(), reversed.end(), suffix) != reversed.end();
}

std::optional<std::int64_t> number(std::string text)
{
    std::erase(text, '\'');
    auto const digits_end = text.find_last_not_of("uUlL") + 1;
    if (!is_suffix(text.substr(digits_end)))
        return std::nullopt;
    std::string_view digits(text.data(), digits_end);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X"))
        base = 16;
    else if (digits.starts_with("0b") || digits.starts_with("0B"))
        base = 2;
    else if (digits.starts_with('0'))
        base = 8;
    if (base == 16 || base == 2)
        digits.remove_prefix(2);
    auto const value = whole_number(digits, base);
    if (!value)
        return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::optional<std::int64_t> escaped(std::string_view text)
{
    constexpr std::string_view names = "abfnrtv\\'\"?";
    constexpr std::string_view values = "\a\b\f\n\r\t\v\\'\"?";
    if (text.size() == 1)
        if (auto const at = names.find(text[0]); at != names.npos)
            return values[at];
    bool const hex = text.starts_with('x');
    auto const value = whole_number(text.substr(hex ? 1 : 0), hex ? 16 : 8);
    if (!value || *value > 127)
        return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

std::optional<std::int64_t> character(std::string_view text)
{
    if (text.size() < 3 || text.front() != '\'' || text.back() != '\'')
        return std::nullopt;
    text = text.substr(1, text.size() - 2);
    if (text.front() == '\\')
        return escaped(text.substr(1));
    if (text.size() != 1 || static_cast<unsigned char>(text[0]) > 127)
        return std::nullopt;
    return text[0];
}

}  // namespace

std::optional<std::int64_t> literal(token const& t)
{
    if (t.kind == token_kind::number)
        return number(std::string(t.text));
    if (t.kind == token_kind::quoted)
        return character(t.text);
    return std::nullopt;
}
