// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/start_attempt.hpp"

#include <csignal>
#include <unistd.h>

// The cancellation of a start. `process_pool` cancels, `launcher` tells how far the start is.

namespace leasepool::detail {

void start_attempt::cancel() noexcept
{
    std::lock_guard const lock(mutex_);
    canceled_.store(true);
    if (pid_t const pid = child_.load(); pid > 0)
        ::kill(pid, SIGKILL);
}

void start_attempt::enter_child() noexcept
{
    // Stored before `canceled_` is loaded, and `cancel` does it the other way round: so one of the
    // two sees the other.
    child_.store(::getpid());
    if (canceled_.load())
        ::_exit(127);
}

void start_attempt::has_child(pid_t pid) noexcept
{
    std::lock_guard const lock(mutex_);
    child_.store(pid);
    if (canceled_.load())
        ::kill(pid, SIGKILL);
}

void start_attempt::end() noexcept
{
    std::lock_guard const lock(mutex_);
    child_.store(0);
}

}  // namespace leasepool::detail
