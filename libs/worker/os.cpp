// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "os.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <system_error>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

// The standard streams, writes, and the end of a worker process. The other files of this folder
// call these functions; they call the system.

namespace leasepool::worker {
namespace {

// Set before the handler of SIGTERM is, and read by it.
pid_t parent = 0;
volatile std::sig_atomic_t dies_with_parent = 0;

[[noreturn]] void throw_errno(char const* what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

bool has_default_disposition(int signal) noexcept
{
    struct sigaction now = {};
    return ::sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
        now.sa_handler == SIG_DFL;
}

void set_handler(int signal, void (*handler)(int)) noexcept
{
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, nullptr);
}

int duplicate_above_2(int fd, char const* what)
{
    int const copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        throw_errno(what);
    return copy;
}

/// Makes `fd` the null device.
void redirect_to_null(int fd, int flags)
{
    int const null = ::open("/dev/null", flags | O_CLOEXEC);
    if (null < 0)
        throw_errno(
            "a worker needs /dev/null in place of its stdin, and cannot open it; in a chroot, "
            "create it with: mknod -m 666 dev/null c 1 3");
    if (null == fd) {
        ::fcntl(fd, F_SETFD, 0);
        return;
    }
    int const moved = ::dup2(null, fd);
    ::close(null);
    if (moved < 0)
        throw_errno("replacing a standard stream");
}

}  // namespace

protocol_descriptors take_standard_streams()
{
    protocol_descriptors const out{duplicate_above_2(STDIN_FILENO, "stdin cannot be used"),
        duplicate_above_2(STDOUT_FILENO, "stdout cannot be used")};
    redirect_to_null(STDIN_FILENO, O_RDONLY);
    if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        // There is no stderr. Without these descriptors, a file that a job opens could become
        // stdout or stderr.
        redirect_to_null(STDOUT_FILENO, O_WRONLY);
        redirect_to_null(STDERR_FILENO, O_WRONLY);
    }
    return out;
}

void write_all(int fd, std::string_view bytes)
{
    while (!bytes.empty()) {
        auto const n = ::write(fd, bytes.data(), bytes.size());
        if (n >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(n));
        else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            pollfd polled{fd, POLLOUT, 0};
            ::poll(&polled, 1, -1);
        }
        else if (errno == EPIPE)
            kill_self();
        else if (errno != EINTR)
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
    pollfd polled{fd, 0, 0};
    return ::poll(&polled, 1, 0) > 0 && (polled.revents & (POLLERR | POLLHUP)) != 0;
}

bool is_group_leader() noexcept
{
    return ::getpgrp() == ::getpid();
}

void kill_self() noexcept
{
    if (is_group_leader())
        ::kill(0, SIGKILL);
    ::kill(::getpid(), SIGKILL);
    // The first process of a PID namespace, such as a container's, cannot kill itself.
    ::_exit(128 + SIGKILL);
}

void exit_without_descriptors() noexcept
{
    std::fprintf(stderr,
        "leasepool worker: the worker's own descriptors cannot be used any more (%s). A job must "
        "close only descriptors that it has opened.\n",
        std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    std::fflush(stderr);
    ::_exit(EXIT_FAILURE);
}

void survive_sigpipe() noexcept
{
    if (has_default_disposition(SIGPIPE))
        set_handler(SIGPIPE, [](int) {});
}

void leave_sigterm_to_parent() noexcept
{
    if (!has_default_disposition(SIGTERM))
        return;
    parent = ::getppid();
    set_handler(SIGTERM, [](int) {
        if (dies_with_parent && ::getppid() != parent)
            kill_self();
    });
#if defined(__linux__)
    int death_signal = 0;
    if (::prctl(PR_GET_PDEATHSIG, &death_signal) != 0 || death_signal == 0)
        return;
    dies_with_parent = 1;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent)
        kill_self();
#endif
}

void set_process_name() noexcept
{
#if defined(__linux__)
    char name[16] = {};
    if (::prctl(PR_GET_NAME, name) == 0 && std::string_view(name) == "exe")
        ::prctl(PR_SET_NAME, program_invocation_short_name);
#endif
}

void set_watcher_name() noexcept
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
