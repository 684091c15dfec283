// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_MANAGER_HPP
#define LEASEPOOL_MANAGER_HPP

#include <leasepool/backend.hpp>
#include <leasepool/detail/awaited_temporary.hpp>
#include <leasepool/detail/backend_base.hpp>
#include <leasepool/detail/initiate.hpp>
#include <leasepool/error.hpp>
#include <leasepool/lease.hpp>
#include <leasepool/options.hpp>
#include <leasepool/stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace leasepool {
namespace detail {

/// What is no function in a call of `manager::async_run`.
template <class T>
inline constexpr bool is_run_argument =
    job_call_like<T> || std::is_same_v<std::decay_t<T>, acquire_options> ||
    std::is_same_v<std::decay_t<T>, job_options>;

}  // namespace detail

template <backend Backend>
class work_grinder;

/// Owns a bounded number of pools and lends them out.
///
/// **Executor.** Constructed on an executor or an execution context. Its own work (the timer,
/// making and closing pools, observer and log) runs there on a strand of its own, and handlers that
/// name no executor run there too. It is outstanding work of that context from `async_start` until
/// it is stopped.
/// A handler's own executor may throw when the handler is posted to it. `std::bad_alloc` is waited
/// out. After any other exception the handler is destroyed uncalled, on the thread that posted it,
/// unless the executor has kept the function; other operations are not affected. The log gets a
/// record of severity `error` with the name of the operation, its owner and what was thrown.
///
/// **Threads.** All functions but constructor and destructor may be called concurrently from any
/// thread. What one thread begins takes effect in that order: an acquire after a start waits for it.
///
/// **Signals.** A cancellation signal may be emitted on any thread, also while its operation ends on
/// another. An operation that ends does not touch the handler's slot, and a signal that is emitted
/// later does nothing. As with all of Asio, an emission must not run at the same time as another one,
/// or as an operation that is being begun with the same slot.
///
/// **Lifetime.** The executor's context may be destroyed first; then everything outstanding is
/// canceled, handlers of waiting operations are destroyed uncalled, as with any Asio object, and
/// the context's destructor waits for functions that run. Leases may outlive the manager.
///
/// **Blocking.** A thread that runs the executor waits for a worker's end only in `~manager` and in
/// the context's destructor, and runs no stop callback of a function at a revocation or a stop.
///
/// **fork().** In a forked child a manager of the parent does not hang; see `thread_backend`.
template <backend Backend>
class manager {
public:
    using backend_type = Backend;
    using lease_type = lease<Backend>;
    using executor_type = boost::asio::any_io_executor;

    /// @throws std::invalid_argument naming option, value and bound.
    manager(executor_type const& ex, Backend b, manager_options options = {})
        : core_(detail::make_core(ex, detail::erase(std::move(b)), std::move(options)))
    {
    }

    /// On the context's executor.
    template <class Context>
    requires std::convertible_to<Context&, boost::asio::execution_context&> manager(
        Context& context, Backend b, manager_options options = {})
        : manager(executor_type(context.get_executor()), std::move(b), std::move(options))
    {
    }

    manager(manager const&) = delete;
    manager& operator=(manager const&) = delete;

    /// Cancels as `async_stop({.mode = stop_mode::cancel})` does: waiting operations complete with
    /// `errc::not_running`, leases end. Then blocks until the threads that run user functions have
    /// ended, the destructors of their `thread_local` objects included. On one of the manager's own
    /// threads, and inside a stop callback of one of its functions, it does not block, and another
    /// thread waits for them. What was posted to a lease and has not begun is destroyed after that: as
    /// with Asio's own `thread_pool`, a function must not wait then for one that was posted to another
    /// lease.
    ~manager() { detail::shut_down(*core_); }

    executor_type get_executor() const noexcept { return detail::executor_of(*core_); }

    /// Creates the warm pools: as many as the target says.
    ///
    /// Starting twice is fine: the second waits for the same start, or completes at once. While it
    /// starts, acquires wait.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors, with nothing left running:
    /// - `errc::not_running`: the manager is stopping, or was stopped meanwhile.
    /// - `errc::worker_start_failed`, or the code of the `system_error` with which the first pool
    ///   failed; the log has its text.
    /// - `boost::asio::error::operation_aborted`: canceled; the start is undone.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: undo the start, if nobody else waits for it, and complete when it
    /// is undone; once it is being stopped, end the wait only.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call.
    template <class Token = default_token>
    auto async_start(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_command(core_), token, detail::start_maker());
    }

    /// Stops: refuses new acquires, fails waiting ones with `errc::not_running`, closes the pools.
    ///
    /// Leases that are held may go on until `deadline`; with `mode = cancel`, and at the deadline,
    /// they are revoked with `errc::not_running`: queued functions complete un-run, running ones
    /// are asked to stop and waited for. `abandon_after` bounds that wait; functions that still
    /// run then are logged and counted, their own handlers are neither invoked nor destroyed before
    /// they return, and the manager's destructor still waits for them. A pool is closed when its
    /// threads have ended; the stop completes after that. A stop of a manager that is
    /// not started completes at once. A second stop joins the first and may only tighten it. After
    /// a stop the manager may start again.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors
    /// - `boost::asio::error::operation_aborted`: the wait was canceled.
    /// - `errc::invalid_duration`: `deadline` or `abandon_after` is less than zero.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: end the wait, not the stop.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call.
    template <class Token = default_token>
    auto async_stop(stop_options options = {}, Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_command(core_), token, detail::stop_maker{options});
    }

    /// Acquires a lease on a pool.
    ///
    /// An idle pool is granted at once; otherwise a pool is made if there may be one more; otherwise
    /// the acquire waits, first come, first served.
    ///
    /// @par Completion Signature
    /// @code void(error_code, lease<Backend>) @endcode
    /// @par Errors, with an empty lease:
    /// - `errc::not_running`: the manager is not started, is stopping, or stopped meanwhile.
    /// - `errc::unavailable`: `wait` was false and it takes another's release.
    /// - `errc::acquire_timeout`: `timeout` passed.
    /// - `errc::too_many_waiters`: `max_waiters` acquires wait already.
    /// - `errc::invalid_duration`: `duration` is not greater than zero, or beyond what the clock can
    ///   hold, or `timeout` is less than zero.
    /// - `errc::worker_start_failed`, or the code of the `system_error` that made the pool fail: no
    ///   pool can be made.
    /// - `boost::asio::error::operation_aborted`: canceled.
    ///
    /// `condition::busy` matches the three with which load is shed: `unavailable`,
    /// `acquire_timeout` and `too_many_waiters`.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total. A grant that races a cancellation, a timeout or a stop goes to the
    /// next waiter or back to the manager; it is never lost.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call.
    /// @par Exception Safety
    /// Throws, with nothing begun, `std::bad_alloc` or what moving the handler throws.
    ///
    /// An acquire that has to wait, begun on one of the manager's own threads, is logged as a likely
    /// deadlock.
    template <class Token = default_token>
    auto async_acquire(acquire_options options = {}, Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code, lease_type)>(
            detail::initiate_acquire<lease_type>(detail::make_claim(core_, options)), token,
            detail::wait_policy{options.wait, options.timeout});
    }

    /// Acquires a lease, runs `function` on it, and releases it: one operation.
    ///
    /// It holds a whole pool for one function. For several functions acquire a lease; for many
    /// small ones from many callers that is wasteful.
    ///
    /// @param function as for `lease::async_run`, which also says when and how it completes.
    /// @par Completion Signature
    /// @code void(std::exception_ptr, R) @endcode or @code void(std::exception_ptr) @endcode
    /// @par Errors
    /// As a `boost::system::system_error`: those of `async_acquire`, then those of
    /// `lease::async_run`.
    /// @par Per-Operation Cancellation
    /// While it waits for the lease, all types; then as for `lease::async_run`.
    template <class Function, class Token = default_run_token>
    requires(!detail::is_run_argument<Function> &&
        !detail::awaits_temporary<Token, Function>) auto async_run(acquire_options options,
        Function&& function, Token&& token = Token())
    {
        return run(options, std::forward<Function>(function), std::forward<Token>(token));
    }

    /// The same with default options; `where` is the line of the call.
    template <class Function, class Token = default_run_token>
    requires(!detail::is_run_argument<Function> &&
        !detail::awaits_temporary<Token, Function>) auto async_run(Function&& function,
        Token&& token = Token(), std::source_location where = std::source_location::current())
    {
        return run(acquire_options{.where = where}, std::forward<Function>(function),
            std::forward<Token>(token));
    }

    /// Acquires a lease, runs a job on it, and releases it: one operation; see
    /// `lease::async_run` of a job, and above.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(
        acquire_options options, job_options how, Call&& call, Token&& token = Token())
    {
        return run(options, std::move(how), std::forward<Call>(call), std::forward<Token>(token));
    }

    /// The same with default options of the run.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(
        acquire_options options, Call&& call, Token&& token = Token())
    {
        return run(options, job_options(), std::forward<Call>(call), std::forward<Token>(token));
    }

    /// The same with default options of the acquire; `where` is the line of the call.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(job_options how, Call&& call,
        Token&& token = Token(), std::source_location where = std::source_location::current())
    {
        return run(acquire_options{.where = where}, std::move(how), std::forward<Call>(call),
            std::forward<Token>(token));
    }

    /// The same with default options.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(Call&& call,
        Token&& token = Token(), std::source_location where = std::source_location::current())
    {
        return run(acquire_options{.where = where}, job_options(), std::forward<Call>(call),
            std::forward<Token>(token));
    }

    /// A consistent snapshot of everything. With `use_future` it serves a plain thread, which must
    /// not be the only one that runs the executor.
    ///
    /// @par Completion Signature
    /// @code void(error_code, stats) @endcode
    /// @par Errors
    /// - `errc::not_running`: the manager was destroyed.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call.
    template <class Token = default_token>
    auto async_stats(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code, stats)>(
            detail::initiate_command(core_), token, detail::stats_maker());
    }

    /// Reads `size_provider` now and adapts the number of pools; returns at once. Harmless in any
    /// state. Leased pools are never touched.
    void notify_scale_changed() noexcept { detail::notify_scale_changed(*core_); }

    // Counts: plain atomic loads, each one recent, together not a snapshot.

    /// Idle pools.
    std::size_t available() const noexcept { return detail::counts_of(*core_).available; }
    /// Leased pools, those that drain included.
    std::size_t leased() const noexcept { return detail::counts_of(*core_).leased; }
    /// Pools in service: starting, idle, leased.
    std::size_t total() const noexcept { return detail::counts_of(*core_).total; }
    /// The target number of pools.
    std::size_t desired() const noexcept { return detail::counts_of(*core_).desired; }
    /// Acquires that wait.
    std::size_t waiters() const noexcept { return detail::counts_of(*core_).waiters; }
    /// Revoked pools whose workers still run.
    std::size_t retired() const noexcept { return detail::counts_of(*core_).retired; }

    /// @cond
#ifdef LEASEPOOL_DETAIL_CO_AWAIT_WARNING
    template <class Work, detail::awaits_temporary<Work> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_run(
        acquire_options options, Work&& work, Token&& token = Token())
    {
        if constexpr (detail::job_call_like<Work>)
            return run(
                options, job_options(), std::forward<Work>(work), std::forward<Token>(token));
        else
            return run(options, std::forward<Work>(work), std::forward<Token>(token));
    }

    template <class Work, detail::awaits_temporary<Work> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_run(Work&& work, Token&& token = Token(),
        std::source_location where = std::source_location::current())
    {
        acquire_options const options{.where = where};
        if constexpr (detail::job_call_like<Work>)
            return run(
                options, job_options(), std::forward<Work>(work), std::forward<Token>(token));
        else
            return run(options, std::forward<Work>(work), std::forward<Token>(token));
    }

    template <detail::job_call_like Call, detail::awaits_temporary<Call> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_run(
        acquire_options options, job_options how, Call&& call, Token&& token = Token())
    {
        return run(options, std::move(how), std::forward<Call>(call), std::forward<Token>(token));
    }

    template <detail::job_call_like Call, detail::awaits_temporary<Call> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_run(job_options how, Call&& call,
        Token&& token = Token(), std::source_location where = std::source_location::current())
    {
        return run(acquire_options{.where = where}, std::move(how), std::forward<Call>(call),
            std::forward<Token>(token));
    }
#endif
    /// @endcond

private:
    template <backend>
    friend class work_grinder;

    template <class Function, class Token>
    auto run(acquire_options const& options, Function&& function, Token&& token)
    {
        static_assert(detail::runs_functions<Backend>,
            "async_run: this backend runs no callables, only jobs; declare the function "
            "as a leasepool::job and pass a call of it");
        using result = detail::run_result_t<std::decay_t<Function>>;
        return boost::asio::async_initiate<Token, typename detail::run_signature<result>::type>(
            detail::initiate_acquire_and_run(detail::make_claim(core_, options)), token,
            std::decay_t<Function>(std::forward<Function>(function)),
            detail::wait_policy{options.wait, options.timeout});
    }

    template <class Call, class Token>
    auto run(acquire_options const& options, job_options&& how, Call&& call, Token&& token)
    {
        static_assert(detail::runs_jobs<Backend>, "async_run: this backend runs no jobs");
        using result = typename std::decay_t<Call>::result_type;
        return boost::asio::async_initiate<Token, typename detail::run_signature<result>::type>(
            detail::initiate_acquire_and_run(detail::make_claim(core_, options)), token,
            detail::job_launch<std::decay_t<Call>>{
                std::forward<Call>(call), std::move(how), get_executor()},
            detail::wait_policy{options.wait, options.timeout});
    }

    detail::core_ptr core_;
};

template <class Context, backend Backend>
manager(Context&, Backend) -> manager<Backend>;
template <class Context, backend Backend>
manager(Context&, Backend, manager_options) -> manager<Backend>;

}  // namespace leasepool

#endif
