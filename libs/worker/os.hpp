// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_OS_HPP
#define LEASEPOOL_LIBS_WORKER_OS_HPP

#include <csignal>
#include <cstdint>
#include <string_view>

/// @file
/// System calls of a worker, except those that read or wait for input. `run_worker`, `session`,
/// `channel` and the watches call these functions.

namespace leasepool::worker {

/// The descriptors that carry the protocol.
struct protocol_descriptors {
    int in;
    int out;
};

/// Moves the protocol from stdin and stdout to descriptors above 2, which are close-on-exec. After
/// that stdin is the null device, and stdout refers to the same file as stderr. If there is no
/// stderr, both are the null device.
/// @throws std::system_error. Some of the streams may have been replaced by then.
protocol_descriptors take_standard_streams();

/// Writes all bytes. If the other end of the pipe is closed, calls `kill_self`. See
/// `survive_sigpipe`.
/// @throws std::system_error
void write_all(int fd, std::string_view bytes);

/// Returns the time of a steady clock in milliseconds. On Linux this is CLOCK_MONOTONIC_COARSE,
/// which is cheap to read and advances in steps of a few milliseconds.
std::int64_t coarse_time() noexcept;

/// Returns whether the other end of this pipe is closed, so that nothing reads what is written.
bool has_no_reader(int fd) noexcept;

/// Kills this process with SIGKILL, and its process group too if it leads one. Called when the
/// parent is gone.
[[noreturn]] void kill_self() noexcept;

/// Ends this process with status 1, without destructors, because a descriptor that carries the
/// protocol, or that is needed to watch it, cannot be used any more. Writes the reason to stderr. The
/// usual cause is a job that closes all descriptors. `errno` is the error of the failed call.
[[noreturn]] void exit_without_descriptors() noexcept;

/// Returns whether this process leads its process group.
bool is_group_leader() noexcept;

/// Makes a write to a pipe or socket without a reader fail with EPIPE, if the disposition of SIGPIPE is
/// the default, which ends the process. Sets a handler, because a program that a job starts would
/// inherit an ignored signal.
void survive_sigpipe() noexcept;

/// Makes this process survive SIGTERM, if the disposition of SIGTERM is the default. A service
/// manager sends SIGTERM to the parent and all workers at once; the parent decides when a worker
/// ends. Sets a handler, because a program that a job starts would inherit an ignored signal.
///
/// If the parent has asked the system to kill this process when the parent dies (Linux), the system
/// is asked to send SIGTERM instead, and the handler then calls `kill_self`, which kills the whole
/// group. A worker that only waits for the end of its input would survive if a forked copy of the
/// parent has the pipes open.
void leave_sigterm_to_parent() noexcept;

/// Names the process after its program, if its name is "exe": the kernel gives that name when the
/// parent executes `/proc/self/exe`. Called on the main thread. Does nothing except on Linux.
void set_process_name() noexcept;

/// Sets the name of this thread to `leasepool-watch`. Does nothing except on Linux.
void set_watcher_name() noexcept;

/// Blocks every signal on this thread during its lifetime. A thread that is started meanwhile
/// inherits the mask.
class signals_blocked {
public:
    signals_blocked() noexcept;
    ~signals_blocked();
    signals_blocked(signals_blocked const&) = delete;
    signals_blocked& operator=(signals_blocked const&) = delete;

private:
    sigset_t before_;
};

}  // namespace leasepool::worker

#endif
