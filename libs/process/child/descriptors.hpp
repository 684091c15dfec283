// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_DESCRIPTORS_HPP
#define LEASEPOOL_PROCESS_DESCRIPTORS_HPP

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <sys/uio.h>
#include <utility>

namespace leasepool::detail {

/// Owns a file descriptor.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    ~unique_fd() { reset(); }
    unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
    unique_fd& operator=(unique_fd&& other) noexcept
    {
        reset(other.release());
        return *this;
    }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept;

private:
    int fd_ = -1;
};

struct pipe_ends {
    unique_fd read;
    unique_fd write;
};

/// A pipe that no program started meanwhile, by whichever thread, inherits. Its ends are never 0, 1
/// or 2, also where the program has closed those: else what somebody prints would get into the
/// pipe. Empty on failure.
pipe_ends make_pipe(boost::system::error_code& ec) noexcept;

/// The same open file once more, under a number above 2; not inherited either.
unique_fd duplicate(int fd, boost::system::error_code& ec) noexcept;

boost::system::error_code set_non_blocking(int fd) noexcept;

/// Lets a pipe hold 1 MiB, so that a long message takes fewer turns of its two ends. Without effect
/// where that cannot be had.
void widen_pipe(int fd) noexcept;

/// Calls writev(2) on a non-blocking pipe. `would_block`: there is no room. `broken_pipe`: the pipe
/// has no reader; no SIGPIPE is raised.
/// @return the number of bytes written.
std::size_t write_without_sigpipe(
    int fd, iovec const* pieces, std::size_t count, boost::system::error_code& ec) noexcept;

}  // namespace leasepool::detail

#endif
