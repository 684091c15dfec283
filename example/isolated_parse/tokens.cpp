// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "tokens.hpp"

#include <cstddef>

namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

constexpr bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

constexpr bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

// How long the literal is that the text begins with. One that is not closed ends with its line.
std::size_t quoted_length(std::string_view text)
{
    std::size_t i = 1;
    while (i < text.size() && text[i] != '\n') {
        if (text[i] == text[0])
            return i + 1;
        i += text[i] == '\\' && i + 1 < text.size() && text[i + 1] != '\n' ? 2U : 1U;
    }
    return i;
}

std::size_t number_length(std::string_view text)
{
    std::size_t i = 0;
    while (i < text.size()) {
        bool const separator = text[i] == '\'' && i + 1 < text.size() && is_word(text[i + 1]);
        if (!is_word(text[i]) && text[i] != '.' && !separator)
            break;
        ++i;
    }
    return i;
}

std::size_t word_length(std::string_view text)
{
    std::size_t i = 0;
    while (i < text.size() && is_word(text[i]))
        ++i;
    return i;
}

std::string join_lines(std::string_view source)
{
    std::string out;
    out.reserve(source.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
        auto const rest = source.substr(i);
        if (rest.starts_with("\\\n"))
            i += 1;
        else if (rest.starts_with("\\\r\n"))
            i += 2;
        else
            out.push_back(source[i]);
    }
    return out;
}

}  // namespace

std::string strip(std::string_view source)
{
    auto const joined = join_lines(source);
    std::string out;
    out.reserve(joined.size());
    std::string_view rest = joined;
    while (!rest.empty()) {
        std::size_t length = 1;
        bool comment = false;
        if (rest.starts_with("//")) {
            length = rest.find('\n');
            comment = true;
        }
        else if (rest.starts_with("/*")) {
            auto const end = rest.find("*/", 2);
            length = end == rest.npos ? rest.npos : end + 2;
            comment = true;
        }
        else if (rest[0] == '"' || rest[0] == '\'') {
            length = quoted_length(rest);
        }
        else if (is_digit(rest[0])) {
            length = number_length(rest);
        }
        else if (is_word(rest[0])) {
            length = word_length(rest);
        }
        if (comment)
            out.push_back(' ');
        else
            out.append(rest.substr(0, length));
        rest.remove_prefix(length < rest.size() ? length : rest.size());
    }
    return out;
}

token take_token(std::string_view& text)
{
    auto const begin = text.find_first_not_of(blanks);
    if (begin == text.npos) {
        text = {};
        return {};
    }
    text.remove_prefix(begin);

    auto kind = token_kind::sign;
    std::size_t length = 1;
    bool const fraction = text[0] == '.' && text.size() > 1 && is_digit(text[1]);
    if (is_digit(text[0]) || fraction) {
        kind = token_kind::number;
        length = number_length(text);
    }
    else if (is_word(text[0])) {
        kind = token_kind::name;
        length = word_length(text);
    }
    else if (text[0] == '"' || text[0] == '\'') {
        kind = token_kind::quoted;
        length = quoted_length(text);
    }
    token const first{kind, text.substr(0, length)};
    text.remove_prefix(length);
    return first;
}
