// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/quiet_write.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <pthread.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

namespace leasepool::detail {
namespace {

bool is_pending(int signal) noexcept
{
    sigset_t pending;
    ::sigemptyset(&pending);
    ::sigpending(&pending);
    return ::sigismember(&pending, signal) == 1;
}

ssize_t write_with_signal_blocked(int fd, iovec const* pieces, std::size_t count) noexcept
{
    sigset_t pipe_signal;
    sigset_t before;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    // A thread that has it blocked may have one waiting, which is not ours to take.
    bool const others = ::sigismember(&before, SIGPIPE) == 1 && is_pending(SIGPIPE);

    ssize_t written = 0;
    do
        written = ::writev(fd, pieces, static_cast<int>(count));
    while (written < 0 && errno == EINTR);
    int const error = errno;

    if (written < 0 && error == EPIPE && !others && is_pending(SIGPIPE)) {
        int taken = 0;
        ::sigwait(&pipe_signal, &taken);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return written;
}

}  // namespace

ssize_t quiet_write(int fd, iovec const* pieces, std::size_t count) noexcept
{
#if defined(__linux__) && defined(SYS_pwritev2)
    static std::atomic<bool> kernel_cannot{false};
    if (!kernel_cannot.load(std::memory_order_relaxed)) {
        constexpr int no_signal = 0x100;  // RWF_NOSIGNAL, since Linux 6.18
        ssize_t written = 0;
        do
            written = ::syscall(
                SYS_pwritev2, fd, pieces, static_cast<unsigned long>(count), -1L, -1L, no_signal);
        while (written < 0 && errno == EINTR);
        if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
            return written;
        // Of a descriptor that is no pipe this may be true, and of another not; but there are only
        // pipes here, and it is no more than slower.
        kernel_cannot.store(true, std::memory_order_relaxed);
    }
#endif
    return write_with_signal_blocked(fd, pieces, count);
}

}  // namespace leasepool::detail
