// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "options.hpp"

#include <charconv>
#include <string>
#include <system_error>

std::string_view const usage =
    R"(usage: isolated_parse [--workers N] [--timeout S] [--memory MB] [--print] PATH...

Evaluates the macros of C and C++ headers that are integer constants: all the *.h,
*.hpp, *.hh and *.hxx in the folders, and the files, that PATH names. Its parser
is naive: some headers make it overrun its stack, take all memory, or never end. So
it runs in worker processes. Those headers are named; all others are evaluated.

  --workers N   processes at a time (default: as many as there are CPUs)
  --timeout S   seconds a header may take (default 2)
  --memory MB   address space that a worker may have; 0: any (default 128)
  --print       print the path, name and value of each constant, in no particular order
  --help        print this

The exit status is 0, or 1 if a header could not be evaluated, 2 if the options make
no sense, 130 after Ctrl-C.
)";

namespace {

std::size_t to_number(std::string_view option, std::string_view text, std::size_t least)
{
    constexpr std::size_t most = 1'000'000;
    std::size_t number = 0;
    auto const* const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number < least || number > most)
        throw usage_error(std::string(option) + " takes a number from " + std::to_string(least) +
            " to " + std::to_string(most) + ", not '" + std::string(text) + "'");
    return number;
}

}  // namespace

options parse_options(int argc, char const* const* argv)
{
    options result;
    std::vector<std::string_view> const arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    bool only_paths = false;

    for (auto i = arguments.begin(); i != arguments.end(); ++i) {
        auto const argument = *i;
        auto const number = [&](std::size_t least) {
            if (i + 1 == arguments.end())
                throw usage_error(std::string(argument) + " takes a number");
            return to_number(argument, *++i, least);
        };
        if (only_paths || !argument.starts_with('-'))
            result.paths.emplace_back(argument);
        else if (argument == "--workers")
            result.workers = number(1);
        else if (argument == "--timeout")
            result.timeout = std::chrono::seconds(number(1));
        else if (argument == "--memory")
            result.memory = number(0);
        else if (argument == "--print")
            result.print = true;
        else if (argument == "--help")
            result.help = true;
        else if (argument == "--")
            only_paths = true;
        else
            throw usage_error("there is no option '" + std::string(argument) + "'");
    }
    if (result.paths.empty() && !result.help)
        throw usage_error("which PATH?");
    return result;
}
