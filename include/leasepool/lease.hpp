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

/// Also backends that run nothing else, which say so.
template <class Backend>
inline constexpr bool runs_jobs = runs_functions<Backend>;
template <class Backend>
requires Backend::runs_jobs inline constexpr bool runs_jobs<Backend> = true;

/// Where a lease is no executor it has no `executor_type`.
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
/// Move-only. Empty when default-constructed, moved from, released, or handed over by a failed
/// acquire; then `valid()` is false and every use says `errc::lease_released`: `ended()` returns it,
/// and everything that would need the pool throws it as a `system_error`, at the call.
///
/// **As an executor** (`lease<thread_backend>`). It stands wherever Asio takes an executor or an
/// execution context: `post`, `dispatch`, `defer`, `co_spawn`, `make_strand`, `bind_executor`,
/// timers, sockets. `get_executor()` throws once the lease has ended, so that a new submission
/// fails at the call; the executor itself never throws (see `basic_lease_executor`). I/O objects
/// built on a lease must be destroyed before the manager is.
///
/// **Ending.** A lease ends by `release()`, by its destructor, or when the manager revokes it: at
/// its hard expiry (soft expiry + `manager_options::grace`), because its pool broke, or at a stop.
/// Its pool is given to nobody else before all outstanding work is done: functions in flight, and
/// whatever holds an executor with `outstanding_work.tracked`, as Asio's operations and `co_spawn`
/// do. On revocation, queued functions complete un-run with the reason and running ones are asked
/// to stop.
///
/// **Threads.** Distinct leases: safe. One lease: const functions may be called concurrently with
/// each other and with `renew`; the others need your synchronization.
///
/// **Lifetime.** It may outlive the manager and the manager's context; then it has ended.
template <class Backend>
class lease : public detail::lease_executor_type<detail::runs_on_asio_threads<Backend>> {
    static constexpr bool on_threads = detail::runs_on_asio_threads<Backend>;

public:
    /// Empty.
    lease() noexcept = default;

    lease(lease&& other) noexcept = default;

    /// Releases what it held.
    lease& operator=(lease&& other) noexcept
    {
        if (this != &other) {
            release();
            state_ = std::move(other.state_);
        }
        return *this;
    }

    /// Releases, see `release()`.
    ~lease() { release(); }

    /// Whether it holds a lease: not empty and not released. A lease that was revoked is valid;
    /// `ended()` tells.
    bool valid() const noexcept { return state_ != nullptr; }
    explicit operator bool() const noexcept { return valid(); }

    /// No error while new work is accepted; else why it is not: `errc::lease_released`,
    /// `lease_expired`, `pool_broken`, or `not_running` after the manager's stop. Any thread.
    error_code ended() const noexcept
    {
        return state_ ? detail::ended(*state_) : error_code(errc::lease_released);
    }

    /// Numbers leases from 1 in each manager; 0 if empty.
    std::uint64_t id() const noexcept { return state_ ? detail::id_of(*state_) : 0; }

    /// The owner named at the acquire. Valid for as long as the lease.
    std::string_view owner() const noexcept
    {
        return state_ ? detail::owner_of(*state_) : std::string_view();
    }

    using time_point = std::chrono::steady_clock::time_point;

    /// When it was granted.
    time_point leased_at() const noexcept
    {
        return state_ ? detail::leased_at(*state_) : time_point();
    }

    /// When it is logged as overdue. `time_point::min()` once revoked.
    time_point soft_expires_at() const noexcept
    {
        return state_ ? detail::soft_expiry_of(*state_) : time_point::min();
    }

    /// When it is revoked. `time_point::min()` once revoked.
    time_point hard_expires_at() const noexcept
    {
        return state_ ? detail::hard_expiry_of(*state_) : time_point::min();
    }

    /// Moves the soft expiry to `duration` from now, and the hard expiry with it.
    ///
    /// Returns false, and changes nothing, if the lease has ended or `duration` is one that
    /// `async_acquire` refuses with `errc::invalid_duration`: not greater than zero, or beyond a
    /// quarter of what the steady clock can hold (73 years). A renewal that returns true is never
    /// overtaken by a revocation of the former expiry.
    /// Any thread; does not block.
    bool renew(steady_duration duration) noexcept
    {
        return state_ && detail::renew(*state_, duration);
    }

    /// Gives the pool back as soon as its work is done; the lease is empty then.
    ///
    /// Idempotent. Any thread, also where no executor runs or the manager is gone. Never blocks or
    /// throws. If an operation waits for the pool, its handler is posted inside the call. This
    /// allocates nothing where the manager and that handler are on an `io_context`, a `thread_pool` or a
    /// strand of one. Any other executor may allocate; while memory is lacking the call waits for it.
    void release() noexcept
    {
        if (auto const state = std::exchange(state_, nullptr))
            detail::release(*state);
    }

    /// Releases at once, and completes when the lease's work is done.
    ///
    /// The release itself happens in this call, whatever the token; what a deferred operation
    /// defers is the wait, which can be launched once.
    ///
    /// @par Completion Signature
    /// @code void(error_code) @endcode
    /// @par Errors
    /// - `errc::would_deadlock`: begun on one of the lease's own threads, whose work it would wait
    ///   for. The lease is released all the same.
    /// - `errc::not_running`: the manager was destroyed first.
    /// - `boost::asio::error::operation_aborted`: the wait was canceled.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total: end the wait, not the release.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call.
    /// @throws system_error(errc::lease_released) if it is empty; system_error(errc::not_running) if
    ///     the manager's context is gone.
    template <class Token = default_token>
    auto async_release(Token&& token = Token())
    {
        auto state = take_for_operation();
        auto core = detail::core_of(*state);
        detail::release(*state);
        return boost::asio::async_initiate<Token, void(error_code)>(
            detail::initiate_release(std::move(core)), token,
            detail::single_wait(std::move(state)));
    }

    /// Runs a function on one of the lease's threads.
    ///
    /// @param function callable as `function()` or, preferred where it can be called both ways,
    ///     `function(std::stop_token)`. Decay-copied; moved, not copied, where it can be. It is
    ///     destroyed on the thread that ran it, as soon as it has returned. Its result is decayed;
    ///     it may be move-only; it must be default-constructible. It must not be an awaitable (use
    ///     `co_spawn(lease, ...)`). With g++ 12 a closure that owns its captures must have a name if
    ///     the call is the operand of `co_await`; a temporary one draws a warning (see
    ///     `LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING`). `std::ref(name)` is for one that cannot be copied:
    /// @code
    /// auto write = [file = std::move(file)]() mutable { file.flush(); };
    /// co_await lease.async_run(std::ref(write));
    /// @endcode
    /// @par Completion Signature
    /// @code void(std::exception_ptr, R) @endcode or, for a function that returns nothing,
    /// @code void(std::exception_ptr) @endcode
    /// @par Completes
    /// when the function has returned, with what it returned or threw. Once begun it never
    /// completes earlier, because the function may refer to the caller's frame.
    /// @par Results whose constructors throw
    /// The result is moved (or copied) once on the thread that ran the function; what that throws is
    /// the outcome. After that only the handler moves it. A coroutine that awaits the operation itself
    /// gets what that move throws, and so does a future. From a callback that takes the result by
    /// value, and from an adapter such as `as_tuple`, the exception leaves the handler, as if its body
    /// had thrown. A default constructor that is not `noexcept` is called once by each call of this
    /// function, so that there is a value for the case of an error.
    /// @par Errors, as a `boost::system::system_error`; the function was not run:
    /// - `errc::lease_expired`, `errc::not_running`: it was revoked, or the manager stopped, before
    ///   the function began.
    /// - `errc::pool_broken` or the backend's own reason: the pool broke before it began.
    /// - `boost::asio::error::operation_aborted`: canceled before it began.
    /// @par Per-Operation Cancellation
    /// terminal, partial: before it began, it never runs; after that, its stop token is asked to
    /// stop. total: only before it began. The stop token is also asked to stop when the lease is
    /// revoked.
    /// @par Stop callbacks
    /// At a cancellation they run inside the emission of the signal. At a revocation, a stop and the
    /// manager's end they run on a thread of the library's that serves this function alone meanwhile,
    /// soon after; one that takes long holds up only its own function, which cannot return before. (If
    /// no memory or no thread can be obtained they run where the lease is revoked, on a thread of the
    /// manager's executor.) A callback may destroy the lease and the manager: the destructor does not
    /// wait for the functions then, and another thread does.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call.
    /// @par Threads
    /// Functions of one lease run concurrently, on as many threads as the pool has workers; they
    /// begin in the order of the calls.
    /// @par Exception Safety
    /// Throws, with nothing begun, `system_error(errc::lease_released)` if it is empty,
    /// `system_error(errc::not_running)` if the manager's context is gone, `std::bad_alloc`, and what
    /// moving the function or handler throws, or the default constructor of the result.
    template <class Function, class Token = default_run_token>
    requires(!detail::job_call_like<Function> &&
        !std::same_as<std::decay_t<Function>, job_options> &&
        !detail::awaits_temporary<Token, Function>) auto async_run(Function&& function,
        Token&& token = Token())
    {
        return run(std::forward<Function>(function), std::forward<Token>(token));
    }

    /// Runs a job on one of the lease's workers: a thread, or a process. The program is the same.
    ///
    /// @param call what calling a `leasepool::job` returns. With g++ 12 it must have a name if the
    ///     job takes an aggregate and the call is the operand of `co_await`; a temporary one draws a
    ///     warning (see `LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING`).
    /// @par Completion Signature
    /// @code void(std::exception_ptr, R) @endcode or, for a job that returns nothing,
    /// @code void(std::exception_ptr) @endcode
    /// @par Completes
    /// when the job is over: it has returned or thrown, or it never will, because its worker is dead.
    /// It completes exactly once. A job that may have begun is never run again; one that surely has
    /// not, when its worker dies, goes to another worker.
    /// @par Errors, as a `boost::system::system_error`
    /// Those of functions, see above, and
    /// - on threads: the exception of the job's function, as it was thrown; `errc::job_not_local`.
    /// - on worker processes: `remote_error` (`errc::remote_exception`) for an exception of the job;
    ///   `worker_died` (`errc::worker_died`) if the worker died while it ran the job;
    ///   `errc::job_timeout`; `errc::not_serializable`, naming the argument; `errc::message_too_large`;
    ///   `errc::unknown_job`, `errc::bad_arguments`, `errc::bad_result`, `errc::protocol_error`. Each
    ///   has a text that says what to do.
    /// @par Per-Operation Cancellation
    /// terminal, partial: before it began, it never runs; after that it is asked to stop. A worker
    /// process that does not answer within `kill_grace` is killed. total: only while it is queued.
    /// The operation completes when the job is over; if that was for the asking, with
    /// `boost::asio::error::operation_aborted`, or with what revoked the lease.
    /// @par Executor
    /// The handler's associated executor, by default the manager's; never inside the call.
    /// @par Exception Safety
    /// As for functions. Arguments that cannot be converted or sent are an outcome of the operation.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(
        Call&& call, Token&& token = Token())
    {
        return launch<std::decay_t<Call>>(
            std::forward<Call>(call), job_options(), std::forward<Token>(token));
    }

    /// The same, with a time limit and news of its progress.
    template <detail::job_call_like Call, class Token = default_run_token>
    requires(!detail::awaits_temporary<Token, Call>) auto async_run(
        job_options options, Call&& call, Token&& token = Token())
    {
        return launch<std::decay_t<Call>>(
            std::forward<Call>(call), std::move(options), std::forward<Token>(token));
    }

    /// Runs a job of a worker process by its name; arguments and result are JSON as they are. On
    /// threads it fails with `errc::job_not_local`.
    ///
    /// @param params an array of arguments; an object, for workers that take arguments by name; or
    ///     null: none.
    /// @par Completion Signature
    /// @code void(std::exception_ptr, boost::json::value) @endcode
    /// @throws std::invalid_argument if `params` is something else, or the name is empty or begins
    ///     with `leasepool/`.
    ///
    /// In all else it is `async_run` of a job.
    template <class Token = default_run_token>
    auto async_call(std::string_view name, boost::json::value params, Token&& token = Token())
    {
        return async_call(job_options(), name, std::move(params), std::forward<Token>(token));
    }

    /// The same, with a time limit and news of its progress.
    template <class Token = default_run_token>
    auto async_call(job_options options, std::string_view name, boost::json::value params,
        Token&& token = Token())
    {
        return launch<detail::untyped_call>(detail::untyped_call(name, std::move(params)),
            std::move(options), std::forward<Token>(token));
    }

    // As an executor -------------------------------------------------------------------------------

    /// The executor of the lease.
    /// @throws system_error with the code of `ended()` once the lease has ended.
    lease_executor get_executor() const requires on_threads
    {
        if (auto const error = ended())
            throw boost::system::system_error(error);
        return lease_executor(state_, 0, std::allocator<void>());
    }

    /// The same, type-erased; does not allocate.
    operator boost::asio::any_io_executor() const requires on_threads { return get_executor(); }

    /// The execution context of the lease's pool.
    /// @throws system_error with the code of `ended()` once the lease has ended: an I/O object asks
    ///     the context for its services first, and the pool may be closing.
    operator boost::asio::execution_context&() const requires on_threads
    {
        if (auto const error = ended())
            throw boost::system::system_error(error);
        return detail::context_of(*state_);
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
            std::move(call), std::move(options), detail::executor_of(*detail::core_of(*state))};
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
