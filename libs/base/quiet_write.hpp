// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_BASE_QUIET_WRITE_HPP
#define LEASEPOOL_LIBS_BASE_QUIET_WRITE_HPP

#include <cstddef>
#include <sys/types.h>
#include <sys/uio.h>

namespace leasepool::detail {

/// writev(2), but for SIGPIPE, which does not come: a pipe that nobody reads gives EPIPE. -1: `errno`
/// says why. The disposition of the signal is not changed; where the kernel cannot be asked to keep it
/// back (Linux before 6.18), it is blocked on this thread meanwhile, and taken away.
ssize_t quiet_write(int fd, iovec const* pieces, std::size_t count) noexcept;

}  // namespace leasepool::detail

#endif
