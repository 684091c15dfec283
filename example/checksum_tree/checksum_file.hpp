// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_CHECKSUM_FILE_HPP
#define CHECKSUM_TREE_CHECKSUM_FILE_HPP

#include <cstdint>
#include <filesystem>
#include <stop_token>

struct file_sum {
    std::uint32_t crc = 0;
    std::uint64_t bytes = 0;
};

// Reads a whole file, and blocks meanwhile. Throws std::system_error; with operation_canceled if it
// was asked to stop.
file_sum checksum_file(std::filesystem::path const& path, std::stop_token stop);

// Writes the line that cksum writes to stdout; blocks if nobody reads there.
void print_sum(std::filesystem::path const& path, file_sum const& sum);

#endif
