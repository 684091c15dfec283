// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_REMOTE_CALL_HPP
#define LEASEPOOL_DETAIL_REMOTE_CALL_HPP

#include <leasepool/error.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace leasepool {

class pool_site;

namespace detail {

class run_operation;

/// The part of a job's operation that a pool needs whose workers are other processes.
class remote_call {
public:
    remote_call(remote_call const&) = delete;
    remote_call& operator=(remote_call const&) = delete;

    virtual std::string_view name() const noexcept = 0;
    /// An array or an object; null: none. May throw.
    virtual boost::json::value arguments() = 0;
    /// Keeps the result. What it throws is the outcome instead.
    virtual void take_result(boost::json::value&& result) = 0;
    /// How far the job is. Returns what the executor of the progress threw, unless that is `bad_alloc`.
    virtual std::exception_ptr progress(boost::json::value&& value) noexcept = 0;

    /// The request, all of it but its id; written where the caller is. It stays until the job is
    /// over, since it may have to be sent again.
    std::string body;
    /// From the begin of the job; zero: the pool's own.
    std::chrono::steady_clock::duration timeout{};
    /// Numbers the times that an operation is taken from its queue, so that who asks one to stop
    /// cannot hit another; the id of its request. 0: not taken.
    std::uint64_t request_id = 0;
    /// As they went through the pipes, with their ends; 0: there was none.
    std::size_t request_bytes = 0;
    std::size_t answer_bytes = 0;

protected:
    remote_call() = default;
    ~remote_call() = default;
};

/// Where a pool of worker processes gets its jobs: the queue of its pool record.
///
/// An operation that is taken comes back by exactly one of the other functions. Those may call the
/// manager and post handlers: no lock may be held.
class job_source {
public:
    using time = std::chrono::steady_clock::time_point;

    /// The first that is queued; null: none. Its `remote` has a new request_id.
    virtual run_operation* take_job() noexcept = 0;
    /// It never began: it is queued again, before all others, unless it is not wanted any more.
    virtual void give_back(run_operation& op) noexcept = 0;
    /// It has run, and its outcome is in it.
    virtual void finish_job(run_operation& op, time begun, time ended) noexcept = 0;
    /// It has not run, or nobody knows, for this reason.
    virtual void fail_job(
        run_operation& op, error_code why, std::exception_ptr reason) noexcept = 0;

protected:
    ~job_source() = default;
};

/// A pool that does not call operations, but has other processes do what their `remote` says.
class job_pool {
public:
    /// Before everything else. The source outlives the pool.
    virtual void serve(job_source& from) noexcept = 0;
    /// Where the caller is: writes the body. Throws `errc::not_serializable` and the like.
    virtual void prepare(remote_call& call) const = 0;
    /// Something was queued. Any thread; finishes nothing inside the call.
    virtual void jobs_waiting() noexcept = 0;
    /// A job that was taken is to stop. Any thread.
    virtual void stop_job(std::uint64_t request_id, error_code why) noexcept = 0;

protected:
    ~job_pool() = default;
};

/// Logs what the executor of a job's progress has thrown.
void log_progress_lost(
    pool_site const& to, std::string_view job, std::exception_ptr const& error) noexcept;

}  // namespace detail
}  // namespace leasepool

#endif
