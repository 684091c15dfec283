// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "launch_plan.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__APPLE__)
#include <crt_externs.h>
#else
extern "C" char** environ;  // NOLINT: POSIX wants it declared by its user
#endif

namespace leasepool::detail {
namespace {

char** current_environment() noexcept
{
#if defined(__APPLE__)
    return *_NSGetEnviron();  // a shared library there has no environ
#else
    return environ;
#endif
}

using variable_map = std::map<std::string, std::optional<std::string>>;

std::vector<std::string> environment_of(spawn_options const& options)
{
    variable_map wanted = options.environment;
    wanted.try_emplace(worker_marker, "1");

    std::vector<std::string> variables;
    if (char** inherited = current_environment(); inherited && options.inherit_environment)
        for (; *inherited; ++inherited) {
            std::string_view const variable = *inherited;
            if (!wanted.contains(std::string(variable.substr(0, variable.find('=')))))
                variables.emplace_back(variable);
        }
    for (auto const& [name, value] : wanted)
        if (value)
            variables.push_back(name + '=' + *value);
    return variables;
}

std::string_view path_variable(std::vector<std::string> const& variables)
{
    constexpr std::string_view name = "PATH=";
    for (std::string_view const variable : variables)
        if (variable.starts_with(name))
            return variable.substr(name.size());
    return "/usr/local/bin:/usr/bin:/bin";
}

// 0, or the error with which executing it would fail, as far as one can tell without doing so.
int error_of_executing(std::string const& path) noexcept
{
    struct stat info = {};
    if (::stat(path.c_str(), &info) != 0)
        return errno;
    if (!S_ISREG(info.st_mode))
        return EACCES;
    return ::access(path.c_str(), X_OK) == 0 ? 0 : errno;
}

// Like execvp: the first that can be executed; that one was found but is not executable is a better
// answer than that there is none.
std::string find_program(std::string const& name, std::string_view directories)
{
    auto const absolute = [](std::string const& path) {
        return std::filesystem::absolute(path).string();
    };
    if (name.find('/') != name.npos)
        return absolute(name);
    int error = ENOENT;
    for (;;) {
        auto const colon = directories.find(':');
        std::string path(directories.substr(0, colon));
        if (path.empty())
            path = '.';
        path += '/';
        path += name;
        path = absolute(path);
        int const why = error_of_executing(path);
        if (why == 0)
            return path;
        if (why == EACCES)
            error = EACCES;
        if (colon == directories.npos)
            break;
        directories.remove_prefix(colon + 1);
    }
    throw boost::system::system_error(error, boost::system::system_category(),
        cannot_start(name) +
            (error == ENOENT ? ", it is in no directory of PATH"
                             : ", it was found in PATH but cannot be executed"));
}

std::vector<char*> pointers(std::vector<std::string>& strings)
{
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (auto& s : strings)
        result.push_back(s.data());
    result.push_back(nullptr);
    return result;
}

rlim_t as_limit(std::uint64_t value) noexcept
{
    // The highest values of rlim_t mean things of their own.
    return value >= RLIM_INFINITY ? RLIM_INFINITY : static_cast<rlim_t>(value);
}

}  // namespace

std::string cannot_start(std::string const& program)
{
    return "leasepool: cannot start the program \"" + program + '"';
}

launch_plan::launch_plan(spawn_options const& options)
    : parent_death_signal_(options.parent_death_signal), parent_(::getpid())
{
    validate(options);
    words_ = options.launcher;
    words_.insert(words_.end(), options.command.begin(), options.command.end());
    variables_ = environment_of(options);
    path_ = find_program(words_.front(), path_variable(variables_));
    directory_ = options.working_directory;
    argv_ = pointers(words_);
    envp_ = pointers(variables_);
    add_limits(options.limits);
    // Without a bound, or with one that would take seconds to count to: what it is by default.
    long const bound = ::sysconf(_SC_OPEN_MAX);
    descriptor_bound_ = static_cast<int>(bound < 0 ? 65'536 : std::min(bound, 65'536L));
}

void launch_plan::add_limits(resource_limits const& wanted)
{
    auto const add = [&](decltype(RLIMIT_CPU) resource, std::optional<std::uint64_t> most,
                         char const* name, rlim_t extra = 0) {
        if (!most)
            return;
        rlimit current = {};
        if (::getrlimit(resource, &current) != 0)
            current = {RLIM_INFINITY, RLIM_INFINITY};
        rlim_t const soft = as_limit(*most);
        rlim_t const hard = soft > RLIM_INFINITY - extra ? RLIM_INFINITY : soft + extra;
        limits_.push_back(
            {resource, {std::min(soft, current.rlim_max), std::min(hard, current.rlim_max)}, name});
    };
    if (wanted.cpu_time)
        // Where both are reached at once the kernel sends SIGKILL, which does not tell the reason.
        add(RLIMIT_CPU, static_cast<std::uint64_t>(wanted.cpu_time->count()), "cpu_time", 1);
#if defined(RLIMIT_AS)
    add(RLIMIT_AS, wanted.address_space, "address_space");
#endif
    add(RLIMIT_NOFILE, wanted.open_files, "open_files");
    add(RLIMIT_FSIZE, wanted.file_size, "file_size");
    add(RLIMIT_CORE, wanted.core_size, "core_size");
    add(RLIMIT_STACK, wanted.stack_size, "stack_size");
#if defined(RLIMIT_NPROC)
    add(RLIMIT_NPROC, wanted.processes_of_user, "processes_of_user");
#endif
}

}  // namespace leasepool::detail
