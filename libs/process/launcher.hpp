// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_LAUNCHER_HPP
#define LEASEPOOL_LIBS_PROCESS_LAUNCHER_HPP

#include "launch_plan.hpp"

#include <sys/types.h>

namespace leasepool::detail {

/// What becomes the child's 0, 1 and 2. None of them is below 3 (`make_pipe`), so that none is
/// overwritten before it was copied, and none is copied onto itself, which would leave it to be
/// closed by the exec.
struct child_ends {
    int input;
    int output;
    int errors;
};

/// Starts a program, in a process group of its own, with these three descriptors and no others,
/// with every signal at its default and none blocked. Blocks the calling thread, and no other,
/// until the program runs: what that costs does not depend on how much memory this program has.
/// Any thread; but with `launch_plan::parent_death_signal` one that lives as long as the program,
/// because it is the end of the starting *thread* that the kernel reports.
/// @throws boost::system::system_error naming the program and what could not be done, with its
///     errno. Nothing is left of it then.
pid_t launch(launch_plan const& plan, child_ends const& ends);

}  // namespace leasepool::detail

#endif
