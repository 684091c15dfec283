// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "descriptors.hpp"

#include <algorithm>
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

bool read_available(
    boost::asio::posix::stream_descriptor& from, std::string& into, std::size_t limit)
{
    constexpr std::size_t step = 4096;
    while (limit > 0) {
        auto const had = into.size();
        into.resize(had + std::min(step, limit));
        auto const got = ::read(from.native_handle(), into.data() + had, into.size() - had);
        int const error = errno;
        into.resize(had + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got > 0)
            limit -= static_cast<std::size_t>(got);
        else if (got == 0 || error != EINTR)
            return got == 0 || (error != EAGAIN && error != EWOULDBLOCK);
    }
    return false;
}

}  // namespace leasepool::detail
