// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_READ_FOLDER_HPP
#define CHECKSUM_TREE_READ_FOLDER_HPP

#include <cstddef>
#include <filesystem>
#include <system_error>
#include <vector>

struct listing {
    std::vector<std::filesystem::path> files;
    std::vector<std::filesystem::path> folders;
    // Sockets, devices and the like.
    std::vector<std::filesystem::path> special;
    std::size_t links = 0;
    // Why there may be more than this.
    std::error_code error;
};

// What a tree that the user names consists of: itself. Follows symbolic links.
listing read_argument(std::filesystem::path const& path);

// What is in a folder; blocks. Follows no symbolic links.
listing read_folder(std::filesystem::path const& path);

#endif
