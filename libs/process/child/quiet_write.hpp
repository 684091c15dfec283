// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_CHILD_QUIET_WRITE_HPP
#define LEASEPOOL_LIBS_PROCESS_CHILD_QUIET_WRITE_HPP

#include <cstddef>
#include <sys/types.h>
#include <sys/uio.h>

namespace leasepool::detail {

/// Calls writev(2) without raising SIGPIPE: a pipe without a reader gives EPIPE. Returns -1 and sets
/// `errno` on failure. The disposition of the signal is not changed. Where the kernel cannot suppress
/// the signal (Linux before 6.18), it is blocked on this thread during the call, and then consumed.
ssize_t quiet_write(int fd, iovec const* pieces, std::size_t count) noexcept;

}  // namespace leasepool::detail

#endif
