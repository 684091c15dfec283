// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_CPU_TIME_HPP
#define LEASEPOOL_BENCH_CPU_TIME_HPP

#include <time.h>

namespace leasepool::bench {

/// The CPU time in nanoseconds that the process (`CLOCK_PROCESS_CPUTIME_ID`) or this thread
/// (`CLOCK_THREAD_CPUTIME_ID`) has used.
inline double cpu_time(clockid_t of)
{
    timespec used{};
    ::clock_gettime(of, &used);
    return static_cast<double>(used.tv_sec) * 1e9 + static_cast<double>(used.tv_nsec);
}

}  // namespace leasepool::bench

#endif
