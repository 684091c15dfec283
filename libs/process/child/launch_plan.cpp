// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/launch_plan.hpp"

#include "base/worker_marker.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#if defined(__APPLE__)
#include <crt_externs.h>
#include <mach-o/dyld.h>
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

/// What is known about a file before it is executed. The best is first.
enum class candidate { executable, not_executable, not_searchable, missing };

candidate examine(std::string const& path) noexcept
{
    struct stat info = {};
    if (::stat(path.c_str(), &info) != 0)
        return errno == EACCES ? candidate::not_searchable : candidate::missing;
    return S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0 ? candidate::executable
                                                                      : candidate::not_executable;
}

/// Returns the absolute path; empty: the working directory cannot be found, and the path is relative.
std::string absolute(std::string const& path)
{
    std::error_code ec;
    auto const found = std::filesystem::absolute(path, ec);
    return ec ? std::string() : found.string();
}

/// Finds a program as execvp does: the first in `directories` that can be executed. If there is none
/// but a file of that name was found, the error says that it cannot be executed.
std::string find_program(std::string const& name, std::string_view directories)
{
    if (name.find('/') != name.npos) {
        auto path = absolute(name);
        if (path.empty())
            throw boost::system::system_error(ENOENT, boost::system::system_category(),
                cannot_start(name) +
                    ", its path is relative and the working directory of this program is gone");
        return path;
    }
    auto best = candidate::missing;
    for (;;) {
        auto const colon = directories.find(':');
        std::string const directory(directories.substr(0, colon));
        // A directory that cannot be resolved contains no program.
        auto path = absolute((directory.empty() ? "." : directory) + '/' + name);
        auto const found = path.empty() ? candidate::missing : examine(path);
        if (found == candidate::executable)
            return path;
        best = std::min(best, found);
        if (colon == directories.npos)
            break;
        directories.remove_prefix(colon + 1);
    }
    throw boost::system::system_error(best == candidate::missing ? ENOENT : EACCES,
        boost::system::system_category(),
        cannot_start(name) +
            (best == candidate::missing ? ", it is in no directory of PATH"
                    : best == candidate::not_searchable
                    ? ", it is in no directory of PATH that this user may search"
                    : ", it was found in PATH but cannot be executed"));
}

// This executable -----------------------------------------------------------------------------------

constexpr char const* running_image = "/proc/self/exe";

[[noreturn]] void fail_without_path()
{
    throw boost::system::system_error(errno, boost::system::system_category(),
        "leasepool: cannot find the path of this executable; set process_backend_options::command");
}

/// Returns the path of this executable, as it was when it was started.
std::string path_of_this_executable()
{
#if defined(__APPLE__)
    std::uint32_t size = 0;
    ::_NSGetExecutablePath(nullptr, &size);
    std::string path(size, '\0');
    if (::_NSGetExecutablePath(path.data(), &size) != 0) {
        errno = ENAMETOOLONG;
        fail_without_path();
    }
    path.resize(path.find('\0'));
#else
    std::string path(256, '\0');
    for (;;) {
        auto const got = ::readlink(running_image, path.data(), path.size());
        if (got < 0)
            fail_without_path();
        if (static_cast<std::size_t>(got) < path.size()) {
            path.resize(static_cast<std::size_t>(got));
            break;
        }
        path.resize(2 * path.size());
    }
    // The kernel adds this when the file was replaced or removed.
    constexpr std::string_view deleted = " (deleted)";
    if (path.ends_with(deleted) && ::access(path.c_str(), F_OK) != 0)
        path.resize(path.size() - deleted.size());
#endif
    return path;
}

/// Checks that the file at `path` is still the image that runs. A launcher starts the file, and
/// cannot start the image.
void check_not_replaced([[maybe_unused]] std::string const& path)
{
#if !defined(__APPLE__)
    struct stat image = {};
    struct stat file = {};
    if (::stat(running_image, &image) == 0 && ::stat(path.c_str(), &file) == 0 &&
        image.st_dev == file.st_dev && image.st_ino == file.st_ino)
        return;
    throw boost::system::system_error(ESTALE, boost::system::system_category(),
        cannot_start(path) +
            ", because its file was replaced or removed since this program was started, and a "
            "launcher would start another version; set process_backend_options::command");
#endif
}

}  // namespace

std::string cannot_start(std::string const& program)
{
    return "leasepool: cannot start the program \"" + program + '"';
}

launch_plan::launch_plan(spawn_options const& options)
{
    validate(options);
    variables_ = environment_of(options);
    words_ = options.launcher;
    if (options.command.empty()) {
        words_.push_back(path_of_this_executable());
        if (!options.launcher.empty())
            check_not_replaced(words_.back());
    }
    words_.insert(words_.end(), options.command.begin(), options.command.end());

#if defined(__APPLE__)
    bool const this_image = false;
#else
    bool const this_image = options.command.empty() && options.launcher.empty();
#endif
    // The child of a vfork has the image of this program, also if its file was replaced.
    path_ = this_image ? running_image : find_program(words_.front(), path_variable(variables_));

    for (auto const& word : words_)
        argv_.push_back(word.c_str());
    argv_.push_back(nullptr);
}

}  // namespace leasepool::detail
