// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "input_pipe.hpp"

#include "base/quiet_write.hpp"

#include <boost/asio/error.hpp>

#include <cerrno>

namespace leasepool::detail {

std::size_t write_without_sigpipe(
    int fd, iovec const* pieces, std::size_t count, boost::system::error_code& ec) noexcept
{
    auto const written = quiet_write(fd, pieces, count);
    if (written >= 0)
        return static_cast<std::size_t>(written);
    ec = errno == EAGAIN || errno == EWOULDBLOCK
        ? boost::system::error_code(boost::asio::error::would_block)
        : boost::system::error_code(errno, boost::system::system_category());
    return 0;
}

}  // namespace leasepool::detail
