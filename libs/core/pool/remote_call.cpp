// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/remote_call.hpp>

#include "core/support/text.hpp"

#include <leasepool/backend.hpp>
#include <leasepool/log.hpp>
#include <leasepool/severity.hpp>

#include <new>
#include <string>
#include <utility>
#include <vector>

// The progress of a job, which `local_job_host` and pools of worker processes report.

namespace leasepool::detail {

void report_progress(pool_site const& to, remote_call& job, boost::json::value&& value) noexcept
{
    auto const lost = job.progress(std::move(value));
    if (lost.dropped.count == 0)
        return;
    count_dropped_progress(to, lost.dropped.count);
    if (!lost.error && !lost.dropped.first)
        return;
    try {
        std::vector<log_field> fields{{"job", std::string(job.name())}};
        if (lost.error) {
            fields.push_back({"error", what_of(lost.error)});
            to.log(severity::error, "the executor of a job's progress threw", std::move(fields));
        }
        else
            to.log(severity::warning,
                "progress of a job is dropped, because it comes faster than its executor takes it",
                std::move(fields));
    }
    catch (std::bad_alloc const&) {
        return;  // the record is lost
    }
}

}  // namespace leasepool::detail
