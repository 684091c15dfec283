// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_MACROS_HPP
#define ISOLATED_PARSE_MACROS_HPP

#include <map>
#include <string>
#include <string_view>

// Names and what they stand for. Of macros without parameters only.
using macro_table = std::map<std::string, std::string, std::less<>>;

// Every #define in a source file, without what follows from #if, #undef and #include: of two for one
// name the last counts. A macro that names itself (many in real headers do) is left out: the
// preprocessor leaves the name as it is then, so that it is no constant.
macro_table read_macros(std::string_view source);

// Puts in for the names in a text what they stand for, again and again until there is none left.
//
// Nothing bounds this. Two macros that name each other keep it busy for ever, and a few dozen that name
// one another many times over are more text than there is memory: that is what a process of its own
// is for.
std::string expand(std::string text, macro_table const& macros);

#endif
