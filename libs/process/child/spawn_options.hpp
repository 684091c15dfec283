// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_SPAWN_OPTIONS_HPP
#define LEASEPOOL_PROCESS_SPAWN_OPTIONS_HPP

#include <leasepool/resource_limits.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace leasepool::detail {

/// What to start, and with which surroundings.
struct spawn_options {
    /// The program and its arguments. A program without a slash is searched in the `PATH` that the
    /// child will have. A relative path with a slash is relative to the working directory of this
    /// program, not of the child. Empty: the image of this program, also if its file was replaced
    /// since the start.
    std::vector<std::string> command;

    /// Words in front of the command (`{"nice", "-n", "10"}`). The launcher is then what is started,
    /// and pid, limits and exit status are those of the launcher. If the command is empty and the
    /// file of this program was replaced, the start fails.
    std::vector<std::string> launcher;

    /// Variables to set or, without a value, to remove.
    std::map<std::string, std::optional<std::string>> environment;

    /// Whether the child gets the variables of this program, too. They are read during the start, so
    /// no other thread may change the environment then.
    bool inherit_environment = true;

    /// Empty: that of this program.
    std::string working_directory;

    resource_limits limits;

    /// The signal that the child gets when this program ends; 0: none. Linux only. The kernel clears
    /// it if a program with other privileges is executed, and the programs that the child starts do
    /// not inherit it.
    int parent_death_signal = 0;
};

/// @throws std::invalid_argument naming the field, the value and what is wrong with it.
void validate(spawn_options const& options);

}  // namespace leasepool::detail

#endif
