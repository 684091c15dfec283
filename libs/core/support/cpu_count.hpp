// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_CORE_CPU_COUNT_HPP
#define LEASEPOOL_LIBS_CORE_CPU_COUNT_HPP

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

namespace leasepool::detail {

/// Returns the number of CPUs that threads started by the calling thread may use: the smaller of
/// its affinity mask (which they inherit) and the CPU quota of the cgroup, rounded up. At least 1.
/// Reads the files again at each call. Throws only `std::bad_alloc`.
std::size_t cpu_count();

/// Returns the smallest CPU limit of the cgroup of the process whose `/proc/self` lies under
/// `root`, and of the groups above it that its mounts show. The unit is one CPU; 1.5 is one and a
/// half. `root` is `/` except in tests. Returns nothing if there is no limit, or if a file with a
/// limit is missing or malformed: a limit that cannot be read must not keep a program from
/// starting.
///
/// Sources:
/// - `cpu.max`: the kernel's Documentation/admin-guide/cgroup-v2.rst, "CPU Interface Files";
///   limits are hierarchical, so the smallest one on the way to the root applies.
/// - `cpu.cfs_quota_us`, `cpu.cfs_period_us`: Documentation/scheduler/sched-bwc.rst; the v1
///   hierarchies: Documentation/admin-guide/cgroup-v1/cgroups.rst.
/// - `/proc/self/cgroup`: cgroups(7); `/proc/self/mountinfo`: proc(5); paths that begin with
///   `/..`: cgroup_namespaces(7).
std::optional<double> cgroup_cpu_limit(std::filesystem::path const& root);

/// Does the same with the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
/// `first_line(file)` returns the first line of the file of a group, without its end; no text if there
/// is no such file. The path begins with `/`.
std::optional<double> cgroup_cpu_limit(std::istream& cgroup, std::istream& mountinfo,
    std::function<std::string(std::filesystem::path const&)> const& first_line);

/// Returns the smaller of the two, with `limit` rounded up; at least 1. A limit that is not a
/// positive number is ignored.
std::size_t effective_cpu_count(std::size_t affinity, std::optional<double> limit) noexcept;

}  // namespace leasepool::detail

#endif
