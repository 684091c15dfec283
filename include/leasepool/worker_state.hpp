// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WORKER_STATE_HPP
#define LEASEPOOL_WORKER_STATE_HPP

#include <leasepool/config.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace leasepool {
namespace detail {

/// The type-erased state of one worker.
class worker_state_base {
public:
    virtual ~worker_state_base() = default;
    virtual std::type_info const& type() const noexcept = 0;
    virtual void* get() noexcept = 0;
};

template <class State>
class worker_state_holder final : public worker_state_base {
public:
    template <class Factory>
    explicit worker_state_holder(Factory& make) : state_(make())
    {
    }
    std::type_info const& type() const noexcept override { return typeid(State); }
    void* get() noexcept override { return &state_; }

private:
    State state_;
};

/// Returns the state of the worker that runs on this thread, if it is of this type. Otherwise
/// throws errc::no_worker_state.
void* worker_state_of_this_thread(std::type_info const& type);

/// While an object of this class exists, this thread is the worker with that state. Null: a worker
/// without a state.
class worker_state_scope {
public:
    explicit worker_state_scope(worker_state_base* state) noexcept;
    ~worker_state_scope();
    worker_state_scope(worker_state_scope const&) = delete;
    worker_state_scope& operator=(worker_state_scope const&) = delete;

private:
    worker_state_base* before_;
};

}  // namespace detail

/// Makes a separate state for each worker of a pool: a database handle, a parser, scratch memory.
///
/// Constructed from any copyable callable that takes no arguments and returns the state by value;
/// the state need not be movable. Functions access the state through `with_state`, jobs through
/// `job_context::state`.
///
/// On threads, the callable is called on each thread when the thread starts, and may be called on
/// several threads at once. The state is destroyed on that thread when the thread ends. If the
/// callable throws, the pool fails to start with that exception. In a worker process, `run_worker`
/// calls it once; see `worker_options`.
///
/// @code
/// leasepool::thread_backend backend({.worker_state = [] { return open_database("orders"); }});
/// @endcode
class worker_state_factory {
public:
    /// Constructs a factory that makes no state.
    worker_state_factory() noexcept = default;

    template <class Factory>
    requires(!std::same_as<std::remove_cvref_t<Factory>, worker_state_factory> &&
        std::is_object_v<std::invoke_result_t<std::decay_t<Factory>&>>)
        // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): excluded by the constraint
        worker_state_factory(Factory&& make)
        : make_([make = std::forward<Factory>(make)]() mutable {
              using state = std::invoke_result_t<std::decay_t<Factory>&>;
              return std::unique_ptr<detail::worker_state_base>(
                  std::make_unique<detail::worker_state_holder<state>>(make));
          })
    {
    }

    explicit operator bool() const noexcept { return static_cast<bool>(make_); }

    /// @cond
    std::unique_ptr<detail::worker_state_base> operator()() const { return make_(); }
    /// @endcond

private:
    std::function<std::unique_ptr<detail::worker_state_base>()> make_;
};

/// The result of `with_state`: a callable for `async_run`.
template <class State, class Function>
class with_state_function {
public:
    explicit with_state_function(Function f) : function_(std::move(f)) {}

    decltype(auto) operator()() requires std::invocable<Function&, State&>
    {
        return std::invoke(function_, state());
    }

    decltype(auto) operator()(
        std::stop_token stop) requires std::invocable<Function&, State&, std::stop_token>
    {
        return std::invoke(function_, state(), std::move(stop));
    }

private:
    static State& state()
    {
        return *static_cast<State*>(detail::worker_state_of_this_thread(typeid(State)));
    }

    Function function_;
};

/// Returns a function that is called with the state of the worker on which it runs: `f(State&)` or
/// `f(State&, std::stop_token)`.
///
/// With g++ 12 the returned object must be a named variable if `f` owns its captures and the run is
/// the operand of `co_await` (see `LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING`).
///
/// The call of the function throws `system_error(errc::no_worker_state)` if the backend makes no
/// state, or if the type of the state is not exactly `State`. No two functions use one state at the
/// same time.
///
/// @code
/// auto n = co_await lease.async_run(
///     leasepool::with_state<database>([&](database& db) { return db.count("orders"); }));
/// @endcode
template <class State, class Function>
with_state_function<State, std::decay_t<Function>> with_state(Function&& f)
{
    return with_state_function<State, std::decay_t<Function>>(std::forward<Function>(f));
}

}  // namespace leasepool

#endif
