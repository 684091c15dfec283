// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_OS_PROCESS_HPP
#define LEASEPOOL_PROCESS_OS_PROCESS_HPP

#include "process/child/descriptors.hpp"
#include "process/child/exit_status.hpp"

#include <boost/system/error_code.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

/// @file
/// System calls for processes that have been started. `launcher` starts them. No function waits for
/// a child that it was not given, and none changes how the program handles signals.

namespace leasepool::detail {

/// Returns a descriptor that becomes readable when the process has exited. It is a pidfd. If there
/// are none (Linux before 5.3, a filter of system calls, another system), it is the end of a pipe
/// that a thread closes, one thread for each child. Empty: it failed, see `ec`.
unique_fd watch_exit(pid_t pid, boost::system::error_code& ec) noexcept;

/// Returns how the process ended, if it has. Does not reap it. `unknown`: there is no such child any
/// more, because another part of the program has reaped it.
std::optional<exit_status> look_at(pid_t pid) noexcept;

/// Sends a signal to the process group that `leader` leads.
/// @param exit_fd the result of `watch_exit`. If it is a pidfd (Linux 6.9), the signal cannot
///     reach another group, even if the number of the leader is in use again.
/// @param reserved whether the number of the leader cannot be in use again, because the leader is
///     not reaped. If false, and there is no pidfd, no signal is sent.
boost::system::error_code signal_group(
    int exit_fd, pid_t leader, bool reserved, int signal) noexcept;

/// Reaps a process that has exited. Does not wait.
void reap_exited(pid_t pid) noexcept;

/// Waits until a process that has called `_exit` or was killed has ended, and reaps it.
void reap_dying(pid_t pid) noexcept;

/// Returns whether orphans become children of this process, because it is the first of its PID
/// namespace or a subreaper.
bool adopts_orphans() noexcept;

/// Reaps the children in this process group that have exited. Does not wait.
/// @return whether there are others in the group, which have not exited.
bool reap_exited_of_group(pid_t group) noexcept;

/// Returns the resident memory of a process in bytes; 0: it cannot be determined.
std::uint64_t resident_bytes(pid_t pid) noexcept;

}  // namespace leasepool::detail

#endif
