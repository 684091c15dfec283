// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "header_job.hpp"

#include "calculator.hpp"
#include "macros.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace {

struct closer {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

std::string read_file(std::string const& path)
{
    std::unique_ptr<std::FILE, closer> const file(std::fopen(path.c_str(), "rbe"));
    if (!file)
        throw std::system_error(errno, std::generic_category());
    std::string content;
    char buffer[65536];
    while (auto const n = std::fread(buffer, 1, sizeof buffer, file.get()))
        content.append(buffer, n);
    if (std::ferror(file.get()) != 0)
        throw std::system_error(errno, std::generic_category());
    return content;
}

}  // namespace

header_facts evaluate_header(std::string const& path)
{
    auto const source = read_file(path);
    auto const macros = read_macros(source);

    header_facts facts{source.size(), macros.size(), {}};
    for (auto const& [name, text] : macros)
        if (auto const value = calculate(expand(text, macros)))
            facts.constants.emplace(name, *value);
    return facts;
}
