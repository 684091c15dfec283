// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "line_groups.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

void line_groups::add_file(std::string const& path)
{
    std::ifstream file(path, std::ios::binary);
    auto& text =
        texts_.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad())
        throw std::runtime_error("cannot read " + path);
    bytes += text.size();
    cut(text);
}

void line_groups::cut(std::string_view text)
{
    while (!text.empty()) {
        std::size_t end = 0;
        for (std::size_t n = 0; n != lines_each_ && end != text.size(); ++n) {
            auto const newline = text.find('\n', end);
            end = newline == text.npos ? text.size() : newline + 1;
        }
        all.push_back({text.substr(0, end)});
        text.remove_prefix(end);
    }
}
