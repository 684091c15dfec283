// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "read_folder.hpp"

namespace fs = std::filesystem;

namespace {

void add(listing& result, fs::path const& path, fs::file_type type)
{
    if (type == fs::file_type::regular)
        result.files.push_back(path);
    else if (type == fs::file_type::directory)
        result.folders.push_back(path);
    else if (type == fs::file_type::symlink)
        ++result.links;
    else if (type != fs::file_type::not_found)
        result.special.push_back(path);
}

}  // namespace

listing read_argument(fs::path const& path)
{
    listing result;
    auto const type = fs::status(path, result.error).type();
    if (type != fs::file_type::none)
        add(result, path, type);
    return result;
}

listing read_folder(fs::path const& path)
{
    listing result;
    auto entry = fs::directory_iterator(path, result.error);
    while (!result.error && entry != fs::directory_iterator()) {
        std::error_code error;
        auto const type = entry->symlink_status(error).type();
        // A file whose kind cannot be told is one that cannot be read: to open it says why.
        add(result, entry->path(), error ? fs::file_type::regular : type);
        entry.increment(result.error);
    }
    return result;
}
