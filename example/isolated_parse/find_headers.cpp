// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "find_headers.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace fs = std::filesystem;

namespace {

bool is_header(fs::path const& path)
{
    constexpr std::array<std::string_view, 4> extensions{".h", ".hpp", ".hh", ".hxx"};
    return std::find(extensions.begin(), extensions.end(), path.extension().native()) !=
        extensions.end();
}

void note(findings& found, fs::path const& path, std::error_code const& why)
{
    found.unreadable.push_back(path.native() + ": " + why.message());
}

void search(findings& found, fs::path const& folder)
{
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    std::vector<fs::path> folders;
    while (!error && entry != fs::directory_iterator()) {
        std::error_code unknown;
        auto const type = entry->symlink_status(unknown).type();
        if (type == fs::file_type::directory)
            folders.push_back(entry->path());
        else if (type == fs::file_type::regular && is_header(entry->path()))
            found.headers.push_back(entry->path().native());
        entry.increment(error);
    }
    if (error)
        note(found, folder, error);
    for (auto const& each : folders)
        search(found, each);
}

}  // namespace

findings find_headers(std::vector<fs::path> const& paths)
{
    findings found;
    for (auto const& path : paths) {
        std::error_code error;
        auto const type = fs::status(path, error).type();
        if (type == fs::file_type::directory)
            search(found, path);
        else if (type == fs::file_type::regular)
            found.headers.push_back(path.native());
        else
            note(found, path,
                error ? error : std::make_error_code(std::errc::no_such_file_or_directory));
    }
    return found;
}
