// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "macros.hpp"

#include "tokens.hpp"

#include <cstddef>
#include <utility>

namespace {

bool contains_name(std::string_view text, std::string_view name)
{
    for (auto t = take_token(text); t.kind != token_kind::end; t = take_token(text))
        if (t.kind == token_kind::name && t.text == name)
            return true;
    return false;
}

void read_line(std::string_view line, macro_table& macros)
{
    if (take_token(line).text != "#" || take_token(line).text != "define")
        return;
    auto const name = take_token(line);
    if (name.kind != token_kind::name)
        return;
    bool const has_parameters = line.starts_with('(');
    if (has_parameters || contains_name(line, name.text)) {
        if (auto const known = macros.find(name.text); known != macros.end())
            macros.erase(known);
        return;
    }
    macros.insert_or_assign(std::string(name.text), std::string(line));
}

}  // namespace

macro_table read_macros(std::string_view source)
{
    auto const text = strip(source);
    macro_table macros;
    std::string_view rest = text;
    while (!rest.empty()) {
        auto const end = rest.find('\n');
        read_line(rest.substr(0, end), macros);
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
    return macros;
}

std::string expand(std::string text, macro_table const& macros)
{
    for (;;) {
        std::string next;
        bool changed = false;
        std::string_view rest = text;
        for (auto t = take_token(rest); t.kind != token_kind::end; t = take_token(rest)) {
            auto const macro = t.kind == token_kind::name ? macros.find(t.text) : macros.end();
            if (macro != macros.end()) {
                next += macro->second;
                changed = true;
            }
            else {
                next += t.text;
            }
            // Tokens that stood apart must not become one; signs that stood together must not be parted.
            if (t.kind != token_kind::sign || rest.starts_with(' '))
                next += ' ';
        }
        if (!changed)
            return text;
        text = std::move(next);
    }
}
