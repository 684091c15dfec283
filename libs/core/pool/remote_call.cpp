// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/remote_call.hpp>

#include "core/support/text.hpp"

#include <leasepool/backend.hpp>
#include <leasepool/log.hpp>
#include <leasepool/severity.hpp>

#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

// The progress of a job, which `local_job_host` and pools of worker processes report.

namespace leasepool::detail {

void report_progress(pool_site const& to, progress_sink& of, boost::json::value&& value) noexcept
{
    std::string error;
    bool threw = false;
    try {
        try {
            of.add(std::move(value));
        }
        catch (std::bad_alloc const&) {
            // Counted, and logged as what it is below.
        }
        catch (...) {
            threw = true;
            error = what_of(std::current_exception());
        }
        auto const dropped = of.queue->take_dropped();
        count_dropped_progress(to, dropped);
        if ((dropped == 0 && !threw) || of.logged_a_loss.exchange(true))
            return;
        std::vector<log_field> fields{{"job", of.job}};
        if (!threw)
            return to.log(severity::warning,
                "progress of a job is dropped, because its executor or the memory does not suffice",
                std::move(fields));
        fields.push_back({"error", std::move(error)});
        to.log(severity::error, "the executor of a job's progress threw", std::move(fields));
    }
    catch (std::bad_alloc const&) {
        return;  // the record is lost
    }
}

}  // namespace leasepool::detail
