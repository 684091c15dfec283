// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_INITIALIZERS_HPP
#define LEASEPOOL_PROCESS_INITIALIZERS_HPP

#include "process/child/scheduling.hpp"

#include <leasepool/resource_limits.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <vector>

/// @file
/// Initializers of Boost.Process v2, for what v2 itself has none. `launch` passes them to
/// `launcher`.
///
/// `on_exec_setup` runs in the child of a vfork: it makes async-signal-safe calls only. `cannot`
/// returns what a message of failure says of the step, after "cannot start the program".

namespace leasepool::detail {

class launcher_base;

/// Sets the environment. It replaces Boost's `process_environment`, whose `on_setup` is defined by no
/// public header of 1.81.
class environment_variables {
public:
    /// @param variables each "NAME=value"; must outlive the start.
    explicit environment_variables(std::vector<std::string> const& variables);

    template <class Path>
    boost::system::error_code on_setup(
        launcher_base& launcher, Path const&, char const* const*) const noexcept
    {
        return apply(launcher);
    }
    std::string cannot(std::size_t) const { return {}; }

private:
    boost::system::error_code apply(launcher_base& launcher) const noexcept;

    std::vector<char const*> pointers_;
};

/// Makes the child the leader of a session and of a process group, without a controlling terminal.
struct new_session {
    template <class Path>
    boost::system::error_code on_exec_setup(
        launcher_base&, Path const&, char const* const*) const noexcept
    {
        return apply();
    }
    std::string cannot(std::size_t) const { return " in a session of its own"; }

private:
    static boost::system::error_code apply() noexcept;
};

/// Gives every signal its default disposition.
struct default_dispositions {
    template <class Path>
    boost::system::error_code on_exec_setup(
        launcher_base&, Path const&, char const* const*) const noexcept
    {
        return apply();
    }
    std::string cannot(std::size_t) const { return " with default signal dispositions"; }

private:
    static boost::system::error_code apply() noexcept;
};

/// Has the system send a signal to the child when the thread that starts it ends. Linux only. The
/// kernel clears it if the program is executed with other privileges, and programs that the child
/// starts do not inherit it.
struct parent_death_signal {
    int signal;  // 0: none
    pid_t parent;

    template <class Path>
    boost::system::error_code on_exec_setup(
        launcher_base&, Path const&, char const* const*) const noexcept
    {
        return apply();
    }
    std::string cannot(std::size_t) const { return " with a parent-death signal"; }

private:
    boost::system::error_code apply() const noexcept;
};

/// Schedules the child as the main thread of this process is scheduled.
struct scheduled_as_main_thread {
    scheduling attributes = scheduling::of_main_thread();

    template <class Path>
    boost::system::error_code on_exec_setup(
        launcher_base&, Path const&, char const* const*) const noexcept
    {
        attributes.apply();
        return {};
    }
    std::string cannot(std::size_t) const { return {}; }
};

/// Closes all descriptors above 2, which other libraries may have opened without close-on-exec.
struct standard_descriptors_only {
    standard_descriptors_only();

    template <class Path>
    boost::system::error_code on_exec_setup(
        launcher_base& launcher, Path const&, char const* const*) const noexcept
    {
        apply(launcher);
        return {};
    }
    std::string cannot(std::size_t) const { return {}; }

private:
    void apply(launcher_base const& launcher) const noexcept;

    int bound_;  // no descriptor is as high as this, as far as can be told
};

/// Limits the resources of the child.
class limited {
public:
    explicit limited(resource_limits const& wanted);

    template <class Path>
    boost::system::error_code on_exec_setup(
        launcher_base& launcher, Path const&, char const* const*) const noexcept
    {
        return apply(launcher);
    }
    std::string cannot(std::size_t which) const;

private:
    struct limit {
        decltype(RLIMIT_CPU) resource;
        rlimit value;
        char const* name;  // as in resource_limits
    };

    void add(decltype(RLIMIT_CPU) resource, std::optional<std::uint64_t> most, char const* name,
        rlim_t extra = 0);
    boost::system::error_code apply(launcher_base& launcher) const noexcept;

    std::vector<limit> limits_;
};

}  // namespace leasepool::detail

#endif
