// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "input.hpp"

#include <cerrno>
#include <poll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

// The reads of a worker, and the messages in them. `session` calls it; it calls `wire::line_buffer`
// and `wire::reader`.

namespace leasepool::worker {
namespace {

bool poll_input(int fd, int milliseconds) noexcept
{
    pollfd polled{fd, POLLIN, 0};
    return ::poll(&polled, 1, milliseconds) > 0;
}

}  // namespace

input::input(int fd) : fd_{fd}, lines_(limits_.max_message_bytes)
{
    reader_.emplace(limits_);
}

bool input::read()
{
    auto const space = lines_.prepare();
    for (;;) {
        auto const n = ::read(fd_, space.data(), space.size());
        if (n >= 0) {
            lines_.commit(static_cast<std::size_t>(n));
            return n != 0;
        }
        // The input may be a socket or a terminal that another process has made non-blocking.
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            poll_input(fd_, -1);
        else if (errno != EINTR)
            throw std::system_error(errno, std::generic_category(), "reading from the parent");
    }
}

bool input::readable() const noexcept
{
    return poll_input(fd_, 0);
}

std::optional<wire::message> input::next()
{
    if (auto const line = lines_.next())
        return reader_->read(*line);
    if (!lines_.too_long() || std::exchange(too_long_reported_, true))
        return std::nullopt;
    return wire::line_too_long(limits_.max_message_bytes, lines_.start());
}

void input::set_limits(wire::limits const& bounds)
{
    limits_ = bounds.clamped();
    lines_.set_max_line(limits_.max_message_bytes);
    reader_.emplace(limits_);
}

}  // namespace leasepool::worker
