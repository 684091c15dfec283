// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LEASE_HPP
#define LEASEPOOL_LEASE_HPP

#include <leasepool/backend.hpp>
#include <leasepool/detail/awaited_temporary.hpp>
#include <leasepool/detail/initiate.hpp>
#include <leasepool/error.hpp>
#include <leasepool/job.hpp>
#include <leasepool/job_options.hpp>
#include <leasepool/lease_executor.hpp>
#include <leasepool/thread_backend.hpp>

#include <boost/asio/execution_context.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace leasepool {
namespace detail {

template <class Backend>
inline constexpr bool runs_on_asio_threads = std::is_same_v<Backend, thread_backend>;

template <class Backend>
inline constexpr bool runs_functions = false;
template <function_backend Backend>
inline constexpr bool runs_functions<Backend> = true;

/// True also for backends that run jobs only: such a backend declares `runs_jobs`.
template <class Backend>
inline constexpr bool runs_jobs = runs_functions<Backend>;
template <class Backend>
requires Backend::runs_jobs inline constexpr bool runs_jobs<Backend> = true;

/// Declares `executor_type`, but only for a lease that is an executor.
template <bool>
struct lease_executor_type {
};
template <>
struct lease_executor_type<true> {
    using executor_type = lease_executor;
};

}  // namespace detail

/// Sole owner of one leased pool, until it is released, destroyed or revoked.
///
/// Move-only. A lease is empty when it is default-constructed, moved from, released, or passed to
/// the handler of a failed acquire. Then `valid()` is false and every use reports
/// `errc::lease_released`: `ended()` returns it, and every function that needs the pool throws it
/// as a `system_error`, at the call.
///
/// **As an executor** (`lease<thread_backend>`). A lease can be used wherever Asio takes an
/// executor or an execution context: `post`, `dispatch`, `defer`, `co_spawn`, `make_strand`,
/// `bind_executor`, timers, sockets. `get_executor()` throws once the lease has ended, so a new
/// submission fails at the call. The executor itself never throws this error (see
/// `basic_lease_executor`). I/O objects built on a lease must be destroyed before the manager is.
///
/// **Ending.** A lease ends by `release()`, by its destructor, or when the manager revokes it. The
/// manager revokes a lease at its hard expiry (soft expiry + `manager_options::grace`), when its
/// pool breaks, and at a stop. The pool is not granted again before all outstanding work of the
/// lease is done. Outstanding work is: functions in flight, and every executor with
/// `outstanding_work.tracked`; Asio's operations and `co_spawn` hold such executors. On revocation,
/// queued functions complete without being run, with the reason, and running functions are asked to
/// stop.
///
/// **Threads.** Distinct leases: safe. One lease: const functions may be called concurrently with
/// each other and with `renew`. The caller must synchronize all other functions.
///
/// **Lifetime.** A lease may outlive the manager and the manager's context; by then it has ended.
template <class Backend>
class lease : public detail::lease_executor_type<detail::runs_on_asio_threads<Backend>> {
    static constexpr bool on_threads = detail::runs_on_asio_threads<Backend>;

public:
    /// Constructs an empty lease.
    lease() noexcept = default;

    lease(lease&& other) noexcept = default;

    /// Releases the lease that it holds, then takes that of `other`.
    lease& operator=(lease&& other) noexcept
    {
        if (this != &other) {
            release();
            state_ = std::move(other.state_);
        }
        return *this;
    }

    /// Releases the lease, see `release()`.
    ~lease() { release(); }

    /// Returns whether it holds a lease: it is not empty and was not released. A revoked lease is
    /// still valid; `ended()` reports the revocation.
    bool valid() const noexcept { return state_ != nullptr; }
    explicit operator bool() const noexcept { return valid(); }

    /// Returns no error while new work is accepted. Otherwise returns the reason why it is refused:
    /// `errc::lease_released`, `lease_expired`, `pool_broken`, or `not_running` after the manager's
    /// stop. May be called from any thread.
    error_code ended() const noexcept
    {
        return state_ ? state_->ended() : error_code(errc::lease_released);
    }

    /// Returns the number of the lease, counted from 1 in each manager; 0 if it is empty.
    std::uint64_t id() const noexcept { return state_ ? state_->id() : 0; }

    /// Returns the owner named at the acquire. The view is valid as long as the lease.
    std::string_view owner() const noexcept
    {
        return state_ ? state_->owner() : std::string_view();
    }

    using time_point = std::chrono::steady_clock::time_point;

    /// Returns the time when the lease was granted.
    time_point leased_at() const noexcept { return state_ ? state_->granted_at() : time_point(); }

    /// Returns the soft expiry, at which the lease is logged as overdue; `time_point::min()` once
    /// it is revoked.
    time_point soft_expires_at() const noexcept
    {
        return state_ ? state_->soft_expiry() : time_point::min();
    }

    /// Returns the hard expiry, at which the lease is revoked; `time_point::min()` once it is
    /// revoked.
    time_point hard_expires_at() const noexcept
    {
        return state_ ? state_->hard_expiry() : time_point::min();
    }

    /// Moves the soft expiry to `duration` from now, and the hard expiry with it.
    ///
    /// Returns false, and changes nothing, if the lease has ended or if `async_acquire` would
    /// refuse `duration` with `errc::invalid_duration`: it is not greater than zero, or it exceeds
    /// a quarter of the range of the steady clock (73 years). After a renewal that returned true
    /// the lease is not revoked at the former expiry.
    ///
    /// May be called from any thread. Does not block.
    bool renew(steady_duration duration) noexcept { return state_ && state_->renew(duration); }

    /// Gives the pool back as soon as its work is done. The lease is empty after the call.
    ///
    /// Idempotent. May be called from any thread, also if no thread runs the executor or the
    /// manager is destroyed. Never throws. Does not block, except while there is no memory, as
    /// described below. If an operation waits for the pool, its handler is posted inside the call.
    /// This allocates nothing if the manager and that handler are on an `io_context`, a
    /// `thread_pool` or a strand of one. Any other executor may allocate; while there is no memory,
    /// the call waits until there is.
    void release() noexcept
    {
        if (auto const state = std::exchange(state_, nullptr))
            state->release();
    }

    /// Releases the lease at once, and completes when the lease's work is done.
    ///
    /// The release happens in this call, whatever the token is. A deferred operation defers only
    /// the wait, which can be launched once.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors
    /// - `errc::would_deadlock`: the operation was begun on one of the lease's own threads, and
    ///   would wait for the work of that thread. The lease is released all the same.
    /// - `errc::not_running`: the manager was destroyed first.
    /// - `boost::asio::error::operation_aborted`: the wait was canceled.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: end the wait, not the release.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call.
    /// @throws system_error(errc::lease_released) if the lease is empty;
    ///     system_error(errc::not_running) if the manager's context is destroyed.
    template <class Token = default_token>
    auto async_release(Token&& token = Token())
    {
        auto state = take_for_operation();
        detail::manager_ptr manager(&state->manager());
        state->release();
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_release(std::move(manager)), token,
            detail::single_wait(std::move(state)));
    }

    /// Runs a function on one of the lease's threads.
    ///
    /// @param function callable as `function()` or as `function(std::stop_token)`. The latter is
    ///     used if both are possible. The function is decay-copied, and moved, not copied, where
    ///     possible. It is destroyed on the thread that ran it, as soon as it has returned. Its
    ///     result is decayed. The result type may be move-only; it must be default-constructible,
    ///     and must not be an awaitable (use `co_spawn(lease, ...)`). With g++ 12 a closure that
    ///     owns its captures must have a name if the call is the operand of `co_await`; a temporary
    ///     closure draws a warning (see `LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING`). Use
    ///     `std::ref(name)` for a closure that cannot be copied:
    /// @code
    /// auto write = [file = std::move(file)]() mutable { file.flush(); };
    /// co_await lease.async_run(std::ref(write));
    /// @endcode
    /// @par Completion Signature
    /// @code void(std::exception_ptr, R) @endcode or, for a function that returns nothing,
    /// @code void(std::exception_ptr) @endcode
    /// @par Completes
    /// when the function has returned, with its result or its exception. Once the function has
    /// begun, the operation does not complete before the function returns, because the function may
    /// refer to the caller's frame.
    /// @par Results whose constructors throw
    /// The result is moved (or copied) once on the thread that ran the function. If that throws,
    /// the exception is the outcome of the operation. After that, only the handler moves the
    /// result. If that move throws, a coroutine that awaits the operation itself receives the
    /// exception, and so does a future. From a callback that takes the result by value, and from an
    /// adapter such as `as_tuple`, the exception leaves the handler, as if the handler's body had
    /// thrown. A default constructor that is not `noexcept` is called once in each call of this
    /// function, to have a value for the case of an error.
    /// @par Errors, as a `boost::system::system_error`; the function was not run:
    /// - `errc::lease_expired`, `errc::not_running`: the lease was revoked, or the manager stopped,
    ///   before the function began.
    /// - `errc::pool_broken` or the backend's own reason: the pool broke before the function began.
    /// - `boost::asio::error::operation_aborted`: the operation was canceled before the function
    ///   began.
    /// @par Per-Operation Cancellation
    /// terminal, partial: if the function has not begun, it never runs; otherwise a stop is
    /// requested on its stop token. total: has an effect only before the function has begun. A stop
    /// is also requested when the lease is revoked.
    /// @par Stop callbacks
    /// At a cancellation, stop callbacks run inside the emission of the signal. At a revocation, at
    /// a stop, and at the manager's end, they run soon after it, on a library thread that serves
    /// only this function meanwhile. A callback that takes long delays only its own function, which
    /// cannot return before the callback does. (If there is no memory or no thread, the callbacks
    /// run where the lease is revoked, on a thread of the manager's executor.) A callback may
    /// destroy the lease and the manager: then the destructor does not wait for the functions;
    /// another thread does.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call.
    /// @par Threads
    /// Functions of one lease run concurrently, on as many threads as the pool has workers; they
    /// begin in the order of the calls.
    /// @par Exception Safety
    /// Throws, and begins nothing: `system_error(errc::lease_released)` if the lease is empty,
    /// `system_error(errc::not_running)` if the manager's context is destroyed, `std::bad_alloc`,
    /// and any exception from moving the function or the handler or from the default constructor of
    /// the result.
    template <class Function, class Token = default_run_token>
    requires(!detail::job_call_like<Function> &&
        !std::same_as<std::decay_t<Function>, job_options> &&
        !detail::awaits_temporary<Token, Function>) auto async_run(Function&& function,
        Token&& token = Token())
    {
        return run(std::forward<Function>(function), std::forward<Token>(token));
    }

    /// Runs a job on one of the lease's workers, a thread or a process. The calling code is the
    /// same for both.
    ///
    /// @param call the result of calling a `leasepool::job`. With g++ 12 it must have a name if the
    ///     job takes an aggregate and the call is the operand of `co_await`; a temporary one draws
    ///     a warning (see `LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING`).
    /// @par Completion Signature
    /// @code void(std::exception_ptr, R) @endcode or, for a job that returns nothing,
    /// @code void(std::exception_ptr) @endcode
    /// @par Completes
    /// when the job is over: it has returned or thrown, or the worker that ran it has died. The
    /// operation completes exactly once. A job that may have begun is never run again. If a worker
    /// dies, a job that certainly has not begun goes to another worker.
    /// @par Errors, as a `boost::system::system_error`
    /// Those of functions, see above, and
    /// - on threads: the exception of the job's function, as it was thrown; `errc::job_not_local`.
    /// - on worker processes: `remote_error` (`errc::remote_exception`) if the job threw;
    ///   `worker_died` (`errc::worker_died`) if the worker died while it ran the job;
    ///   `errc::job_timeout`; `errc::not_serializable`, naming the argument;
    ///   `errc::message_too_large`; `errc::unknown_job`, `errc::bad_arguments`, `errc::bad_result`,
    ///   `errc::protocol_error`. The text of each error says what to do.
    /// @par Per-Operation Cancellation
    /// terminal, partial: if the job has not begun, it never runs; otherwise it is asked to stop. A
    /// worker process that does not answer within `kill_grace` is killed. total: has an effect only
    /// while the job is queued. The operation completes when the job is over. If the job ended
    /// because it was asked to stop, the error is `boost::asio::error::operation_aborted` or the
    /// reason for which the lease was revoked.
    /// @par Executor
    /// The handler's associated executor, by default the manager's. The handler is never called
    /// inside the initiating call.
    /// @par Exception Safety
    /// As for functions. If arguments cannot be converted or sent, the operation completes with the
    /// error; the call does not throw.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(
        Call&& call, Token&& token = Token())
    {
        return launch<std::decay_t<Call>>(
            std::forward<Call>(call), job_options(), std::forward<Token>(token));
    }

    /// Runs a job as above, with a time limit and a progress callback.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(
        job_options options, Call&& call, Token&& token = Token())
    {
        return launch<std::decay_t<Call>>(
            std::forward<Call>(call), std::move(options), std::forward<Token>(token));
    }

    /// Runs a job of a worker process by its name. Arguments and result are JSON values and are not
    /// converted. On threads the operation fails with `errc::job_not_local`.
    ///
    /// @param params an array of arguments; an object, for workers that take arguments by name; or
    ///     null, for no arguments.
    /// @par Completion Signature
    /// @code void(std::exception_ptr, boost::json::value) @endcode
    /// @throws std::invalid_argument if `params` is of another kind, or if the name is empty or
    ///     begins with `leasepool/`.
    ///
    /// g++ 12 rejects a braced list in a `co_await` operand ("array used as initializer"), also as
    /// the initializer of a `boost::json::array`. These spellings compile:
    /// @code
    /// boost::json::value const params{2, 3};
    /// co_await lease.async_call("add", params);
    /// co_await lease.async_call("add", boost::json::value_from(std::tuple(2, 3)));
    /// auto call = lease.async_call("add", {2, 3});
    /// co_await std::move(call);
    /// @endcode
    ///
    /// Otherwise the contract is that of `async_run` of a job.
    template <class Token = default_run_token>
    auto async_call(std::string_view name, boost::json::value params, Token&& token = Token())
    {
        return async_call(job_options(), name, std::move(params), std::forward<Token>(token));
    }

    /// Runs a job by its name as above, with a time limit and a progress callback.
    template <class Token = default_run_token>
    auto async_call(job_options options, std::string_view name, boost::json::value params,
        Token&& token = Token())
    {
        return launch<detail::untyped_call>(detail::untyped_call(name, std::move(params)),
            std::move(options), std::forward<Token>(token));
    }

    // As an executor ------------------------------------------------------------------------------

    /// Returns the executor of the lease.
    /// @throws system_error with the code of `ended()` once the lease has ended.
    lease_executor get_executor() const requires on_threads
    {
        if (auto const error = ended())
            throw boost::system::system_error(error);
        return lease_executor(state_, 0, std::allocator<void>());
    }

    /// Returns the same executor, type-erased. Does not allocate.
    operator boost::asio::any_io_executor() const requires on_threads { return get_executor(); }

    /// Returns the execution context of the lease's pool.
    /// @throws system_error with the code of `ended()` once the lease has ended. An I/O object asks
    ///     the context for its services before it asks for an executor, and the pool may be closing
    ///     by then.
    operator boost::asio::execution_context&() const requires on_threads
    {
        if (auto const error = ended())
            throw boost::system::system_error(error);
        return state_->context();
    }

    /// @cond
    explicit lease(detail::lease_ptr state) noexcept : state_(std::move(state)) {}

#ifdef LEASEPOOL_DETAIL_CO_AWAIT_WARNING
    template <class Work, detail::awaits_temporary<Work> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_run(Work&& work, Token&& token = Token())
    {
        if constexpr (detail::job_call_like<Work>)
            return launch<std::decay_t<Work>>(
                std::forward<Work>(work), job_options(), std::forward<Token>(token));
        else
            return run(std::forward<Work>(work), std::forward<Token>(token));
    }

    template <detail::job_call_like Call, detail::awaits_temporary<Call> Token = default_run_token>
    LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED auto async_run(
        job_options options, Call&& call, Token&& token = Token())
    {
        return launch<std::decay_t<Call>>(
            std::forward<Call>(call), std::move(options), std::forward<Token>(token));
    }
#endif
    /// @endcond

private:
    template <class Function, class Token>
    auto run(Function&& function, Token&& token)
    {
        static_assert(detail::runs_functions<Backend>,
            "async_run: leases of this backend run no callables, only jobs; declare the "
            "function as a leasepool::job and pass a call of it");
        using result = detail::run_result_t<std::decay_t<Function>>;
        return boost::asio::async_initiate<Token, typename detail::run_signature<result>::type>(
            detail::initiate_run(checked()), token,
            std::decay_t<Function>(std::forward<Function>(function)));
    }

    template <class Call, class Token>
    auto launch(Call call, job_options&& options, Token&& token)
    {
        static_assert(detail::runs_jobs<Backend>, "async_run: leases of this backend run no jobs");
        auto state = checked();
        detail::job_launch<Call> job{
            std::move(call), std::move(options), state->manager().executor()};
        return boost::asio::async_initiate<Token,
            typename detail::run_signature<typename Call::result_type>::type>(
            detail::initiate_run(std::move(state)), token, std::move(job));
    }

    detail::lease_ptr checked() const
    {
        if (!state_)
            detail::throw_errc(errc::lease_released);
        return state_;
    }

    detail::lease_ptr take_for_operation()
    {
        if (!state_)
            detail::throw_errc(errc::lease_released);
        return std::exchange(state_, nullptr);
    }

    detail::lease_ptr state_;
};

}  // namespace leasepool

#endif
