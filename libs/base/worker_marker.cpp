// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "worker_marker.hpp"

#include <atomic>
#include <cstdlib>

// The mark of a worker process. The worker and the process pools call these functions; they read and
// change the environment.

namespace leasepool::detail {
namespace {

std::atomic<bool> marker_taken = false;

}  // namespace

bool started_as_worker() noexcept
{
    if (marker_taken)
        return true;
    char const* const marker = std::getenv(worker_marker);  // NOLINT(concurrency-mt-unsafe)
    return marker && *marker != '\0';
}

void take_worker_marker() noexcept
{
    marker_taken = started_as_worker();
    ::unsetenv(worker_marker);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace leasepool::detail
