// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_RUN_OPERATION_HPP
#define LEASEPOOL_DETAIL_RUN_OPERATION_HPP

#include <leasepool/detail/item_marks.hpp>
#include <leasepool/detail/lease_state.hpp>
#include <leasepool/detail/remote_call.hpp>
#include <leasepool/detail/run_canceler.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/intrusive/list_hook.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <stop_token>

namespace leasepool::detail {

class run_operation;

/// Receives an operation that has left its pool, ends its work on the lease, and completes it.
class run_sink {
public:
    /// Takes an operation that has run (`run_operation::begun`), or that holds the reason why it
    /// did not. The pool does not refer to it any more.
    virtual void finished(run_operation& op) noexcept = 0;
    /// Takes an operation that did not run and whose handler is to be destroyed uncalled.
    virtual void dropped(run_operation& op) noexcept = 0;

protected:
    constexpr run_sink() = default;
    ~run_sink() = default;
};

/// A function or a job that a pool runs, with its handler.
///
/// It is in one of these phases. The `run_queue` of the pool changes the phase under its lock.
class run_operation : public boost::intrusive::list_base_hook<
                          boost::intrusive::link_mode<boost::intrusive::normal_link>>,
                      public lease_completion {
public:
    enum class phase : std::uint8_t {
        unqueued,
        queued,
        running,
        done,
    };

    // These members fill padding of the base class, because a grinder may have very many items.

    phase state = phase::unqueued;
    /// A user canceled it before it was queued, while it went back to its grinder, or while another
    /// process had it.
    std::atomic<bool> stop_asked = false;
    /// Its function was called or is about to be called, or another lease would not change its
    /// outcome (`run_queue::refuse`). Changed to true under the queue's lock, or while it is in no
    /// queue; not changed after that.
    bool begun : 1 = false;
    /// It runs, and a revocation or a stop has asked it to stop, or is about to. Guarded by the
    /// queue's lock.
    bool stop_requested : 1 = false;
    /// Used for an item of a work grinder.
    item_marks marks{};

    /// The reason why the function did not run.
    error_code error{};
    /// The exception that the function threw.
    std::exception_ptr exception;
    std::chrono::steady_clock::time_point queued_at{};
    /// Null: it cannot be canceled.
    run_canceler_ptr canceler;
    /// Set before it is queued.
    run_sink* sink = nullptr;

    /// Runs it on its lease. If the lease has ended, it completes with `lease->ended()`.
    void run() noexcept;
    /// Acquires its lease, then runs it.
    void acquire_and_run() noexcept;
    /// Continues `acquire_and_run` when the acquire is settled.
    void run_settled() noexcept;
    /// Posts the handler. An exception of its executor goes to the log of the manager.
    void post_handler() noexcept { lease_completion::post_handler("async_run"); }

    /// Calls the function on this thread, keeps its result or its exception, and destroys it.
    void call() noexcept { ask_(this, question::call); }
    /// Returns the stop source of a function that takes a stop token; otherwise null.
    std::stop_source* stop() noexcept
    {
        return static_cast<std::stop_source*>(ask_(this, question::stop));
    }
    /// Returns the part of a job that is needed to run it in another process; null for a function.
    remote_call* remote() noexcept
    {
        return static_cast<remote_call*>(ask_(this, question::remote));
    }

protected:
    /// One function answers these questions, so that an operation does not keep a pointer for each.
    enum class question { call, stop, remote };
    using answerer = void* (*)(run_operation*, question) noexcept;

    run_operation(function f, answerer a, executor_ref&& ex, lease_ptr&& on) noexcept
        : lease_completion(f, std::move(ex), std::move(on)), ask_(a)
    {
    }
    ~run_operation() = default;

    /// Makes the canceler forget this operation. Called before any part of the operation is
    /// destroyed.
    void detach() noexcept
    {
        if (canceler)
            canceler->detach();
    }

    /// Returns the exception for the handler, made of `exception` or `error`; null: there is none.
    std::exception_ptr outcome() const;

private:
    answerer ask_;
};

}  // namespace leasepool::detail

#endif
