// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_JOB_CONTEXT_HPP
#define LEASEPOOL_JOB_CONTEXT_HPP

#include <leasepool/config.hpp>
#include <leasepool/severity.hpp>
#include <leasepool/worker_state.hpp>

#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/system/error_category.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <stop_token>
#include <string_view>
#include <type_traits>
#include <utility>

namespace leasepool {
namespace detail {

/// The interface to which a job's context forwards its calls.
class job_host {
public:
    virtual std::stop_token stop_token() const noexcept = 0;
    /// May be called on any thread of the job, also on several at a time.
    virtual void progress(boost::json::value&& value) = 0;
    /// May be called on any thread of the job, also on several at a time.
    virtual void log(severity level, std::string_view text) = 0;

protected:
    ~job_host() = default;
};

}  // namespace detail

/// A job throws this to report that it ended because it was asked to stop. The caller's operation
/// then completes with `boost::asio::error::operation_aborted`. The code of this exception equals
/// that error.
class job_canceled : public boost::system::system_error {
public:
    job_canceled()
        : system_error(boost::system::error_code(ECANCELED, boost::system::system_category()),
              "the job was asked to stop")
    {
    }
};

/// The interface between a job and its environment: a stop token, progress, a log, the state of its
/// worker.
///
/// A function that has `job_context&` as its first parameter gets a context; callers do not pass
/// it. A context behaves the same on threads and on worker processes.
///
/// It is valid until the job returns. While the job runs, all functions except `state` may be
/// called from any thread that the job has started itself.
class job_context {
public:
    /// @cond
    explicit job_context(detail::job_host& host) noexcept : host_(host) {}
    job_context(job_context const&) = delete;
    job_context& operator=(job_context const&) = delete;
    /// @endcond

    /// Returns the stop token of the job. A stop is requested when the caller cancels, the time
    /// limit of the job has passed, the lease is revoked, or the parent of the worker process is
    /// gone. Stop callbacks run on another thread than the job. They delay the thread that requests
    /// the stop, so keep them short.
    std::stop_token stop_token() const noexcept { return host_.stop_token(); }

    bool stop_requested() const noexcept { return host_.stop_token().stop_requested(); }

    /// @throws job_canceled if the job was asked to stop.
    void throw_if_stopped() const
    {
        if (stop_requested())
            throw job_canceled();
    }

    /// Reports the progress of the job to the caller.
    ///
    /// @param value any type that Boost.JSON's `value_from` accepts: a number, a string, a
    ///     described struct.
    /// @throws any exception of the conversion; std::bad_alloc. In a worker process,
    ///     system_error(errc::not_serializable) if the value cannot be sent.
    template <class T>
    void progress(T&& value)
    {
        static_assert(boost::json::has_value_from<std::remove_cvref_t<T>>::value,
            "job_context::progress: Boost.JSON cannot convert this type (value_from); describe it "
            "with BOOST_DESCRIBE_STRUCT, or write a tag_invoke for it");
        host_.progress(boost::json::value_from(std::forward<T>(value)));
    }

    /// Writes to the parent's log, with the worker and the job attached. Invalid UTF-8 is replaced.
    /// @throws std::bad_alloc
    void log(severity level, std::string_view text) { host_.log(level, text); }

    /// Returns the state that the worker's `worker_state` factory made. Must be called on the
    /// thread on which the job was begun.
    /// @throws system_error(errc::no_worker_state) if there is no state, or if its type is not
    ///     exactly `State`.
    template <class State>
    State& state() const
    {
        return *static_cast<State*>(detail::worker_state_of_this_thread(typeid(State)));
    }

private:
    detail::job_host& host_;
};

}  // namespace leasepool

#endif
