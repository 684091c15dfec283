// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_SPAWN_HPP
#define LEASEPOOL_PROCESS_SPAWN_HPP

#include "process/child/descriptors.hpp"
#include "process/child/spawn_options.hpp"
#include "process/child/start_attempt.hpp"
#include "process/child/watched_process.hpp"

#include <exception>
#include <functional>
#include <memory>

namespace leasepool::detail {

/// The ends of a child's standard streams that stay in this process. Non-blocking.
struct parent_ends {
    unique_fd input;
    unique_fd output;
    unique_fd errors;
};

/// A program that was started.
struct started_program {
    std::shared_ptr<watched_process> process;  // null: it was not started
    parent_ends ends;
    std::exception_ptr error;  // why it was not started

    started_program() = default;
    started_program(started_program&&) = default;
    started_program& operator=(started_program&&) = default;
    ~started_program()
    {
        if (process)
            process->leave();
    }
};

/// Starts a program with pipes as its standard streams, on a spare thread. So a start that hangs
/// delays no other one.
///
/// The program has no descriptors but 0, 1 and 2. It leads a session and a process group of its own,
/// and has no controlling terminal. Every signal has its default disposition, and none is blocked.
/// It is scheduled as the main thread of this process is.
///
/// @param options must be valid. The environment of this process is read on that thread.
/// @param done called once, on that thread. If the start has failed, there is no process and no
///     descriptor of it, and the error is
///      - std::bad_alloc,
///      - std::system_error if there is no thread for `process_reaper`, or
///      - boost::system::system_error with the errno, naming the program and what has failed. The
///        errno is ECANCELED if the start was canceled before there was a child. After that, a cancel
///        kills the child, and the start counts as done.
/// @param exited see `watched_process`. May be called before `done`.
/// @return the start, which can be canceled.
/// @throws std::bad_alloc; std::system_error, naming the limit, if there is no thread for the start.
std::shared_ptr<start_attempt> spawn(std::shared_ptr<spawn_options const> options,
    std::function<void(started_program&&)> done, std::function<void()> exited);

}  // namespace leasepool::detail

#endif
