// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_DESCRIPTORS_HPP
#define LEASEPOOL_LIBS_PROCESS_DESCRIPTORS_HPP

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <string>
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

/// Appends to `into` what can be read without waiting, at most `limit` bytes. What an operation
/// that was begun earlier has read already comes with its handler: cancel it, and take what it
/// brings, before this.
/// @return whether that was all there will ever be: the end, or an error, was reached. False means
///     that the pipe is empty for now but somebody has it open still, or that `limit` was reached.
/// @throws std::bad_alloc
bool read_available(
    boost::asio::posix::stream_descriptor& from, std::string& into, std::size_t limit);

}  // namespace leasepool::detail

#endif
