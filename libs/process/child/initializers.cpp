// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/initializers.hpp"

#include "process/child/launcher.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

// What a child does between its start and the execution of its program. `launcher` calls it, in the
// child.

namespace leasepool::detail {
namespace {

boost::system::error_code last_error() noexcept
{
    return {errno, boost::system::system_category()};
}

#if defined(__linux__) && defined(SYS_getdents64)

/// Closes the descriptors that /proc lists. For kernels before 5.9, and filters of system calls.
/// Returns false if it cannot.
bool close_listed_descriptors(int keep) noexcept
{
    int const list = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (list < 0)
        return false;
    // struct linux_dirent64: d_ino, d_off (8 bytes each), d_reclen (2), d_type (1), d_name. The
    // kernel lists descriptors by number, so the descriptors that are closed here have been listed.
    constexpr std::size_t length_at = 16;
    constexpr std::size_t name_at = 19;
    alignas(8) char entries[2048];
    long got = 0;
    while ((got = ::syscall(SYS_getdents64, list, entries, sizeof entries)) > 0)
        for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
            std::uint16_t length = 0;
            std::memcpy(&length, entries + at + length_at, sizeof length);
            int fd = 0;
            char const* digit = entries + at + name_at;
            for (; *digit >= '0' && *digit <= '9'; ++digit)
                fd = fd * 10 + (*digit - '0');
            if (*digit == '\0' && fd > STDERR_FILENO && fd != keep && fd != list)
                ::close(fd);
            at += length;
        }
    ::close(list);
    return got == 0;
}

#endif

rlim_t as_limit(std::uint64_t value) noexcept
{
    // The highest values of rlim_t have special meanings.
    return value >= RLIM_INFINITY ? RLIM_INFINITY : static_cast<rlim_t>(value);
}

}  // namespace

environment_variables::environment_variables(std::vector<std::string> const& variables)
{
    for (auto const& variable : variables)
        pointers_.push_back(variable.c_str());
    pointers_.push_back(nullptr);
}

boost::system::error_code environment_variables::apply(launcher_base& launcher) const noexcept
{
    launcher.env = pointers_.data();
    return {};
}

boost::system::error_code new_session::apply() noexcept
{
    return ::setsid() < 0 ? last_error() : boost::system::error_code();
}

boost::system::error_code default_dispositions::apply() noexcept
{
    struct sigaction by_default = {};
    by_default.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal)
        if (signal != SIGKILL && signal != SIGSTOP)
            // Fails for the signals that the C library reserves; they have handlers, which the
            // execution resets.
            ::sigaction(signal, &by_default, nullptr);
    return {};
}

boost::system::error_code parent_death_signal::apply() const noexcept
{
#if defined(__linux__)
    if (signal == 0)
        return {};
    if (::prctl(PR_SET_PDEATHSIG, signal) != 0)
        return last_error();
    if (::getppid() != parent)
        ::_exit(127);  // the parent has died before
#endif
    return {};
}

standard_descriptors_only::standard_descriptors_only()
{
    // If there is no bound, or one that would take seconds to count to: the usual default.
    long const bound = ::sysconf(_SC_OPEN_MAX);
    bound_ = static_cast<int>(bound < 0 ? 65'536 : std::min(bound, 65'536L));
}

void standard_descriptors_only::apply(launcher_base const& launcher) const noexcept
{
    constexpr int first = STDERR_FILENO + 1;
    int const keep = launcher.report_descriptor();  // closed by the execution
#if defined(__linux__) && defined(SYS_close_range)
    if ((keep == first || ::syscall(SYS_close_range, first, keep - 1, 0) == 0) &&
        ::syscall(SYS_close_range, keep + 1, ~0U, 0) == 0)
        return;
#endif
#if defined(__linux__) && defined(SYS_getdents64)
    if (close_listed_descriptors(keep))
        return;
#endif
    for (int fd = first; fd < bound_; ++fd)
        if (fd != keep)
            ::close(fd);
}

limited::limited(resource_limits const& wanted)
{
    if (wanted.cpu_time)
        // If soft and hard limit were equal, the kernel would send SIGKILL, which does not tell why.
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

void limited::add(decltype(RLIMIT_CPU) resource, std::optional<std::uint64_t> most,
    char const* name, rlim_t extra)
{
    if (!most)
        return;
    rlimit current = {};
    if (::getrlimit(resource, &current) != 0)
        current = {RLIM_INFINITY, RLIM_INFINITY};
    rlim_t const soft = as_limit(*most);
    rlim_t const hard = soft > RLIM_INFINITY - extra ? RLIM_INFINITY : soft + extra;
    limits_.push_back(
        {resource, {std::min(soft, current.rlim_max), std::min(hard, current.rlim_max)}, name});
}

boost::system::error_code limited::apply(launcher_base& launcher) const noexcept
{
    for (auto const& each : limits_)
        if (::setrlimit(each.resource, &each.value) != 0) {
            launcher.detail = static_cast<std::size_t>(&each - limits_.data());
            return last_error();
        }
    return {};
}

std::string limited::cannot(std::size_t which) const
{
    auto const& failed = limits_.at(which);
    return std::string(" with the limit ") + failed.name + " of " +
        std::to_string(failed.value.rlim_cur);
}

}  // namespace leasepool::detail
