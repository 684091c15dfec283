// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_LAUNCH_PLAN_HPP
#define LEASEPOOL_LIBS_PROCESS_LAUNCH_PLAN_HPP

#include "spawn_options.hpp"

#include <cstddef>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <vector>

namespace leasepool::detail {

/// All that a child needs between its birth and its program, made ready in the parent: in between
/// nothing may be allocated, looked up or thrown.
class launch_plan {
public:
    struct limit {
        decltype(RLIMIT_CPU) resource;
        rlimit value;
        char const* name;  // as in resource_limits
    };

    /// @throws std::invalid_argument as `validate` does.
    /// @throws boost::system::system_error if there is no such program, naming it.
    explicit launch_plan(spawn_options const& options);
    launch_plan(launch_plan const&) = delete;
    launch_plan& operator=(launch_plan const&) = delete;

    char const* path() const noexcept { return path_.c_str(); }
    char* const* argv() const noexcept { return argv_.data(); }
    char* const* envp() const noexcept { return envp_.data(); }
    /// Null: the parent's.
    char const* directory() const noexcept
    {
        return directory_.empty() ? nullptr : directory_.c_str();
    }
    std::vector<limit> const& limits() const noexcept { return limits_; }
    int parent_death_signal() const noexcept { return parent_death_signal_; }
    pid_t parent() const noexcept { return parent_; }
    /// No descriptor is as high as this, as far as one can tell.
    int descriptor_bound() const noexcept { return descriptor_bound_; }

private:
    void add_limits(resource_limits const& wanted);

    std::vector<std::string> words_;
    std::vector<std::string> variables_;
    std::string path_;
    std::string directory_;
    std::vector<char*> argv_;
    std::vector<char*> envp_;
    std::vector<limit> limits_;
    int parent_death_signal_;
    pid_t parent_;
    int descriptor_bound_;
};

/// "leasepool: cannot start the program "x"".
std::string cannot_start(std::string const& program);

}  // namespace leasepool::detail

#endif
