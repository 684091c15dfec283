// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_START_ATTEMPT_HPP
#define LEASEPOOL_PROCESS_START_ATTEMPT_HPP

#include <atomic>
#include <mutex>
#include <sys/types.h>

namespace leasepool::detail {

/// A start of a program that is in progress, and can be canceled.
///
/// A child of a vfork shares the memory of its parent, and the thread that made it stands still
/// until the program is executed. So the child stores its own number here, and another thread can
/// kill it while its execution hangs (a file server that does not answer, a scanner of files).
class start_attempt {
public:
    /// Kills the child, or prevents that there is one. Any thread. `launcher` then reports a child
    /// that was killed, or throws `operation_canceled`. If the system does not let the child die
    /// (uninterruptible sleep), the start stays in progress.
    void cancel() noexcept;
    bool canceled() const noexcept { return canceled_.load(); }

    // For `launcher`.

    /// Called in the child of a vfork, before anything else. Does not return if the start is
    /// canceled.
    void enter_child() noexcept;
    /// Called in the parent when it runs again: the child has this number.
    void has_child(pid_t pid) noexcept;
    /// The child executes its program, or will be reaped: it is not killed any more.
    void end() noexcept;

private:
    std::mutex mutex_;  // held when a signal is sent, so that the number is not reaped meanwhile
    std::atomic<pid_t> child_{0};
    std::atomic<bool> canceled_{false};
};

}  // namespace leasepool::detail

#endif
