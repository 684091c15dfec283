// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_EXAMPLE_COMPRESS_LOG_LINE_GROUPS_HPP
#define LEASEPOOL_EXAMPLE_COMPRESS_LOG_LINE_GROUPS_HPP

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

/// Some lines of a file, and what they are packed to.
struct line_group {
    std::string_view text;
    std::string packed{};
};

/// Files, cut into groups of lines.
class line_groups {
public:
    explicit line_groups(std::size_t lines_each) : lines_each_(lines_each) {}

    /// Throws std::runtime_error if the file cannot be read.
    void add_file(std::string const& path);

    std::vector<line_group> all;
    std::size_t bytes = 0;

private:
    void cut(std::string_view text);

    std::size_t lines_each_;
    std::deque<std::string> texts_;
};

#endif
