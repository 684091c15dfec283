// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_OS_PROCESS_HPP
#define LEASEPOOL_LIBS_PROCESS_OS_PROCESS_HPP

#include "descriptors.hpp"
#include "exit_status.hpp"

#include <boost/system/error_code.hpp>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

// What the system says about a child and what can be done to it. Together with launcher.cpp the one
// place that waits for processes and sends signals. Nothing here waits for any child but the one it
// is told of, and nothing touches how the program handles its signals.

namespace leasepool::detail {

/// Blocks every signal on this thread while it lives. A thread started meanwhile is born so, and
/// never runs a handler of the user's.
class signals_blocked {
public:
    signals_blocked() noexcept;
    ~signals_blocked();
    signals_blocked(signals_blocked const&) = delete;
    signals_blocked& operator=(signals_blocked const&) = delete;

private:
    sigset_t before_;
};

/// A descriptor that becomes readable when the process has exited: a pidfd, or where there is none
/// (Linux before 5.3, a filter, other systems) the end of a pipe that a thread closes, one a child.
/// Empty on failure.
unique_fd watch_exit(pid_t pid, boost::system::error_code& ec) noexcept;

/// How it ended, if it has; it is not reaped. `unknown`: there is no such child any more, somebody
/// else has reaped it, and the number may be in use again.
std::optional<exit_status> look_at(pid_t pid) noexcept;

/// Sends a signal to the process group that `leader` made. `exit_fd` is what `watch_exit` returned;
/// through a pidfd (Linux 6.9) no other group can be hit, whatever became of the number. Otherwise
/// the number is used, and only if it is `ours`: not reaped.
boost::system::error_code signal_group(int exit_fd, pid_t leader, bool ours, int signal) noexcept;

/// Removes one that has exited. Never waits.
void reap_exited(pid_t pid) noexcept;

/// Removes one that has called `_exit`, and waits for the microseconds that it may need still.
void reap_dying(pid_t pid) noexcept;

/// The memory of a process that is in RAM, as far as it can be told; else 0.
std::uint64_t resident_bytes(pid_t pid) noexcept;

/// The path of this program.
/// @throws boost::system::system_error
std::string this_program();

}  // namespace leasepool::detail

#endif
