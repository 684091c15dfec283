// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "driver.hpp"
#include "report.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {

using namespace leasepool::bench;

constexpr auto usage = R"(usage: leasepool_bench [OPTION...] [ROW...]
Measures the rows named, all by default; a part of a name stands for all that contain it.
  --list          print the names of the rows
  --results FILE  write the table as JSON, too
  --rounds N      rounds of each row, instead of its own number
  --smoke         as little work as shows that everything runs; the figures mean nothing
)";

bool contains(std::string const& name, std::string const& part)
{
    return name.find(part) != std::string::npos;
}

struct arguments {
    effort how = effort::full;
    bool list = false;
    bool help = false;
    int rounds = 0;
    std::string results;
    std::vector<std::string> filters;
};

arguments parse(int argc, char** argv)
{
    arguments a;
    for (int i = 1; i < argc; ++i) {
        std::string_view const word = argv[i];
        auto const value = [&] {
            if (++i == argc)
                throw std::invalid_argument(std::string(word) + " needs a value");
            return std::string(argv[i]);
        };
        if (word == "--help")
            a.help = true;
        else if (word == "--list")
            a.list = true;
        else if (word == "--smoke")
            a.how = effort::smoke;
        else if (word == "--results")
            a.results = value();
        else if (word == "--rounds")
            a.rounds = std::stoi(value());
        else if (word.starts_with("-"))
            throw std::invalid_argument("unknown option " + std::string(word));
        else
            a.filters.emplace_back(word);
    }
    return a;
}

std::vector<row> chosen_rows(arguments const& a)
{
    auto rows = all_rows(a.how);
    for (auto const& filter : a.filters)
        if (std::ranges::none_of(rows, [&](row const& r) { return contains(r.name, filter); }))
            throw std::invalid_argument("no row's name contains '" + filter + "'; see --list");
    if (!a.filters.empty())
        std::erase_if(rows, [&](row const& r) {
            return std::ranges::none_of(
                a.filters, [&](std::string const& filter) { return contains(r.name, filter); });
        });
    return rows;
}

void run(arguments const& a)
{
    auto const rows = chosen_rows(a);
    if (a.list) {
        for (auto const& r : rows)
            std::cout << r.name << '\n';
        return;
    }
    std::vector<result> results;
    print_header(std::cout);
    for (auto const& r : rows) {
        results.push_back(measure(r, a.rounds > 0 ? a.rounds : r.rounds));
        print(std::cout, results.back());
    }
    if (!a.results.empty()) {
        std::ofstream file(a.results);
        write_json(file, results);
        if (!file.flush())
            throw std::runtime_error("cannot write " + a.results);
    }
}

/// Keeps what was freed. Otherwise the heap is cut at its end again and again, and whether that happens
/// depends on the rows that ran before: the pages of a message of 1 MiB take as long as the rest of it.
void keep_freed_memory()
{
#if defined(__GLIBC__)
    // The greatest threshold that every glibc accepts.
    if (::mallopt(M_MMAP_THRESHOLD, 32 << 20) != 1 || ::mallopt(M_TRIM_THRESHOLD, 1 << 30) != 1)
        throw std::runtime_error("mallopt");
#endif
}

}  // namespace

int main(int argc, char** argv)
try {
    keep_freed_memory();
    auto const a = parse(argc, argv);
    if (a.help)
        std::cout << usage;
    else
        run(a);
    return EXIT_SUCCESS;
}
catch (std::exception const& e) {
    std::cerr << "leasepool_bench: " << e.what() << '\n';
    return EXIT_FAILURE;
}
