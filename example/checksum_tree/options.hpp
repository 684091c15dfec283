// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_OPTIONS_HPP
#define CHECKSUM_TREE_OPTIONS_HPP

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

struct options {
    std::vector<std::filesystem::path> trees;
    std::size_t pools = 2;
    std::size_t workers = 2;
    bool on_io_thread = false;
    bool print = false;
    bool help = false;
};

extern std::string_view const usage;

struct usage_error : std::runtime_error {
    using runtime_error::runtime_error;
};

// Throws usage_error.
options parse_options(int argc, char const* const* argv);

#endif
