// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_JOB_OPTIONS_HPP
#define LEASEPOOL_JOB_OPTIONS_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/awaited_temporary.hpp>

#include <boost/json/value.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace leasepool {

/// Options of one run of a job.
///
/// A class with setters, not an aggregate, because g++ 12 destroys aggregate temporaries in a
/// `co_await` operand twice (see `LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING`).
///
/// @code
/// auto n = co_await lease.async_run(
///     leasepool::job_options().timeout(2s).on_progress([&](auto const& p) { bar.show(p); }),
///     resize_job(image));
/// @endcode
class job_options {
public:
    using duration = std::chrono::steady_clock::duration;
    using progress_callback = std::function<void(boost::json::value const&)>;

    // Not defaulted, because that would make the class an aggregate again.
    job_options() noexcept {}  // NOLINT(modernize-use-equals-default)

    /// Sets how long the job may run on a worker process. After that it is stopped, by force if
    /// necessary, and fails with `errc::job_timeout`. The time is counted from the moment when the
    /// job begins, not while it is queued. Default: `process_backend_options::job_timeout`. The
    /// limit has no effect on threads, which cannot be stopped by force.
    /// @throws std::invalid_argument if it is not greater than zero.
    job_options& timeout(duration limit);

    /// Sets a callback that is called with each value that the job passes to
    /// `job_context::progress`, on the executor of the operation's handler. All calls are posted
    /// before the handler is. If that executor is a strand, or runs on one thread, the calls run in
    /// order, one at a time, and before the handler. An exception of the callback leaves the
    /// executor's `run()`, as it would from a handler.
    ///
    /// The job, its result and its timeout never wait for the callback. If the executor is slower than
    /// the job, up to about 1 MiB of values wait for it. Beyond that the oldest values are dropped;
    /// the newest is always kept. Dropped values are counted in `stats::progress_dropped`, and the
    /// first loss of a job is logged.
    ///
    /// With g++ 12, if the callback is a temporary closure that owns its captures, the options must
    /// have a name, see `LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING`:
    /// @code
    /// leasepool::job_options options;
    /// options.on_progress([bar](auto const& p) { bar->show(p); });
    /// auto n = co_await lease.async_run(options, resize_job(image));
    /// @endcode
    job_options& on_progress(progress_callback callback)
    {
        progress_ = std::move(callback);
        return *this;
    }

    /// @cond
    duration limit() const noexcept { return limit_; }
    progress_callback take_progress() noexcept { return std::move(progress_); }

#ifdef LEASEPOOL_DETAIL_CO_AWAIT_WARNING
    // Selected for options that are themselves a temporary, which can be in an operand of co_await.
    template <detail::owning_rvalue Callback>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED job_options& on_progress(Callback&& callback) &&
    {
        return on_progress(progress_callback(std::forward<Callback>(callback)));
    }
#endif
    /// @endcond

private:
    duration limit_{};
    progress_callback progress_;
};

}  // namespace leasepool

#endif
