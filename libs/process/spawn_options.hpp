// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_SPAWN_OPTIONS_HPP
#define LEASEPOOL_LIBS_PROCESS_SPAWN_OPTIONS_HPP

#include "base/worker_marker.hpp"

#include <leasepool/resource_limits.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace leasepool::detail {

/// What to start, and in which surroundings.
struct spawn_options {
    /// The program and its arguments. A program without a slash is looked for in the `PATH` that the
    /// child will have; one with a slash that is relative starts from this program's working
    /// directory, not the child's.
    std::vector<std::string> command;

    /// Put in front of the command (`{"nice", "-n", "10"}`): it is what is started then, and what
    /// pid, limits and exit status are those of.
    std::vector<std::string> launcher;

    /// Variables set, or, without a value, removed.
    std::map<std::string, std::optional<std::string>> environment;

    /// Whether the child has this program's variables too. They are read by `spawn`, so no other
    /// thread may change the environment meanwhile.
    bool inherit_environment = true;

    /// Empty: this program's.
    std::string working_directory;

    resource_limits limits;

    /// The signal that the child gets when this program ends, however it ends; 0: none. Linux only,
    /// elsewhere without effect. The kernel drops it if a program with other privileges is executed,
    /// and what the child starts does not inherit it.
    int parent_death_signal = 0;
};

/// @throws std::invalid_argument naming the field, the value and what is wrong with it.
void validate(spawn_options const& options);

}  // namespace leasepool::detail

#endif
