// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_RESOURCE_LIMITS_HPP
#define LEASEPOOL_RESOURCE_LIMITS_HPP

#include <leasepool/config.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace leasepool {

/// Upper bounds that the system enforces on a worker process and on the processes that it starts. A
/// limit above the limit of this program itself is reduced to that. Default: no limits.
struct resource_limits {
    std::optional<std::chrono::seconds> cpu_time;    ///< then SIGXCPU, and SIGKILL one second later
    std::optional<std::uint64_t> address_space;      ///< bytes; then allocations fail
    std::optional<std::uint64_t> open_files;         ///< descriptors, including 0 to 2
    std::optional<std::uint64_t> file_size;          ///< bytes; then SIGXFSZ
    std::optional<std::uint64_t> core_size;          ///< bytes
    std::optional<std::uint64_t> stack_size;         ///< bytes
    std::optional<std::uint64_t> processes_of_user;  ///< counts all processes of this user
};

}  // namespace leasepool

#endif
