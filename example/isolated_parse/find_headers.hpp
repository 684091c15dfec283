// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_FIND_HEADERS_HPP
#define ISOLATED_PARSE_FIND_HEADERS_HPP

#include <filesystem>
#include <string>
#include <vector>

struct findings {
    std::vector<std::string> headers;
    // With the reason.
    std::vector<std::string> unreadable;
};

// The files *.h, *.hpp, *.hh, *.hxx in these folders and in theirs, and whatever files are named
// themselves. Symbolic links are followed only where they are named. Blocks.
findings find_headers(std::vector<std::filesystem::path> const& paths);

#endif
