// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WORK_GRINDER_HPP
#define LEASEPOOL_WORK_GRINDER_HPP

#include <leasepool/backend.hpp>
#include <leasepool/detail/awaited_temporary.hpp>
#include <leasepool/detail/grinder_interface.hpp>
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

/// True for arguments of `async_submit` that are not functions.
template <class T>
inline constexpr bool is_submit_argument =
    job_call_like<T> || std::is_same_v<std::decay_t<T>, submit_options>;

}  // namespace detail

/// Runs many small functions from many callers on few leases.
///
/// Each submitted function is an *item*. Items wait until `batch_size` of them are pending or the
/// oldest has waited `max_wait`. Then one lease is acquired for the whole batch, the items run on
/// its workers, and the lease is released. The caller sees the same as with `lease::async_run`:
/// each item completes separately, as soon as it is done, with its own result or exception. A
/// grinder is useful for functions so short that waking a worker for each of them would cost more
/// than the function itself.
///
/// **Leases that fail.** If no lease can be obtained, the items for which it was requested complete
/// with the reason. If a lease is revoked, or its pool breaks, the items that have begun complete
/// with their real outcome. The other items go to the next lease, ahead of all other items. If an
/// item has been returned by three leases that ended before any of their items began, it completes
/// with the reason.
///
/// **Executor.** The manager's executor. Handlers without an associated executor run there. A
/// started grinder is outstanding work of the manager's context until it is stopped.
///
/// **Threads.** All functions except constructor and destructor may be called concurrently from any
/// thread.
///
/// **Lifetime.** The manager may be stopped or destroyed before the grinder; then items complete
/// with `errc::not_running`. If the manager's context is destroyed first, handlers of items that
/// have not completed are destroyed uncalled. The grinder may be destroyed at any time, also on one
/// of the manager's threads; its items outlive it.
template <backend Backend>
class work_grinder {
public:
    using backend_type = Backend;
    using executor_type = boost::asio::any_io_executor;

    /// Constructs a grinder that acquires its leases from `pools`.
    /// @param where the line that logs and stats name for the grinder's leases.
    /// @throws std::invalid_argument naming the option, its value and its bound.
    explicit work_grinder(manager<Backend>& pools, grinder_options options = {},
        std::source_location where = std::source_location::current())
        : core_(detail::grinder_interface::make(*pools.core_, std::move(options), where))
    {
    }

    work_grinder(work_grinder const&) = delete;
    work_grinder& operator=(work_grinder const&) = delete;

    /// Cancels as `async_stop({.mode = stop_mode::cancel})` does, and does not wait. Items that
    /// have not begun complete with `errc::not_running`. Running functions are asked to stop, and
    /// their items complete when they have returned.
    ~work_grinder() { core_->shut_down(); }

    executor_type get_executor() const noexcept { return core_->manager().executor(); }

    /// Starts the grinder: it accepts items from now on.
    ///
    /// Starting twice is allowed. The manager need not be started before the grinder, but no lease
    /// can be obtained while the manager is not started.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors
    /// - `errc::not_running`: the grinder is stopping, or its manager was destroyed.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call. The grinder is started when the call returns.
    template <class Token = default_token>
    auto async_start(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_grinder_start(core_), token);
    }

    /// Stops the grinder: it accepts no more items. Completes when all items have completed.
    ///
    /// With `mode = drain`, all submitted items, including those that wait for room, are handed to
    /// a lease without further delay and run. With `mode = cancel`, and at the deadline, items that
    /// have not begun complete with `errc::not_running`, also if their lease has them already;
    /// pending acquires are canceled; running functions are asked to stop, and the stop waits for
    /// them. A stop of a grinder that is not started completes at once. A second stop joins the
    /// first, and can shorten its limits but not extend them. After a stop the grinder may start
    /// again.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors
    /// - `boost::asio::error::operation_aborted`: the wait was canceled.
    /// - `errc::invalid_duration`: `deadline` is less than zero.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: end the wait, not the stop.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call. The stop has begun when the call returns.
    template <class Token = default_token>
    auto async_stop(grinder_stop_options options = {}, Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_grinder_stop(core_), token, options);
    }

    /// Submits an item.
    ///
    /// With an eager token (`use_future`, a callback) the item is queued at once and its result can
    /// be awaited later. A plain thread submits with `use_future`:
    /// @code
    /// auto answer = grinder.async_submit([] { return 42; }, boost::asio::use_future);
    /// use(answer.get());
    /// @endcode
    /// `get()` waits for the manager's executor, which delivers the result. It never returns if it
    /// is called on the only thread that runs that executor. The same holds inside an item that
    /// occupies the worker that the other item needs.
    ///
    /// @param function as for `lease::async_run`.
    /// @par Completion Signature
    /// @code void(std::exception_ptr, R) @endcode or, for a function that returns nothing,
    /// @code void(std::exception_ptr) @endcode
    /// @par Completes
    /// when the function has returned, with its result or its exception. The operation waits
    /// neither for the rest of its batch nor for earlier items that take longer.
    /// @par Errors, as a `boost::system::system_error`; the function was not run:
    /// - `errc::not_running`: the grinder is not started, is stopping, or stopped before the
    ///   function began; or the manager stopped or was destroyed.
    /// - `errc::queue_full`: `max_pending` items are pending, and `submit_options::wait` is false.
    /// - `errc::lease_expired`, `errc::pool_broken` or the backend's own reason: see "Leases that
    ///   fail" above.
    /// - those of `manager::async_acquire`: no lease could be obtained.
    /// - `boost::asio::error::operation_aborted`: the item was canceled before it began.
    /// @par Per-Operation Cancellation
    /// Before the item has begun, all types: the item is removed at once and never runs. After
    /// that, as for `lease::async_run`.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call. Each handler is posted separately, in the order in which the
    /// items were done.
    /// @par Exception Safety
    /// Throws, and begins nothing: `system_error(errc::not_running)` if the manager's context is
    /// destroyed, `std::bad_alloc`, and any exception from moving the function or the handler or
    /// from the default constructor of the result.
    template <class Function, class Token = default_run_token>
    requires(!detail::is_submit_argument<Function> &&
        !detail::awaits_temporary<Token, Function>) auto async_submit(submit_options options,
        Function&& function, Token&& token = Token())
    {
        return submit(options, std::forward<Function>(function), std::forward<Token>(token));
    }

    /// Submits a function as above with default options.
    template <class Function, class Token = default_run_token>
    requires(!detail::is_submit_argument<Function> &&
        !detail::awaits_temporary<Token, Function>) auto async_submit(Function&& function,
        Token&& token = Token())
    {
        return submit(
            submit_options(), std::forward<Function>(function), std::forward<Token>(token));
    }

    /// Submits a job as an item, on any backend. On worker processes only jobs can be items.
    ///
    /// @param call the result of calling a `leasepool::job`.
    /// @par Errors
    /// Those of functions, and those of `lease::async_run` of a job. If a worker dies, a job that
    /// certainly has not begun goes to another worker. A job that its lease has returned goes to
    /// the next lease.
    ///
    /// Otherwise the contract is that of `async_submit` of a function.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_submit(
        submit_options options, Call&& call, Token&& token = Token())
    {
        return submit(options, std::forward<Call>(call), std::forward<Token>(token));
    }

    /// Submits a job as above with default options.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_submit(
        Call&& call, Token&& token = Token())
    {
        return submit(submit_options(), std::forward<Call>(call), std::forward<Token>(token));
    }

    /// Takes a consistent snapshot. May be called in any state, also before the start and after the
    /// stop. A plain thread can call this with `use_future`, unless it is the only thread that runs
    /// the executor.
    ///
    /// @par Completion Signature
    /// @code void(error_code, grinder_stats) @endcode
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call. The snapshot is taken in the call.
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
