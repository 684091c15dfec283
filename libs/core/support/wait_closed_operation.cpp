// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/wait_closed_operation.hpp>

#include <poll.h>
#include <sys/socket.h>

// The state of a socket. `wait_closed_operation` calls it; it calls the system.

namespace leasepool::detail {

error_code close_reason(int socket) noexcept
{
    pollfd polled{socket, 0, 0};
    if (::poll(&polled, 1, 0) != 1 || (polled.revents & (POLLERR | POLLHUP)) == 0)
        return {};
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error != 0)
        return {error, boost::system::system_category()};
    // POLLERR alone can also mean that messages about data that was sent can be read (MSG_ERRQUEUE).
    return (polled.revents & POLLHUP) != 0 ? boost::asio::error::eof : error_code();
}

}  // namespace leasepool::detail
