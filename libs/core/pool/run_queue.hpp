// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_RUN_QUEUE_HPP
#define LEASEPOOL_CORE_RUN_QUEUE_HPP

#include <leasepool/detail/run_operation.hpp>
#include <leasepool/histogram.hpp>

#include <boost/describe/class.hpp>
#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace leasepool::detail {

/// Totals of the operations that a pool has run so far.
struct run_totals {
    std::uint64_t runs = 0;
    std::uint64_t failed = 0;
    std::uint64_t canceled = 0;
    histogram queue_time;
    histogram run_time;
    histogram message_bytes;

    void merge(run_totals const& other) noexcept;
};

BOOST_DESCRIBE_STRUCT(run_totals, (), (runs, failed, canceled, queue_time, run_time, message_bytes))

/// The operations of a pool: those that are queued, in order, and those that run. `pool_record`
/// owns it.
///
/// A consumer takes the operations out. A pool of worker processes takes one at a time
/// (`job_source`). A pool of threads posts *runners* to its context, at most one for each worker. A
/// runner calls operations until the queue is empty or its turn is over. Posting each operation
/// itself would cost one wake-up each, and a posted operation could not be taken back.
///
/// A wake-up costs more than a short function. So at most one runner at a time is started that has
/// not yet looked at the queue. A runner that finds more than one function starts the next runner
/// before it calls its own function. So a burst of short functions wakes one worker, and long
/// functions still spread over all workers.
///
/// All functions may be called from any thread.
class run_queue {
public:
    using list = boost::intrusive::list<run_operation>;

    /// The reason why an operation will not run.
    struct cancel_reason {
        error_code error{};
        std::exception_ptr exception{};  // replaces the code if it is not null
        bool keep = false;  // keep for `destroy_kept`: the handlers' context is shutting down
    };

    /// The data needed to ask an operation to stop. The operation itself may have ended meanwhile.
    struct running {
        std::stop_source source{std::nostopstate};
        std::uint64_t request_id = 0;  // 0: it does not run in another process
        explicit operator bool() const noexcept
        {
            return request_id != 0 || source.stop_possible();
        }
    };

    /// Runs the queued operations. Its functions are called with no lock held, except for `retain`.
    class consumer {
    public:
        /// Keeps the consumer and the queue alive until the call of `operations_wait` that follows.
        /// The operation may run before that call, and its lease and its pool may end. Called with
        /// the lock of the queue held.
        virtual void retain() noexcept = 0;
        /// Called when an operation is queued. If there are workers, starts a runner, which calls
        /// either `work` or `runner_lost`, once.
        virtual void operations_wait() noexcept = 0;
        /// Asks the operation to stop, inside this call. Used when its user cancels it.
        virtual void cancel(running what) noexcept = 0;
        /// Asks the operation to stop, inside this call or soon after it. Used when its lease has
        /// ended, or when its grinder stops.
        virtual void revoke(running what, error_code why) noexcept = 0;

    protected:
        ~consumer() = default;
    };

    explicit run_queue(consumer& c) noexcept : consumer_(c) {}
    ~run_queue();

    /// Sets the maximum number of runners. Called before the first `push`. With 0, the initial
    /// value, the consumer takes operations without runners and is notified each time that
    /// operations are queued.
    void set_workers(std::size_t n) noexcept { workers_ = n; }

    /// Queues an operation that its lease has counted as outstanding work.
    void push(run_operation& op) noexcept;
    /// Queues many operations, with one lock and at most one wake-up.
    void push_all(list& ops) noexcept;

    /// Completes an operation without queueing it. Its outcome is in it already.
    void refuse(run_operation& op) noexcept;

    /// Moves the queued operations that have this sink to `ops`, as if they had never been pushed.
    void take_back(run_sink const& sink, list& ops) noexcept;

    /// Asks the operations that run to stop.
    void ask_to_stop(error_code why) noexcept;

    /// Ends the queue: completes the queued operations, and asks those that run to stop. Operations
    /// that are pushed later end with the same reason. An operation can be counted on its lease
    /// before the lease ends, and be pushed only after this call.
    void cancel_all(cancel_reason const& why) noexcept;

    /// Destroys the handlers of the operations that `cancel_all` kept, uncalled.
    void destroy_kept() noexcept;

    /// The part of a cancellation that remains to be done when the operation need not stay alive
    /// any more.
    struct cancellation {
        run_operation* removed = nullptr;  // it was queued; its error is set
        running to_stop{};
    };

    /// Begins the cancellation of an operation. A queued operation leaves the queue. An operation
    /// that has not reached the queue, or that goes back to its grinder, is marked, and will not
    /// run if it reaches a queue. Calls and posts nothing.
    cancellation begin_cancel(run_operation& op, boost::asio::cancellation_type type) noexcept;
    void finish_cancel(cancellation&& what) noexcept;

    // Runners.

    /// Calls queued operations, on a thread of the pool.
    void work() noexcept;
    /// Called when a runner could not be started. If no other runner is left, the queued operations
    /// fail.
    void runner_lost(cancel_reason const& why) noexcept;

    // Taking one at a time; see `job_source`.

    run_operation* take() noexcept;
    void give_back(run_operation& op) noexcept;
    void finish_taken(run_operation& op, job_source::time begun, job_source::time ended) noexcept;
    void fail_taken(run_operation& op, cancel_reason const& why) noexcept;

    run_totals totals() const;

private:
    // Called with the lock held. An operation that will not run is moved to `ended`, to be
    // completed without the lock, or is kept for `destroy_kept`.

    /// Returns whether the caller must notify the consumer that operations wait. If so, retains the
    /// consumer and counts one more runner.
    bool wants_consumer() noexcept;
    /// Releases the lock, and notifies the consumer if it must be.
    void unlock_and_notify(std::unique_lock<std::mutex>& lock) noexcept;
    void give_up(run_operation& op, cancel_reason const& why, list& ended) noexcept;
    void give_up_queued(cancel_reason const& why, list& ended) noexcept;
    /// Returns whether an operation must not be queued. If so, gives it up.
    bool refused(run_operation& op, list& ended) noexcept;
    run_operation& begin_first() noexcept;
    void count_run(
        run_operation& op, job_source::time begun, job_source::time ended, bool failed) noexcept;
    static running running_of(run_operation& op) noexcept;

    consumer& consumer_;
    std::size_t workers_ = 0;
    mutable std::mutex mutex_;
    list queued_;
    list running_;
    list kept_;
    std::size_t runners_ = 0;       // started, or about to be started
    std::size_t on_their_way_ = 0;  // those of them that have not looked at the queue yet
    std::uint64_t last_request_id_ = 0;
    std::optional<cancel_reason> ended_;
    run_totals totals_;
};

}  // namespace leasepool::detail

#endif
