// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_INITIATE_HPP
#define LEASEPOOL_DETAIL_INITIATE_HPP

#include <leasepool/detail/job_operation.hpp>
#include <leasepool/detail/operations.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#if BOOST_VERSION < 108300
#include <boost/asio/use_awaitable.hpp>
#endif

#include <boost/system/system_error.hpp>

#include <type_traits>
#include <utility>

namespace leasepool {

/// The default completion token of operations that complete with an error code.
using default_token = boost::asio::deferred_t;

/// The default completion token of operations that complete with an exception. Before Boost 1.83 a
/// deferred operation that has a result cannot be awaited.
#if BOOST_VERSION < 108300
using default_run_token = boost::asio::use_awaitable_t<>;
#else
using default_run_token = boost::asio::deferred_t;
#endif

namespace detail {

/// Base class of the initiations on a manager. Asio uses `get_executor` to find the executor of the
/// manager.
class initiation {
public:
    using executor_type = boost::asio::any_io_executor;
    executor_type get_executor() const noexcept { return manager_->executor(); }

    explicit initiation(manager_ptr manager) noexcept : manager_(std::move(manager)) {}

protected:
    manager_ptr manager_;
};

class initiate_command : public initiation {
public:
    using initiation::initiation;

    /// `make` makes a command of the manager. It may be called more than once.
    template <class Handler, class Make>
    void operator()(Handler&& handler, Make make) const
    {
        manager_->require_context();
        command_ptr what = make(*manager_);
        auto ex = executor_for(handler, *manager_);
        if constexpr (Make::cancelable) {
            connect_slot(handler, [&what] {
                return [what](boost::asio::cancellation_type type) {
                    if (is_cancellation(type))
                        what->cancel();
                };
            });
            using op = plain_operation<std::decay_t<Handler>>;
            what->submit(*new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
        }
        else {
            using op = stats_operation<std::decay_t<Handler>>;
            what->submit(*new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
        }
    }
};

struct start_maker {
    static constexpr bool cancelable = true;
    command_ptr operator()(manager_interface& manager) const { return manager.make_start(); }
};

struct stop_maker {
    static constexpr bool cancelable = true;
    stop_options options;
    command_ptr operator()(manager_interface& manager) const { return manager.make_stop(options); }
};

struct stats_maker {
    static constexpr bool cancelable = false;
    command_ptr operator()(manager_interface& manager) const { return manager.make_stats(); }
};

/// Base class of the initiations on a lease or a claim. It reaches the manager through the lease,
/// so that it needs one reference count less.
class lease_initiation {
public:
    using executor_type = boost::asio::any_io_executor;
    executor_type get_executor() const noexcept { return lease_->manager().executor(); }

    explicit lease_initiation(lease_ptr lease) noexcept : lease_(std::move(lease)) {}

protected:
    lease_ptr lease_;
};

template <class Lease>
class initiate_acquire : public lease_initiation {
public:
    using lease_initiation::lease_initiation;

    template <class Handler>
    void operator()(Handler&& handler) const&
    {
        begin(std::forward<Handler>(handler), lease_);
    }

    template <class Handler>
    void operator()(Handler&& handler) &&
    {
        begin(std::forward<Handler>(handler), std::move(lease_));
    }

private:
    template <class Handler>
    static void begin(Handler&& handler, lease_ptr claim)
    {
        claim->manager().require_context();
        claim = lease_state::unshared(std::move(claim));
        using op = acquire_operation<Lease, std::decay_t<Handler>>;
        auto ex = executor_for(handler, claim->manager());
        connect_slot(handler, [&claim] {
            return [claim](boost::asio::cancellation_type type) {
                if (is_cancellation(type))
                    claim->cancel_acquire();
            };
        });
        auto& state = *claim;
        state.acquire(
            *new_operation<op>(std::forward<Handler>(handler), std::move(ex), std::move(claim)));
    }
};

/// The lease whose drain an operation waits for. Only one operation may wait for it. So this type
/// can be moved and not copied, and a deferred wait can be launched only once.
struct single_wait {
    explicit single_wait(lease_ptr l) noexcept : lease(std::move(l)) {}
    single_wait(single_wait&&) = default;

    lease_ptr lease;
};

class initiate_release : public initiation {
public:
    using initiation::initiation;

    template <class Handler>
    void operator()(Handler&& handler, single_wait wait) const
    {
        auto const& lease = wait.lease;
        manager_->require_context();
        auto ex = executor_for(handler, *manager_);
        connect_slot(handler, [&lease] {
            return [lease](boost::asio::cancellation_type type) {
                if (is_cancellation(type))
                    lease->cancel_drain_wait();
            };
        });
        using op = plain_operation<std::decay_t<Handler>>;
        lease->await_drain(*new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
    }
};

/// Selects the operation that runs an F, which is a callable or a `job_launch`.
template <class F, class Handler, class Base>
struct run_operation_of {
    using type = function_operation<F, Handler, Base>;
};
template <class Call, class Handler, class Base>
struct run_operation_of<job_launch<Call>, Handler, Base> {
    using type = job_operation<Call, Handler, Base>;
};
template <class F, class Handler, class Base = run_operation>
using run_operation_for = typename run_operation_of<F, Handler, Base>::type;

template <class Handler, class F>
run_operation& make_run_operation(Handler&& handler, F&& f, lease_ptr&& on)
{
    using op_type = run_operation_for<std::decay_t<F>, std::decay_t<Handler>>;
    auto ex = executor_for(handler, on->manager());
    auto* const op = new_operation<op_type>(
        std::forward<Handler>(handler), std::move(ex), std::move(on), std::forward<F>(f));
    try {
        connect_slot(op->handler, [op] {
            op->canceler.reset(new run_canceler(*op));
            return
                [what = op->canceler](boost::asio::cancellation_type type) { what->cancel(type); };
        });
    }
    catch (...) {
        op->destroy();
        throw;
    }
    return *op;
}

/// Runs a function on a lease that the caller holds.
class initiate_run : public lease_initiation {
public:
    using lease_initiation::lease_initiation;

    template <class Handler, class F>
    void operator()(Handler&& handler, F&& f) const&
    {
        begin(std::forward<Handler>(handler), std::forward<F>(f), lease_);
    }

    template <class Handler, class F>
    void operator()(Handler&& handler, F&& f) &&
    {
        begin(std::forward<Handler>(handler), std::forward<F>(f), std::move(lease_));
    }

private:
    template <class Handler, class F>
    static void begin(Handler&& handler, F&& f, lease_ptr on)
    {
        on->manager().require_context();
        make_run_operation(std::forward<Handler>(handler), std::forward<F>(f), std::move(on)).run();
    }
};

/// Acquires a lease with a claim of its own, and runs a function on it.
class initiate_acquire_and_run : public lease_initiation {
public:
    using lease_initiation::lease_initiation;

    template <class Handler, class F>
    void operator()(Handler&& handler, F&& f) const&
    {
        begin(std::forward<Handler>(handler), std::forward<F>(f), lease_);
    }

    template <class Handler, class F>
    void operator()(Handler&& handler, F&& f) &&
    {
        begin(std::forward<Handler>(handler), std::forward<F>(f), std::move(lease_));
    }

private:
    template <class Handler, class F>
    static void begin(Handler&& handler, F&& f, lease_ptr claim)
    {
        claim->manager().require_context();
        make_run_operation(std::forward<Handler>(handler), std::forward<F>(f),
            lease_state::unshared(std::move(claim)))
            .acquire_and_run();
    }
};

[[noreturn]] inline void throw_errc(errc e)
{
    throw boost::system::system_error(make_error_code(e));
}

}  // namespace detail
}  // namespace leasepool

#endif
