// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "input_pipe.hpp"

#include <cerrno>
#include <csignal>

namespace leasepool::detail {
namespace {

bool is_pending(int signal) noexcept
{
    sigset_t pending;
    return ::sigpending(&pending) == 0 && ::sigismember(&pending, signal) == 1;
}

}  // namespace

std::size_t write_without_sigpipe(
    int fd, iovec const* pieces, std::size_t count, boost::system::error_code& ec) noexcept
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

    if (written >= 0)
        return static_cast<std::size_t>(written);
    ec = error == EAGAIN || error == EWOULDBLOCK
        ? boost::system::error_code(boost::asio::error::would_block)
        : boost::system::error_code(error, boost::system::system_category());
    return 0;
}

}  // namespace leasepool::detail
