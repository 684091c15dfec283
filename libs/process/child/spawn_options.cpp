// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/spawn_options.hpp"

#include <csignal>
#include <stdexcept>
#include <string_view>

namespace leasepool::detail {
namespace {

[[noreturn]] void refuse(std::string_view field, std::string const& value, std::string_view why)
{
    throw std::invalid_argument("leasepool: spawn_options::" + std::string(field) + " is " + value +
        ": " + std::string(why));
}

// It would end there without a word.
void check_text(std::string_view field, std::string const& text)
{
    if (auto const at = text.find('\0'); at != text.npos)
        refuse(field, '"' + text.substr(0, at) + "…\"", "it must not contain a NUL");
}

}  // namespace

void validate(spawn_options const& options)
{
    if (!options.command.empty() && options.command.front().empty())
        refuse("command", "\"\"", "name a program");
    if (!options.launcher.empty() && options.launcher.front().empty())
        refuse("launcher", "\"\"", "name a program");
    for (auto const& word : options.command)
        check_text("command", word);
    for (auto const& word : options.launcher)
        check_text("launcher", word);
    for (auto const& [name, value] : options.environment) {
        check_text("environment", name);
        if (name.empty() || name.find('=') != name.npos)
            refuse("environment", '"' + name + '"', "a name is not empty and has no '='");
        if (value)
            check_text("environment", *value);
    }
    check_text("working_directory", options.working_directory);
    if (auto const& cpu = options.limits.cpu_time; cpu && *cpu < std::chrono::seconds(1))
        refuse("limits.cpu_time", std::to_string(cpu->count()) + " s", "at least 1 s");
    if (int const signal = options.parent_death_signal; signal < 0 || signal >= NSIG)
        refuse("parent_death_signal", std::to_string(signal), "no such signal");
}

}  // namespace leasepool::detail
