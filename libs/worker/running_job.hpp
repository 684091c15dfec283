// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_RUNNING_JOB_HPP
#define LEASEPOOL_LIBS_WORKER_RUNNING_JOB_HPP

#include "channel.hpp"

#include <leasepool/job_context.hpp>
#include <leasepool/severity.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string_view>

namespace leasepool::worker {

/// The job that runs, for its context and for who asks it to stop.
///
/// Its stop state is made when somebody needs it, because most jobs need none.
class running_job final : public detail::job_host {
public:
    running_job(std::uint64_t id, channel& to, severity least) noexcept
        : id_{id}, channel_{to}, least_{least}
    {
    }

    std::uint64_t id() const noexcept { return id_; }

    /// What to ask to stop, with no lock held: that calls the job's own callbacks.
    std::stop_source stop_source() const;
    bool stop_asked() const noexcept;

    std::stop_token stop_token() const noexcept override;
    void progress(boost::json::value&& value) override;
    void log(severity level, std::string_view text) override;

private:
    std::uint64_t const id_;
    channel& channel_;
    severity const least_;
    mutable std::mutex mutex_;
    mutable std::optional<std::stop_source> stop_;
};

}  // namespace leasepool::worker

#endif
