// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_SCHEDULING_HPP
#define LEASEPOOL_PROCESS_SCHEDULING_HPP

#include <vector>

namespace leasepool::detail {

/// How the system schedules a thread: its CPUs, its policy, and its nice value. A thread inherits
/// them from the thread that creates it, and a process from the thread that starts it.
///
/// Linux only. Elsewhere both functions do nothing.
class scheduling {
public:
    /// Returns the attributes of the main thread of this process.
    static scheduling of_main_thread();

    /// Applies them to the calling thread. Async-signal-safe. Ignores errors: without privileges a
    /// nice value cannot be lowered.
    void apply() const noexcept;

private:
    std::vector<unsigned long> cpus_;  // empty: not known
    int policy_ = -1;                  // -1: not known
    int priority_ = 0;
    int nice_ = 0;
    bool nice_known_ = false;
};

}  // namespace leasepool::detail

#endif
