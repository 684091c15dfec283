// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/descriptors.hpp"

#include "process/child/quiet_write.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace leasepool::detail {
namespace {

boost::system::error_code last_error() noexcept
{
    return {errno, boost::system::system_category()};
}

// What is 0, 1 or 2 goes above.
bool raise(unique_fd& fd, boost::system::error_code& ec) noexcept
{
    if (fd.get() <= STDERR_FILENO)
        fd = duplicate(fd.get(), ec);
    return static_cast<bool>(fd);
}

}  // namespace

void unique_fd::reset(int fd) noexcept
{
    // Not again after EINTR: Linux and the BSDs have closed it all the same.
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = fd;
}

pipe_ends make_pipe(boost::system::error_code& ec) noexcept
{
    int fds[2] = {-1, -1};
#if defined(__APPLE__)
    // Without pipe2 a program that another thread starts right now gets them; the child closes what
    // it inherits (launcher.cpp), but that is ours only.
    if (::pipe(fds) == 0)
        for (int const fd : fds)
            ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    else
#else
    if (::pipe2(fds, O_CLOEXEC) != 0)
#endif
    {
        ec = last_error();
        return {};
    }
    pipe_ends ends{unique_fd(fds[0]), unique_fd(fds[1])};
    if (!raise(ends.read, ec) || !raise(ends.write, ec))
        return {};
    return ends;
}

unique_fd duplicate(int fd, boost::system::error_code& ec) noexcept
{
    unique_fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!copy)
        ec = last_error();
    return copy;
}

void widen_pipe([[maybe_unused]] int fd) noexcept
{
#if defined(F_SETPIPE_SZ)
    ::fcntl(fd, F_SETPIPE_SZ, 1 << 20);
#endif
}

boost::system::error_code set_non_blocking(int fd) noexcept
{
    int const flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return last_error();
    return {};
}

std::size_t write_without_sigpipe(
    int fd, iovec const* pieces, std::size_t count, boost::system::error_code& ec) noexcept
{
    auto const written = quiet_write(fd, pieces, count);
    if (written >= 0)
        return static_cast<std::size_t>(written);
    ec = errno == EAGAIN || errno == EWOULDBLOCK
        ? boost::system::error_code(boost::asio::error::would_block)
        : last_error();
    return 0;
}

}  // namespace leasepool::detail
