// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_OPTIONS_HPP
#define ISOLATED_PARSE_OPTIONS_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <vector>

struct options {
    std::vector<std::filesystem::path> paths;
    // 0: as many as there are CPUs.
    std::size_t workers = 0;
    std::chrono::seconds timeout{2};
    // Of a worker, in MiB. 0: no limit.
    std::uint64_t memory = 128;
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
