// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/scheduling.hpp"

#include <cerrno>
#include <cstddef>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

// The scheduling attributes of workers. `spawn` reads them, `launch` applies them in the child.

namespace leasepool::detail {

scheduling scheduling::of_main_thread()
{
    scheduling found;
#if defined(__linux__)
    // The system calls take the number of a thread; that of the main thread is the pid.
    pid_t const main_thread = ::getpid();

    constexpr std::size_t most_cpus = 8192;
    found.cpus_.resize(most_cpus / (8 * sizeof(unsigned long)));
    auto const bytes = ::syscall(SYS_sched_getaffinity, main_thread,
        found.cpus_.size() * sizeof(unsigned long), found.cpus_.data());
    if (bytes > 0)
        found.cpus_.resize(static_cast<std::size_t>(bytes) / sizeof(unsigned long));
    else
        found.cpus_.clear();

    found.policy_ = ::sched_getscheduler(main_thread);
    sched_param parameters = {};
    if (found.policy_ >= 0 && ::sched_getparam(main_thread, &parameters) == 0)
        found.priority_ = parameters.sched_priority;

    errno = 0;
    found.nice_ = ::getpriority(PRIO_PROCESS, static_cast<id_t>(main_thread));
    found.nice_known_ = errno == 0;
#endif
    return found;
}

void scheduling::apply() const noexcept
{
#if defined(__linux__)
    if (!cpus_.empty())
        ::syscall(SYS_sched_setaffinity, 0, cpus_.size() * sizeof(unsigned long), cpus_.data());
    if (policy_ >= 0 && policy_ != ::sched_getscheduler(0)) {
        sched_param parameters = {};
        parameters.sched_priority = priority_;
        ::sched_setscheduler(0, policy_, &parameters);
    }
    if (nice_known_)
        ::setpriority(PRIO_PROCESS, 0, nice_);
#endif
}

}  // namespace leasepool::detail
