// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_RUN_OPERATION_HPP
#define LEASEPOOL_DETAIL_RUN_OPERATION_HPP

#include <leasepool/detail/item_marks.hpp>
#include <leasepool/detail/lease_state.hpp>
#include <leasepool/detail/remote_call.hpp>

#include <boost/asio/cancellation_type.hpp>
#include <boost/intrusive/list_hook.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <stop_token>

namespace leasepool::detail {

class run_operation;

constexpr auto any_cancellation = boost::asio::cancellation_type::terminal |
    boost::asio::cancellation_type::partial | boost::asio::cancellation_type::total;

inline bool is_cancellation(boost::asio::cancellation_type type) noexcept
{
    return (type & any_cancellation) != boost::asio::cancellation_type::none;
}

/// What a cancellation slot has of an operation. It is counted, and knows the operation only until
/// that calls or destroys its handler: a signal may be emitted on another thread at that time, and
/// also later, since an operation that ends does not touch the slot.
class run_canceler;
void intrusive_ptr_add_ref(run_canceler* what) noexcept;
void intrusive_ptr_release(run_canceler* what) noexcept;
using run_canceler_ptr = boost::intrusive_ptr<run_canceler>;

/// Receives an operation that has left its pool, counts its work out on the lease, and completes it.
class run_sink {
public:
    /// It has run (`run_operation::begun`), or says why it did not. Nothing of the pool refers to it.
    virtual void finished(run_operation& op) noexcept = 0;
    /// It did not run, and its handler is to be destroyed uncalled.
    virtual void dropped(run_operation& op) noexcept = 0;

protected:
    constexpr run_sink() = default;
    ~run_sink() = default;
};

/// A function on its way through a pool, with its handler.
///
/// It is in one of these phases; a pool's `run_queue` changes the phase under its lock.
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

    // These fill a gap that the base leaves: there may be very many items of a grinder.

    phase state = phase::unqueued;
    /// A user asked it to stop before it was queued, or while another process had it.
    std::atomic<bool> stop_asked = false;
    /// Its function was called, or is about to be. Under the queue's lock, then not changed any more.
    bool begun : 1 = false;
    /// It runs, and a revocation or a stop has asked it to stop: now or soon. Under the queue's lock.
    bool stop_requested : 1 = false;
    /// Of a work grinder's item.
    item_marks marks{};

    /// Why the function did not run.
    error_code error{};
    /// The function threw.
    std::exception_ptr exception;
    std::chrono::steady_clock::time_point queued_at{};
    /// Null: nothing can cancel it.
    run_canceler_ptr canceler;
    /// Set before it is queued.
    run_sink* sink = nullptr;

    /// Calls the function on this thread, keeps what it returns or throws, and destroys it.
    void call() noexcept { ask_(this, question::call); }
    /// Of a function that takes a stop token; null: there is none.
    std::stop_source* stop() noexcept
    {
        return static_cast<std::stop_source*>(ask_(this, question::stop));
    }
    /// Of a job's call: how to run it in another process; null: it is a function.
    remote_call* remote() noexcept
    {
        return static_cast<remote_call*>(ask_(this, question::remote));
    }

protected:
    /// One function instead of pointers that each operation would keep.
    enum class question { call, stop, remote };
    using answerer = void* (*)(run_operation*, question) noexcept;

    run_operation(function f, answerer a, executor_ref&& ex, lease_ptr&& on) noexcept
        : lease_completion(f, std::move(ex), std::move(on)), ask_(a)
    {
    }
    ~run_operation() = default;

    /// Before anything of it is destroyed: its canceler lets go of it.
    void detach() noexcept
    {
        if (canceler)
            detach_canceler();
    }

    /// For the handler: the error, whichever way it came.
    std::exception_ptr outcome() const;

private:
    void detach_canceler() noexcept;

    answerer ask_;
};

/// Posts the handler of an operation with a lease. The manager's log gets what its executor throws.
void post_handler(run_operation& op) noexcept;

/// Runs `op` on its lease; it completes with `ended(*op.lease)` if that has ended.
void run(run_operation& op) noexcept;

/// Acquires `op`'s lease, then runs it.
void acquire_and_run(run_operation& op, wait_policy const& p) noexcept;

/// What a settled acquire does with an operation begun by `acquire_and_run`.
void run_settled(run_operation& op) noexcept;

/// Throws if there is no memory.
run_canceler_ptr make_canceler(run_operation& op);

/// Before it began it completes with operation_aborted; a function that runs is asked to stop,
/// unless `type` is total. Any thread.
void cancel_run(run_canceler& what, boost::asio::cancellation_type type) noexcept;

}  // namespace leasepool::detail

#endif
