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

/// True for arguments of `manager::async_run` that are not functions.
template <class T>
inline constexpr bool is_run_argument =
    job_call_like<T> || std::is_same_v<std::decay_t<T>, acquire_options> ||
    std::is_same_v<std::decay_t<T>, job_options>;

}  // namespace detail

template <backend Backend>
class work_grinder;

/// Owns a bounded number of pools and grants leases on them.
///
/// **Executor.** A manager is constructed on an executor or an execution context. Its own work (the
/// timer, making and closing pools, observer and log) runs there on its own strand. Handlers
/// without an associated executor run there too. The manager is outstanding work of that context
/// from `async_start` until it is stopped.
///
/// A handler's own executor may throw when the handler is posted to it. After `std::bad_alloc` the
/// manager retries until the post succeeds. After any other exception the handler is destroyed
/// uncalled, on the thread that posted it, unless the executor has kept the function. Other
/// operations are not affected. The log gets a record of severity `error` with the name of the
/// operation, its owner and the exception.
///
/// **Threads.** All functions except constructor and destructor may be called concurrently from any
/// thread. Operations begun on one thread take effect in the order in which they were begun: an
/// acquire after a start waits for the start.
///
/// **Signals.** A cancellation signal may be emitted on any thread, also while its operation ends
/// on another. An operation that ends does not touch the handler's slot, and a later emission has
/// no effect. As with all of Asio, an emission must not run concurrently with another emission, or
/// with the initiation of an operation that uses the same slot.
///
/// **Lifetime.** The executor's context may be destroyed before the manager. Then all outstanding
/// work is canceled, handlers of waiting operations are destroyed uncalled, as with any Asio
/// object, and the context's destructor waits for running functions. Leases may outlive the
/// manager.
///
/// **Blocking.** A thread that runs the executor waits for a worker's end only in `~manager` and in
/// the context's destructor. It runs no stop callback of a function at a revocation or a stop.
///
/// **fork().** A manager of the parent does not hang in a forked child; see `thread_backend`.
template <backend Backend>
class manager {
public:
    using backend_type = Backend;
    using lease_type = lease<Backend>;
    using executor_type = boost::asio::any_io_executor;

    /// Constructs a manager on an executor.
    /// @throws std::invalid_argument naming the option, its value and its bound.
    manager(executor_type const& ex, Backend b, manager_options options = {})
        : core_(
              detail::manager_interface::make(ex, detail::erase(std::move(b)), std::move(options)))
    {
    }

    /// Constructs a manager on the context's executor.
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
    /// ended, including the destructors of their `thread_local` objects. On one of the manager's
    /// own threads, and inside a stop callback of one of its functions, the destructor does not
    /// block; another thread waits for the threads instead. After that, functions that were posted
    /// to a lease and have not begun are destroyed. So, as with Asio's own `thread_pool`, a running
    /// function must not wait then for one that was posted to another lease.
    ~manager() { core_->shut_down(); }

    executor_type get_executor() const noexcept { return core_->executor(); }

    /// Creates the warm pools; their number is the target.
    ///
    /// A second start waits for the first, or completes at once if the manager is started. Acquires
    /// wait while the manager starts.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors, with nothing left running:
    /// - `errc::not_running`: the manager is stopping, or was stopped during the start.
    /// - `errc::worker_start_failed`, or the code of the `system_error` with which the first pool
    ///   failed; the log has its text.
    /// - `boost::asio::error::operation_aborted`: the operation was canceled and the start is
    ///   undone.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: undo the start, if no other operation waits for it, and complete
    /// when it is undone. Once the manager is being stopped: end the wait only.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call.
    template <class Token = default_token>
    auto async_start(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_command(core_), token, detail::start_maker());
    }

    /// Stops the manager: refuses new acquires, fails waiting acquires with `errc::not_running`,
    /// and closes the pools. With `mode = serve` waiting acquires are served first.
    ///
    /// Held leases may go on until `deadline`. With `mode = cancel`, and at the deadline, they are
    /// revoked with `errc::not_running`: queued functions complete without being run; running
    /// functions are asked to stop, and the stop waits for them. `abandon_after` bounds that wait.
    /// Functions that still run then are logged and counted. Their own handlers are neither invoked
    /// nor destroyed before the functions return, and the manager's destructor still waits for the
    /// functions. A pool is closed when its threads have ended; the stop completes after that. A
    /// stop of a manager that is not started completes at once. A second stop joins the first, and
    /// can shorten its limits but not extend them. After a stop the manager may start again.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors
    /// - `boost::asio::error::operation_aborted`: the wait was canceled.
    /// - `errc::invalid_duration`: `deadline` or `abandon_after` is less than zero.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: end the wait, not the stop.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call.
    template <class Token = default_token>
    auto async_stop(stop_options options = {}, Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_command(core_), token, detail::stop_maker{options});
    }

    /// Acquires a lease on a pool.
    ///
    /// An idle pool is granted at once. If there is none, a new pool is made if the limits permit
    /// it. Otherwise the acquire waits; waiting acquires are served in FIFO order.
    ///
    /// @param where the line of the call. Logs and stats name it if `options.where` names no line of
    ///     the caller, see there.
    /// @par Completion Signature
    /// @code void(error_code, lease<Backend>) @endcode
    /// @par Errors, with an empty lease:
    /// - `errc::not_running`: the manager is not started, is stopping, or stopped meanwhile.
    /// - `errc::unavailable`: `wait` was false and a lease would have to be released first.
    /// - `errc::acquire_timeout`: `timeout` passed.
    /// - `errc::too_many_waiters`: `max_waiters` acquires wait already.
    /// - `errc::invalid_duration`: `duration` is not greater than zero, or exceeds a quarter of the
    ///   range of the steady clock (73 years), or `timeout` is less than zero.
    /// - `errc::worker_start_failed`, or the code of the `system_error` with which making the pool
    ///   failed: no pool can be made.
    /// - `boost::asio::error::operation_aborted`: the operation was canceled.
    ///
    /// `condition::busy` matches the three errors of an overloaded manager: `unavailable`,
    /// `acquire_timeout` and `too_many_waiters`.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: end the wait. A grant that races with a cancellation, a timeout or
    /// a stop goes to the next waiter or back to the manager; it is never lost.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call.
    /// @par Exception Safety
    /// Throws `std::bad_alloc` and any exception from moving the handler, and begins nothing then.
    ///
    /// If an acquire is begun on one of the manager's own threads and has to wait, it is logged as
    /// a likely deadlock.
    template <class Token = default_token>
    auto async_acquire(acquire_options options = {}, Token&& token = Token(),
        std::source_location where = std::source_location::current())
    {
        return boost::asio::async_initiate<Token, void(error_code, lease_type)>(
            detail::initiate_acquire<lease_type>(
                detail::lease_state::make(*core_, detail::with_callers_line(options, where))),
            token);
    }

    /// Acquires a lease, runs `function` on it, and releases it, in one operation.
    ///
    /// The operation holds a whole pool for one function. For several functions acquire a lease.
    /// For many small functions from many callers use a `work_grinder`.
    ///
    /// @param function as for `lease::async_run`, which also specifies when and how the operation
    ///     completes.
    /// @param where as for `async_acquire`.
    /// @par Completion Signature
    /// @code void(std::exception_ptr, R) @endcode or @code void(std::exception_ptr) @endcode
    /// @par Errors
    /// As a `boost::system::system_error`: those of `async_acquire`, then those of
    /// `lease::async_run`.
    /// @par Per-Operation Cancellation
    /// While the operation waits for the lease, all types; then as for `lease::async_run`.
    template <class Function, class Token = default_run_token>
    requires(!detail::is_run_argument<Function> &&
        !detail::awaits_temporary<Token, Function>) auto async_run(acquire_options options,
        Function&& function, Token&& token = Token(),
        std::source_location where = std::source_location::current())
    {
        return run(detail::with_callers_line(options, where), std::forward<Function>(function),
            std::forward<Token>(token));
    }

    /// Runs `function` as above with default options. `where` is the line of the call.
    template <class Function, class Token = default_run_token>
    requires(!detail::is_run_argument<Function> &&
        !detail::awaits_temporary<Token, Function>) auto async_run(Function&& function,
        Token&& token = Token(), std::source_location where = std::source_location::current())
    {
        return run(acquire_options{.where = where}, std::forward<Function>(function),
            std::forward<Token>(token));
    }

    /// Acquires a lease, runs a job on it, and releases it, in one operation. See
    /// `lease::async_run` of a job, and `async_run` of a function above.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(acquire_options options,
        job_options how, Call&& call, Token&& token = Token(),
        std::source_location where = std::source_location::current())
    {
        return run(detail::with_callers_line(options, where), std::move(how),
            std::forward<Call>(call), std::forward<Token>(token));
    }

    /// Runs a job as above with default options of the run.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(acquire_options options,
        Call&& call, Token&& token = Token(),
        std::source_location where = std::source_location::current())
    {
        return run(detail::with_callers_line(options, where), job_options(),
            std::forward<Call>(call), std::forward<Token>(token));
    }

    /// Runs a job as above with default options of the acquire. `where` is the line of the call.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(job_options how, Call&& call,
        Token&& token = Token(), std::source_location where = std::source_location::current())
    {
        return run(acquire_options{.where = where}, std::move(how), std::forward<Call>(call),
            std::forward<Token>(token));
    }

    /// Runs a job as above with default options. `where` is the line of the call.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(Call&& call,
        Token&& token = Token(), std::source_location where = std::source_location::current())
    {
        return run(acquire_options{.where = where}, job_options(), std::forward<Call>(call),
            std::forward<Token>(token));
    }

    /// Takes a consistent snapshot of the whole manager. A plain thread can call this with
    /// `use_future`, unless it is the only thread that runs the executor.
    ///
    /// @par Completion Signature
    /// @code void(error_code, stats) @endcode
    /// @par Errors
    /// - `errc::not_running`: the manager was destroyed.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call.
    template <class Token = default_token>
    auto async_stats(Token&& token = Token())
    {
        return boost::asio::async_initiate<Token, void(error_code, stats)>(
            detail::initiate_command(core_), token, detail::stats_maker());
    }

    /// Makes the manager read `size_provider` now and adapt the number of pools. Returns at once.
    /// May be called in any state. Leased pools are not affected.
    void notify_scale_changed() noexcept { core_->notify_scale_changed(); }

    // Counts. Each is read under the manager's lock; two calls are not a snapshot.

    /// Returns the number of idle pools.
    std::size_t available() const noexcept { return core_->count().available; }
    /// Returns the number of leased pools, including those that drain.
    std::size_t leased() const noexcept { return core_->count().leased; }
    /// Returns the number of pools in service: starting, idle or leased.
    std::size_t total() const noexcept { return core_->count().total; }
    /// Returns the target number of pools.
    std::size_t desired() const noexcept { return core_->count().desired; }
    /// Returns the number of waiting acquires.
    std::size_t waiters() const noexcept { return core_->count().waiters; }
    /// Returns the number of revoked pools whose workers still run.
    std::size_t retired() const noexcept { return core_->count().retired; }

    /// @cond
#ifdef LEASEPOOL_DETAIL_CO_AWAIT_WARNING
    template <class Work, detail::awaits_temporary<Work> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_run(acquire_options options, Work&& work,
        Token&& token = Token(), std::source_location where = std::source_location::current())
    {
        options = detail::with_callers_line(options, where);
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
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_run(acquire_options options, job_options how,
        Call&& call, Token&& token = Token(),
        std::source_location where = std::source_location::current())
    {
        return run(detail::with_callers_line(options, where), std::move(how),
            std::forward<Call>(call), std::forward<Token>(token));
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
            detail::initiate_acquire_and_run(detail::lease_state::make(*core_, options)), token,
            std::decay_t<Function>(std::forward<Function>(function)));
    }

    template <class Call, class Token>
    auto run(acquire_options const& options, job_options&& how, Call&& call, Token&& token)
    {
        static_assert(detail::runs_jobs<Backend>, "async_run: this backend runs no jobs");
        using result = typename std::decay_t<Call>::result_type;
        return boost::asio::async_initiate<Token, typename detail::run_signature<result>::type>(
            detail::initiate_acquire_and_run(detail::lease_state::make(*core_, options)), token,
            detail::job_launch<std::decay_t<Call>>{
                std::forward<Call>(call), std::move(how), get_executor()});
    }

    detail::manager_ptr core_;
};

template <class Context, backend Backend>
manager(Context&, Backend) -> manager<Backend>;
template <class Context, backend Backend>
manager(Context&, Backend, manager_options) -> manager<Backend>;

}  // namespace leasepool

#endif
