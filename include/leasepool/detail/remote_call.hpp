// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_REMOTE_CALL_HPP
#define LEASEPOOL_DETAIL_REMOTE_CALL_HPP

#include <leasepool/detail/progress_queue.hpp>
#include <leasepool/error.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace leasepool {

class pool_site;

namespace detail {

class run_operation;

/// The part of a job operation that is needed by a pool whose workers are other processes.
class remote_call {
public:
    remote_call(remote_call const&) = delete;
    remote_call& operator=(remote_call const&) = delete;

    virtual std::string_view name() const noexcept = 0;
    /// Returns the arguments: an array or an object; null: none. May throw.
    virtual boost::json::value arguments() = 0;
    /// Keeps the result. If this throws, the exception is the outcome of the job.
    virtual void take_result(boost::json::value&& result) = 0;

    /// The destination of the job's progress; null: the caller does not want it.
    std::shared_ptr<progress_sink> progress;
    /// The request without its id. It is written on the thread that queues the job. It is kept
    /// until the job is over, because it may have to be sent again.
    std::string body;
    /// Timeout of the job, counted from its begin; zero: the timeout of the pool applies.
    std::chrono::steady_clock::duration timeout{};
    /// The id of the request; 0: the operation was never taken. It has a new value each time that
    /// the operation is taken from its queue, so that a request to stop one job cannot stop
    /// another.
    std::uint64_t request_id = 0;
    /// Sizes of the messages as they were in the pipes, with the ends of their lines; 0: there was
    /// no message.
    std::size_t request_bytes = 0;
    std::size_t answer_bytes = 0;

protected:
    remote_call() = default;
    ~remote_call() = default;
};

/// The source of jobs for a pool of worker processes: the queue of its pool record.
///
/// The pool passes each operation that it takes to exactly one of the other functions. These may
/// call the manager and post handlers, so the caller must not hold a lock.
class job_source {
public:
    using time = std::chrono::steady_clock::time_point;

    /// Takes the first operation from the queue; null: the queue is empty. Its `remote` has a new
    /// request_id.
    virtual run_operation* take_job() noexcept = 0;
    /// Takes back an operation that has not begun, and queues it before all others. Completes it
    /// instead if it was canceled or its pool has ended.
    virtual void give_back(run_operation& op) noexcept = 0;
    /// Completes an operation that has run. Its outcome is in it.
    virtual void finish_job(run_operation& op, time begun, time ended) noexcept = 0;
    /// Completes an operation for this reason. It has not run, or it is not known whether it has.
    virtual void fail_job(
        run_operation& op, error_code why, std::exception_ptr reason) noexcept = 0;

protected:
    ~job_source() = default;
};

/// A pool that does not call operations. It sends their `remote` part to other processes.
class job_pool {
public:
    /// Called before any other function. The source outlives the pool.
    virtual void serve(job_source& from) noexcept = 0;
    /// Writes the body, on the thread that queues the job. Throws `errc::not_serializable` and
    /// similar errors.
    virtual void prepare(remote_call& call) const = 0;
    /// Called when a job was queued. Any thread. Completes no job inside the call.
    virtual void jobs_waiting() noexcept = 0;
    /// Asks a job that was taken to stop. Any thread.
    virtual void stop_job(std::uint64_t request_id, error_code why) noexcept = 0;

protected:
    ~job_pool() = default;
};

/// Passes a value of a job's progress on. Counts the values that are lost, and logs the first loss of
/// the job. Calls the executor of the callback, which may call anything, so the caller must not hold a
/// lock.
void report_progress(pool_site const& to, progress_sink& of, boost::json::value&& value) noexcept;

}  // namespace detail
}  // namespace leasepool

#endif
