// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "options.hpp"

#include <charconv>
#include <string>
#include <system_error>

std::string_view const usage =
    R"(usage: checksum_tree [--pools N] [--workers N] [--inline] [--print] TREE...

Checksums every regular file in the trees, as cksum does. Folders are read and files
are checksummed on leased threads, each tree under a lease of its own, while one
thread runs the io_context; at the end it says how long that thread was held up.

  --pools N    how many trees are worked on at a time; the others wait (default 2)
  --workers N  threads of each pool (default 2)
  --inline     no leases: do the same work on the thread of the io_context
  --print      print checksum, size and path of each file, in no particular order
  --help       print this

Symbolic links are followed where they are given as TREE, but not inside. The exit
status is 0, or 1 if something could not be read, 2 if the options make no sense,
130 after Ctrl-C.
)";

namespace {

std::size_t to_number(std::string_view option, std::string_view text)
{
    std::size_t number = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number == 0 || number > 1000)
        throw usage_error(std::string(option) + " takes a number from 1 to 1000, not '" +
            std::string(text) + "'");
    return number;
}

}  // namespace

options parse_options(int argc, char const* const* argv)
{
    options result;
    std::vector<std::string_view> const arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    bool only_trees = false;

    for (auto i = arguments.begin(); i != arguments.end(); ++i) {
        auto const argument = *i;
        auto const number = [&] {
            if (i + 1 == arguments.end())
                throw usage_error(std::string(argument) + " takes a number");
            return to_number(argument, *++i);
        };
        if (only_trees || !argument.starts_with('-'))
            result.trees.emplace_back(argument);
        else if (argument == "--pools")
            result.pools = number();
        else if (argument == "--workers")
            result.workers = number();
        else if (argument == "--inline")
            result.on_io_thread = true;
        else if (argument == "--print")
            result.print = true;
        else if (argument == "--help")
            result.help = true;
        else if (argument == "--")
            only_trees = true;
        else
            throw usage_error("there is no option '" + std::string(argument) + "'");
    }
    if (result.trees.empty() && !result.help)
        throw usage_error("which TREE?");
    return result;
}
