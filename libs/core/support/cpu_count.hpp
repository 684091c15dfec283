// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_CORE_CPU_COUNT_HPP
#define LEASEPOOL_LIBS_CORE_CPU_COUNT_HPP

#include <cstddef>
#include <filesystem>
#include <optional>

namespace leasepool::detail {

/// The number of CPUs that threads started by the calling thread may use: the smaller of its
/// affinity mask (which they inherit) and the cgroup's CPU quota, rounded up. At least 1.
/// Reads the files anew at each call. Throws only `std::bad_alloc`.
std::size_t cpu_count();

/// The smallest CPU limit, in CPUs (1.5 is one and a half), of the cgroup of the process whose
/// `/proc/self` lies under `root`, and of the groups above it that its mounts show.
/// `root` is `/` but in tests. Empty where there is no limit, and where a file that would say so
/// is missing or malformed: a limit that cannot be read must not keep a program from starting.
///
/// Sources:
/// - `cpu.max`: the kernel's Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files";
///   limits are hierarchical, so that the smallest on the way to the root is in force.
/// - `cpu.cfs_quota_us`, `cpu.cfs_period_us`: Documentation/scheduler/sched-bwc.rst; the v1
///   hierarchies: Documentation/admin-guide/cgroup-v1/cgroups.rst.
/// - `/proc/self/cgroup`: cgroups(7); `/proc/self/mountinfo`: proc(5); paths that begin with
///   `/..`: cgroup_namespaces(7).
std::optional<double> cgroup_cpu_limit(std::filesystem::path const& root);

/// The smaller of the two, `limit` rounded up; at least 1. A limit that is not a positive number
/// counts as none.
std::size_t effective_cpu_count(std::size_t affinity, std::optional<double> limit) noexcept;

}  // namespace leasepool::detail

#endif
