// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WORK_GRINDER_HPP
#define LEASEPOOL_WORK_GRINDER_HPP

#include <leasepool/backend.hpp>
#include <leasepool/detail/awaited_temporary.hpp>
#include <leasepool/detail/grinder_core.hpp>
#include <leasepool/grinder_options.hpp>
#include <leasepool/grinder_stats.hpp>
#include <leasepool/lease.hpp>
#include <leasepool/manager.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>

#include <concepts>
#include <source_location>
#include <string>
#include <type_traits>
#include <utility>

namespace leasepool {
namespace detail {

/// What is no function in a call of `async_submit`.
template <class T>
inline constexpr bool is_submit_argument =
    job_call_like<T> || std::is_same_v<std::decay_t<T>, submit_options>;

}  // namespace detail

/// Runs many small functions from many callers on few leases.
///
/// Functions are *items*. They wait until `batch_size` of them are pending or the oldest has waited
/// `max_wait`; then one lease is acquired for all of them, they run on its workers, and it goes back.
/// What a caller sees is as with `lease::async_run`: each item completes by itself, the moment it is
/// done, with its own result or exception. It is worth its while where functions are so short that
/// to wake a worker for each would cost more than they do.
///
/// **Leases that fail.** If none can be had, the items it was for complete with the reason. If one is
/// revoked, or its pool breaks, the items that have begun complete with their real outcome, and the
/// others go to the next lease before all others. An item that comes back from a third lease on which
/// nothing at all began completes with the reason.
///
/// **Executor.** The manager's; handlers that name no other run there. Handlers bound for one
/// `io_context` may be delivered many at a time, each called by itself; see `async_submit`. A started
/// grinder is outstanding work of the manager's context until it is stopped.
///
/// **Threads.** All functions but constructor and destructor may be called concurrently from any
/// thread.
///
/// **Lifetime.** The manager may be stopped or destroyed first: then items complete with
/// `errc::not_running`. If the manager's context is destroyed first, handlers of items that have not
/// completed are destroyed uncalled. The grinder may be destroyed at any time, also on one of the
/// manager's threads; its items outlive it.
template <backend Backend>
class work_grinder {
public:
    using backend_type = Backend;
    using executor_type = boost::asio::any_io_executor;

    /// @param where the line named as that which takes the leases.
    /// @throws std::invalid_argument naming option, value and bound.
    explicit work_grinder(manager<Backend>& pools, grinder_options options = {},
        std::source_location where = std::source_location::current())
        : core_(detail::make_grinder(pools.core_, std::move(options), where))
    {
    }

    work_grinder(work_grinder const&) = delete;
    work_grinder& operator=(work_grinder const&) = delete;

    /// Cancels as `async_stop({.mode = stop_mode::cancel})` does, and does not wait: items that have
    /// not begun complete with `errc::not_running`, functions that run are asked to stop and
    /// complete when they have returned.
    ~work_grinder() { detail::shut_down(*core_); }

    executor_type get_executor() const noexcept
    {
        return detail::executor_of(*detail::manager_of(*core_));
    }

    /// From now on items are taken.
    ///
    /// Starting twice is fine. The manager need not be started before; but while it is not, no lease
    /// can be had.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors
    /// - `errc::not_running`: the grinder is stopping, or its manager was destroyed.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call. The
    /// grinder is started when the call returns.
    template <class Token = default_token>
    auto async_start(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_grinder_start(core_), token);
    }

    /// Takes no more items, and completes when all have completed.
    ///
    /// With `mode = drain`, items that were submitted, those that wait for room too, go at once and
    /// are run. With `mode = cancel`, and at the deadline, those that have not begun complete with
    /// `errc::not_running`, also if their lease has them already, acquires are given up, and
    /// functions that run are asked to stop and waited for. A stop of a grinder that is not started
    /// completes at once. A second stop joins the first and may only tighten it. After a stop the
    /// grinder may start again.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors
    /// - `boost::asio::error::operation_aborted`: the wait was canceled.
    /// - `errc::invalid_duration`: `deadline` is less than zero.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: end the wait, not the stop.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call. The stop
    /// has begun when the call returns.
    template <class Token = default_token>
    auto async_stop(grinder_stop_options options = {}, Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_grinder_stop(core_), token, options);
    }

    /// Submits an item.
    ///
    /// With an eager token (`use_future`, a callback) this is "enqueue now, await later". With `use_future` it is how a plain thread submits:
    /// @code
    /// auto answer = grinder.async_submit([] { return 42; }, boost::asio::use_future);
    /// use(answer.get());
    /// @endcode
    /// `get()` waits for the manager's executor, which delivers the answer: on the only thread that
    /// runs that, it waits for ever. So it does inside an item whose worker the other would need.
    ///
    /// @param function as for `lease::async_run`.
    /// @par Completion Signature
    /// @code void(std::exception_ptr, R) @endcode or, for a function that returns nothing,
    /// @code void(std::exception_ptr) @endcode
    /// @par Completes
    /// when the function has returned, with what it returned or threw. It waits neither for the rest
    /// of its batch nor for items before it that take longer.
    /// @par Errors, as a `boost::system::system_error`; the function was not run:
    /// - `errc::not_running`: the grinder is not started, is stopping, or stopped before the function
    ///   began; or its manager did.
    /// - `errc::queue_full`: `max_pending` items are pending, and `submit_options::wait` is false.
    /// - `errc::lease_expired`, `errc::pool_broken` or the backend's own reason: see "Leases that
    ///   fail" above.
    /// - those of `manager::async_acquire`: no lease could be had.
    /// - `boost::asio::error::operation_aborted`: canceled before it began.
    /// @par Per-Operation Cancellation
    /// Before it began, all types: it is gone at once, and never run. After that as for
    /// `lease::async_run`.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call. Each handler
    /// is posted by itself, in the order in which the items were done.
    /// @par Exception Safety
    /// Throws, with nothing begun, `system_error(errc::not_running)` if the manager's context is gone,
    /// `std::bad_alloc`, and what moving the function or handler throws, or the default constructor of
    /// the result.
    template <class Function, class Token = default_run_token>
    requires(!detail::is_submit_argument<Function> &&
        !detail::awaits_temporary<Token, Function>) auto async_submit(submit_options options,
        Function&& function, Token&& token = Token())
    {
        return submit(options, std::forward<Function>(function), std::forward<Token>(token));
    }

    /// The same with default options.
    template <class Function, class Token = default_run_token>
    requires(!detail::is_submit_argument<Function> &&
        !detail::awaits_temporary<Token, Function>) auto async_submit(Function&& function,
        Token&& token = Token())
    {
        return submit(
            submit_options(), std::forward<Function>(function), std::forward<Token>(token));
    }

    /// Submits a job as an item: on every backend, and on worker processes nothing else can be one.
    ///
    /// @param call what calling a `leasepool::job` returns.
    /// @par Errors
    /// Those of functions, and those of `lease::async_run` of a job. A job that was in a worker which
    /// died, and surely had not begun, goes to another worker; one that its lease gave back, to the next
    /// lease.
    ///
    /// In all else it is `async_submit` of a function.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_submit(
        submit_options options, Call&& call, Token&& token = Token())
    {
        return submit(options, std::forward<Call>(call), std::forward<Token>(token));
    }

    /// The same with default options.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_submit(
        Call&& call, Token&& token = Token())
    {
        return submit(submit_options(), std::forward<Call>(call), std::forward<Token>(token));
    }

    /// A consistent snapshot, in any state, also before the start and after the stop. With
    /// `use_future` it serves a plain thread, which must not be the only one that runs the executor.
    ///
    /// @par Completion Signature
    /// @code void(error_code, grinder_stats) @endcode
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call. The
    /// snapshot is taken in the call.
    template <class Token = default_token>
    auto async_stats(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code, grinder_stats)>(
            detail::initiate_grinder_stats(core_), token);
    }

    /// @cond
#ifdef LEASEPOOL_DETAIL_CO_AWAIT_WARNING
    template <class Work, detail::awaits_temporary<Work> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_submit(
        submit_options options, Work&& work, Token&& token = Token())
    {
        return submit(options, std::forward<Work>(work), std::forward<Token>(token));
    }

    template <class Work, detail::awaits_temporary<Work> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_submit(Work&& work, Token&& token = Token())
    {
        return submit(submit_options(), std::forward<Work>(work), std::forward<Token>(token));
    }
#endif
    /// @endcond

private:
    template <class Function, class Token>
    auto submit(submit_options const& options, Function&& function, Token&& token)
    {
        static_assert(detail::runs_functions<Backend>,
            "async_submit: this backend runs no callables, only jobs; declare the function as a "
            "leasepool::job and pass a call of it");
        using result = detail::run_result_t<std::decay_t<Function>>;
        return boost::asio::async_initiate<Token, typename detail::run_signature<result>::type>(
            detail::initiate_submit(core_), token,
            std::decay_t<Function>(std::forward<Function>(function)),
            detail::kept_submit_options(options));
    }

    template <detail::job_call_like Call, class Token>
    auto submit(submit_options const& options, Call&& call, Token&& token)
    {
        static_assert(detail::runs_jobs<Backend>, "async_submit: this backend runs no jobs");
        using result = typename std::decay_t<Call>::result_type;
        return boost::asio::async_initiate<Token, typename detail::run_signature<result>::type>(
            detail::initiate_submit(core_), token,
            detail::job_launch<std::decay_t<Call>>{
                std::forward<Call>(call), job_options(), boost::asio::any_io_executor()},
            detail::kept_submit_options(options));
    }

    detail::grinder_ptr core_;
};

template <backend Backend>
work_grinder(manager<Backend>&) -> work_grinder<Backend>;
template <backend Backend>
work_grinder(manager<Backend>&, grinder_options) -> work_grinder<Backend>;

}  // namespace leasepool

#endif
