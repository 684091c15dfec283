// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/os_process.hpp"

#include "core/support/os.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

namespace leasepool::detail {
namespace {

unique_fd watch_by_thread(pid_t pid, boost::system::error_code& ec) noexcept
{
    auto ends = make_pipe(ec);
    if (ec)
        return {};
    try {
        all_signals_blocked const inherited;
        std::thread([pid, open = std::move(ends.write)] {
            siginfo_t info = {};
            while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 &&
                errno == EINTR) {}
        }).detach();
    }
    catch (std::system_error const& e) {
        ec = e.code();
        return {};
    }
    catch (std::exception const&) {
        ec = make_error_code(boost::system::errc::not_enough_memory);
        return {};
    }
    return std::move(ends.read);
}

}  // namespace

unique_fd watch_exit(pid_t pid, boost::system::error_code& ec) noexcept
{
#if defined(__linux__) && defined(SYS_pidfd_open)
    // Closed on exec from birth.
    unique_fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (pidfd && pidfd.get() > STDERR_FILENO)
        return pidfd;
    if (pidfd)
        return duplicate(pidfd.get(), ec);
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
        ec = {errno, boost::system::system_category()};
        return {};
    }
#endif
    return watch_by_thread(pid, ec);
}

std::optional<exit_status> look_at(pid_t pid) noexcept
{
    siginfo_t info = {};
    int result = 0;
    do
        result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT | WNOHANG);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return exit_status{};
    if (info.si_pid == 0)
        return std::nullopt;
    if (info.si_code == CLD_EXITED)
        return exit_status{exit_status::kind::exited, info.si_status, false};
    return exit_status{exit_status::kind::signaled, info.si_status, info.si_code == CLD_DUMPED};
}

boost::system::error_code signal_group(
    [[maybe_unused]] int exit_fd, pid_t leader, bool reserved, int signal) noexcept
{
#if defined(__linux__) && defined(SYS_pidfd_send_signal)
    if (exit_fd >= 0) {
        constexpr unsigned to_group = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP
        auto const send = [&](unsigned flags) {
            return ::syscall(SYS_pidfd_send_signal, exit_fd, signal, nullptr, flags) == 0;
        };
        if (send(to_group))
            return {};
        // There is no such group: the leader may have moved to another one.
        if (errno == ESRCH)
            return send(0) ? boost::system::error_code()
                           : make_error_code(boost::system::errc::no_such_process);
        // The kernel is older, or it is no pidfd.
    }
#endif
    if (!reserved)
        return make_error_code(boost::system::errc::no_such_process);
    if (::kill(-leader, signal) == 0)
        return {};
    if (errno == ESRCH && ::kill(leader, signal) == 0)
        return {};
    return {errno, boost::system::system_category()};
}

void reap_exited(pid_t pid) noexcept
{
    while (::waitpid(pid, nullptr, WNOHANG) < 0 && errno == EINTR) {}
}

void reap_dying(pid_t pid) noexcept
{
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {}
}

bool adopts_orphans() noexcept
{
    if (::getpid() == 1)
        return true;
    int subreaper = 0;
#if defined(__linux__)
    ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
#endif
    return subreaper != 0;
}

bool reap_exited_of_group(pid_t group) noexcept
{
    for (;;) {
        auto const found = ::waitpid(-group, nullptr, WNOHANG);
        if (found == 0)
            return true;
        if (found < 0 && errno != EINTR)
            return false;
    }
}

std::uint64_t resident_bytes([[maybe_unused]] pid_t pid) noexcept
{
#if defined(__linux__)
    char path[32];
    std::snprintf(path, sizeof path, "/proc/%ld/statm", static_cast<long>(pid));
    int const fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    char text[128];
    auto const got = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    text[got > 0 ? got : 0] = '\0';
    unsigned long long size = 0;
    unsigned long long resident = 0;
    if (std::sscanf(text, "%llu %llu", &size, &resident) != 2)  // NOLINT(cert-err34-c)
        return 0;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
#else
    return 0;
#endif
}

}  // namespace leasepool::detail
