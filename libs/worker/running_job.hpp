// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_RUNNING_JOB_HPP
#define LEASEPOOL_LIBS_WORKER_RUNNING_JOB_HPP

#include "channel.hpp"

#include <leasepool/job_context.hpp>
#include <leasepool/severity.hpp>

#include <cstdint>
#include <stop_token>
#include <string_view>

namespace leasepool::worker {

/// The job that runs. `session` makes it; it is the host of the job's context, and sends the job's
/// messages through `channel`.
///
/// The stop state is made with the object, although most jobs do not use it: `stop_token` must not
/// fail.
class running_job final : public detail::job_host {
public:
    /// @throws std::bad_alloc
    running_job(std::uint64_t id, channel& out, severity min_severity)
        : id_{id}, channel_{out}, min_severity_{min_severity}
    {
    }

    /// Returns the stop source of the job. The caller requests the stop with no lock held, because
    /// that calls the job's stop callbacks.
    std::stop_source stop_source() const noexcept { return stop_; }
    /// Returns whether the job was asked to stop.
    bool stop_asked() const noexcept { return stop_.stop_requested(); }

    std::stop_token stop_token() const noexcept override { return stop_.get_token(); }
    void progress(boost::json::value&& value) override;
    void log(severity level, std::string_view text) override;

private:
    std::uint64_t const id_;
    channel& channel_;
    severity const min_severity_;
    std::stop_source const stop_;
};

}  // namespace leasepool::worker

#endif
