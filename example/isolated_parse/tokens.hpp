// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_TOKENS_HPP
#define ISOLATED_PARSE_TOKENS_HPP

#include <string>
#include <string_view>

// The source without comments, each of which becomes a blank, and with continued lines joined.
std::string strip(std::string_view source);

enum class token_kind { end, name, number, quoted, sign };

struct token {
    token_kind kind = token_kind::end;
    std::string_view text;
};

// Cuts the first token, and the blanks before it, off a text. A sign is one character.
token take_token(std::string_view& text);

#endif
