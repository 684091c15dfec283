// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "os.hpp"

#include "base/quiet_write.hpp"

#include <cerrno>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <system_error>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

namespace leasepool::worker {
namespace {

[[noreturn]] void fail(char const* what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

int duplicate_above_2(int fd, char const* what)
{
    int const copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        fail(what);
    return copy;
}

/// Makes `fd` the null device.
void point_at_nothing(int fd, int flags)
{
    int const null = ::open("/dev/null", flags | O_CLOEXEC);
    if (null < 0)
        fail("opening /dev/null");
    if (null == fd) {
        ::fcntl(fd, F_SETFD, 0);
        return;
    }
    int const moved = ::dup2(null, fd);
    ::close(null);
    if (moved < 0)
        fail("replacing a standard stream");
}

}  // namespace

protocol_descriptors take_standard_streams()
{
    protocol_descriptors const out{duplicate_above_2(STDIN_FILENO, "stdin cannot be used"),
        duplicate_above_2(STDOUT_FILENO, "stdout cannot be used")};
    point_at_nothing(STDIN_FILENO, O_RDONLY);
    if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        // There is no stderr. What a job opens must not become it.
        point_at_nothing(STDOUT_FILENO, O_WRONLY);
        point_at_nothing(STDERR_FILENO, O_WRONLY);
    }
    return out;
}

void write_all(int fd, std::string_view bytes)
{
    // Whatever the program does about SIGPIPE: the death of the parent is to be noticed here.
    while (!bytes.empty()) {
        iovec const piece{const_cast<char*>(bytes.data()), bytes.size()};
        auto const n = detail::quiet_write(fd, &piece, 1);
        if (n >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(n));
        else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            pollfd waited{fd, POLLOUT, 0};
            ::poll(&waited, 1, -1);
        }
        else if (errno == EPIPE)
            abandon();
        else
            throw std::system_error(errno, std::generic_category(), "writing to the parent");
    }
}

std::int64_t coarse_time() noexcept
{
#if defined(CLOCK_MONOTONIC_COARSE)
    timespec now = {};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
#else
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
#endif
}

bool has_no_reader(int fd) noexcept
{
    pollfd looked_at{fd, 0, 0};
    return ::poll(&looked_at, 1, 0) > 0 && (looked_at.revents & (POLLERR | POLLHUP)) != 0;
}

bool leads_group() noexcept
{
    return ::getpgrp() == ::getpid();
}

void abandon() noexcept
{
    if (leads_group())
        ::kill(0, SIGKILL);
    ::kill(::getpid(), SIGKILL);
    // The first process of a container cannot kill itself.
    ::_exit(128 + SIGKILL);
}

void forgo_parent_death_signal() noexcept
{
#if defined(__linux__)
    ::prctl(PR_SET_PDEATHSIG, 0);
#endif
}

void name_watcher() noexcept
{
#if defined(__linux__)
    ::prctl(PR_SET_NAME, "leasepool-watch");
#endif
}

signals_blocked::signals_blocked() noexcept
{
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}

signals_blocked::~signals_blocked()
{
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace leasepool::worker
