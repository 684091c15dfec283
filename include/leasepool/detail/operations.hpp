// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_OPERATIONS_HPP
#define LEASEPOOL_DETAIL_OPERATIONS_HPP

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/held_result.hpp>
#include <leasepool/detail/lease_state.hpp>
#include <leasepool/detail/manager_interface.hpp>
#include <leasepool/detail/run_operation.hpp>

#include <boost/asio/cancellation_type.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

/// The concrete operations. Each adds a handler to a base class of the compiled core.
namespace leasepool::detail {

template <class Handler>
held_executor executor_for(Handler const& handler, manager_interface const& manager)
{
    return held_executor(boost::asio::get_associated_executor(handler, manager.executor()));
}

/// Emplaces the result of `make` in the handler's cancellation slot, if the slot is connected.
template <class Handler, class Make>
void connect_slot(Handler const& handler, Make make)
{
    auto slot = boost::asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected())
        slot.template emplace<std::invoke_result_t<Make&>>(make());
}

/// Signature: void(error_code). For start, stop and release.
template <class Handler>
class plain_operation final : public plain_completion {
public:
    template <class H>
    plain_operation(H&& h, executor_ref&& ex)
        : plain_completion(&go, std::move(ex)), handler(std::forward<H>(h))
    {
    }

    static void go(completion* base, step what)
    {
        auto* const self = static_cast<plain_operation*>(base);
        auto const executor = self->take_executor();
        auto const error = self->error;
        Handler handler(std::move(self->handler));
        delete_operation(self, handler, executor);
        if (what != step::deliver)
            return;
        std::move(handler)(error);
    }

    Handler handler;
};

/// Signature: void(error_code, stats).
template <class Handler, class Stats = stats>
class stats_operation final : public stats_completion_of<Stats> {
    using typename completion::step;

public:
    template <class H>
    stats_operation(H&& h, executor_ref&& ex)
        : stats_completion_of<Stats>(&go, std::move(ex)), handler(std::forward<H>(h))
    {
    }

    static void go(completion* base, step what)
    {
        auto* const self = static_cast<stats_operation*>(base);
        auto const executor = self->take_executor();
        auto const error = self->error;
        auto value = std::move(self->value);
        Handler handler(std::move(self->handler));
        delete_operation(self, handler, executor);
        if (what != step::deliver)
            return;
        std::move(handler)(error, std::move(value));
    }

    Handler handler;
};

/// Signature: void(error_code, Lease).
template <class Lease, class Handler>
class acquire_operation final : public lease_completion {
public:
    template <class H>
    acquire_operation(H&& h, executor_ref&& ex, lease_ptr&& claim)
        : lease_completion(&go, std::move(ex), std::move(claim)), handler(std::forward<H>(h))
    {
    }

    static void go(completion* base, step what)
    {
        auto* const self = static_cast<acquire_operation*>(base);
        if (what == step::settled) {
            self->post_handler("async_acquire");
            return;
        }
        auto const executor = self->take_executor();
        auto const error = self->lease->failure();
        // If the handler is not called, the destructor of `granted` gives the lease back.
        Lease granted(error ? nullptr : std::move(self->lease));
        Handler handler(std::move(self->handler));
        delete_operation(self, handler, executor);
        if (what != step::deliver)
            return;
        std::move(handler)(error, std::move(granted));
    }

    Handler handler;
};

// Running functions -------------------------------------------------------------------------------

template <class T>
concept awaitable_like = requires(T& t)
{
    t.await_ready();
}
|| requires(T&& t)
{
    static_cast<T&&>(t).operator co_await();
};

template <class F>
concept takes_stop_token = std::invocable<F&, std::stop_token>;

template <class F>
struct run_result {
    static_assert(std::invocable<F&> || takes_stop_token<F>,
        "async_run: the callable must be callable with no arguments, or with a "
        "std::stop_token; bind its arguments in a lambda");
    using type = std::decay_t<typename std::conditional_t<takes_stop_token<F>,
        std::invoke_result<F&, std::stop_token>, std::invoke_result<F&>>::type>;
    static_assert(!awaitable_like<type>,
        "async_run: the callable returns an awaitable; run a coroutine on a lease with "
        "boost::asio::co_spawn(lease, ...) instead");
    static_assert(std::is_void_v<type> || std::default_initializable<type>,
        "async_run: the callable's result must be default-constructible, for the case "
        "of an error; return a std::optional of it");
};

template <class F>
using run_result_t = typename run_result<std::decay_t<F>>::type;

template <class R>
struct run_signature {
    using type = void(std::exception_ptr, R);
};
template <>
struct run_signature<void> {
    using type = void(std::exception_ptr);
};

/// Keeps a result until the handler gets it. Signature: void(std::exception_ptr[, R]). `Base` is
/// `run_operation` or a class derived from it.
template <class R, class Handler, class Derived, class Base = run_operation>
class result_operation : public Base {
    using typename completion::step;

public:
    static constexpr bool returns = !std::is_void_v<R>;

protected:
    struct nothing {};

    template <class H>
    result_operation(run_operation::answerer a, H&& h, executor_ref&& ex, lease_ptr&& on)
        : Base(&go, a, std::move(ex), std::move(on)), handler(std::forward<H>(h))
    {
    }
    ~result_operation() = default;

    [[no_unique_address]] std::conditional_t<returns, held_result<R>, nothing> result_;

private:
    static void go(completion* base, step what)
    {
        auto* const self = static_cast<Derived*>(base);
        if (what == step::settled)
            return self->run_settled();
        self->detach();
        auto const executor = self->take_executor();
        auto result = std::move(self->result_);
        Handler handler(std::move(self->handler));
        if (what != step::deliver)
            return delete_operation(self, handler, executor);
        auto error = self->outcome();
        delete_operation(self, handler, executor);
        if constexpr (returns)
            call_with_result(handler, std::move(error), result.get());
        else
            std::move(handler)(std::move(error));
    }

public:
    Handler handler;
};

/// Runs a callable. Signature: void(std::exception_ptr[, R]).
template <class F, class Handler, class Base = run_operation>
class function_operation final : public result_operation<run_result_t<F>, Handler,
                                     function_operation<F, Handler, Base>, Base> {
    using base =
        result_operation<run_result_t<F>, Handler, function_operation<F, Handler, Base>, Base>;
    friend base;

public:
    template <class H, class Function>
    function_operation(H&& h, executor_ref&& ex, lease_ptr&& on, Function&& f)
        : base(&answer, std::forward<H>(h), std::move(ex), std::move(on)),
          function_(std::in_place, std::forward<Function>(f))
    {
    }

private:
    using typename run_operation::question;

    static void* answer(run_operation* op, question what) noexcept
    {
        auto& self = *static_cast<function_operation*>(op);
        if (what == question::call)
            self.invoke();
        if constexpr (takes_stop_token<F>)
            if (what == question::stop)
                return &self.stop_;
        return nullptr;
    }

    void invoke() noexcept
    {
        try {
            if constexpr (base::returns)
                this->result_.emplace(invoke_function());
            else
                invoke_function();
        }
        catch (...) {
            this->exception = std::current_exception();
        }
        // The callable is destroyed here, on the pool's thread, before the handler can run.
        function_.reset();
    }

    decltype(auto) invoke_function()
    {
        if constexpr (takes_stop_token<F>)
            return std::invoke(*function_, stop_.get_token());
        else
            return std::invoke(*function_);
    }

    std::optional<F> function_;
    [[no_unique_address]] std::conditional_t<takes_stop_token<F>, std::stop_source,
        typename base::nothing>
        stop_;
};

}  // namespace leasepool::detail

#endif
