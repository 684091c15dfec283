// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_LAUNCH_PLAN_HPP
#define LEASEPOOL_PROCESS_LAUNCH_PLAN_HPP

#include "process/child/spawn_options.hpp"

#include <string>
#include <vector>

namespace leasepool::detail {

/// The words and paths that a start needs. They are looked up in the parent, because the child of a
/// `vfork` must not allocate.
class launch_plan {
public:
    /// @throws std::invalid_argument, as `validate` does.
    /// @throws boost::system::system_error if the program is not found, naming it.
    explicit launch_plan(spawn_options const& options);
    launch_plan(launch_plan const&) = delete;
    launch_plan& operator=(launch_plan const&) = delete;

    std::string const& path() const noexcept { return path_; }
    char const* const* argv() const noexcept { return argv_.data(); }
    /// Each "NAME=value".
    std::vector<std::string> const& environment() const noexcept { return variables_; }
    /// Returns the name of the program for messages.
    std::string const& name() const noexcept { return words_.front(); }

private:
    std::vector<std::string> words_;
    std::vector<std::string> variables_;
    std::string path_;
    std::vector<char const*> argv_;
};

/// Returns "leasepool: cannot start the program "x"".
std::string cannot_start(std::string const& program);

}  // namespace leasepool::detail

#endif
