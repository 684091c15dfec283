// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/remote_call.hpp>

#include "core/support/text.hpp"

#include <leasepool/backend.hpp>
#include <leasepool/severity.hpp>

#include <new>
#include <string>

// The log record for a lost progress report of a job. `local_job_host` and pools of worker
// processes call it.

namespace leasepool::detail {

void log_progress_lost(
    pool_site const& to, std::string_view job, std::exception_ptr const& error) noexcept
{
    try {
        to.log(severity::error, "the executor of a job's progress threw",
            {{"job", std::string(job)}, {"error", what_of(error)}});
    }
    catch (std::bad_alloc const&) {
        return;  // the record is lost
    }
}

}  // namespace leasepool::detail
