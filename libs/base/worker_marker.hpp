// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_BASE_WORKER_MARKER_HPP
#define LEASEPOOL_LIBS_BASE_WORKER_MARKER_HPP

/// @file
/// The environment variable that marks a worker. A process pool sets it for its workers;
/// `is_worker`, `run_worker` and `process_backend` ask for it.

namespace leasepool::detail {

/// The variable is set in every child's environment, unless `spawn_options::environment` says
/// otherwise. Its value is the version of the protocol.
inline constexpr char const* worker_marker = "LEASEPOOL_WORKER";

/// Returns whether this process was started as a worker: the variable is set and not empty, or it
/// was so when `take_worker_marker` removed it.
bool started_as_worker() noexcept;

/// Removes the variable from the environment, so that a program that a job starts does not take
/// itself for a worker. Called while the process has only one thread.
void take_worker_marker() noexcept;

}  // namespace leasepool::detail

#endif
