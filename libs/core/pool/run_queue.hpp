// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_RUN_QUEUE_HPP
#define LEASEPOOL_CORE_RUN_QUEUE_HPP

#include <leasepool/detail/run_operation.hpp>
#include <leasepool/histogram.hpp>

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace leasepool::detail {

/// What a pool has run so far.
struct run_totals {
    std::uint64_t runs = 0;
    std::uint64_t failed = 0;
    std::uint64_t canceled = 0;
    histogram queue_time;
    histogram run_time;
    histogram message_bytes;

    void merge(run_totals const& other) noexcept;
};

/// The operations queued on a pool, in order, and those that run.
///
/// A consumer takes them out. A pool of worker processes takes one at a time (`job_source`). A pool of
/// threads posts *runners* to its context, at most one for each worker. A runner calls operations until
/// the queue is empty or its turn is over. Posting each operation itself would cost a wake-up each, and
/// a posted operation could not be taken back.
///
/// A wake-up costs more than a short function, so at most one runner at a time is on its way. A
/// runner that finds more than one function starts the next runner before it calls its own: a burst
/// of short functions wakes one worker, and long ones still spread over all of them.
///
/// All functions: any thread.
class run_queue {
public:
    using list = boost::intrusive::list<run_operation>;

    /// Why something will not run.
    struct cancel_reason {
        error_code error{};
        std::exception_ptr exception{};  // instead of the code, if there is one
        bool keep = false;  // for `destroy_kept`: the handlers' context is shutting down
    };

    /// What it takes to ask an operation to stop, which may have ended meanwhile.
    struct running {
        std::stop_source source{std::nostopstate};
        std::uint64_t request_id = 0;  // 0: it does not run in another process
        explicit operator bool() const noexcept
        {
            return request_id != 0 || source.stop_possible();
        }
    };

    /// Runs what is queued. Called with no lock held, except for `retain`.
    class consumer {
    public:
        /// Keeps itself and the queue alive until the call of `operations_wait` that follows: the
        /// operation may run before that, and its lease and its pool may end. With the queue's lock held.
        virtual void retain() noexcept = 0;
        /// An operation is queued. If there are workers, starts a runner, which calls either `work` or
        /// `runner_lost`, once.
        virtual void operations_wait() noexcept = 0;
        /// Asks the operation to stop, in this call: its user cancels it.
        virtual void cancel(running what) noexcept = 0;
        /// Asks the operation to stop, now or soon: its lease has ended, or its grinder stops.
        virtual void revoke(running what, error_code why) noexcept = 0;

    protected:
        ~consumer() = default;
    };

    explicit run_queue(consumer& c) noexcept : consumer_(c) {}
    ~run_queue();

    /// How many runners there may be. Before the first `push`. 0, as at first: the consumer takes
    /// operations without any, and is told whenever something is queued.
    void set_workers(std::size_t n) noexcept { workers_ = n; }

    /// Takes an operation that its lease has counted as outstanding work.
    void push(run_operation& op) noexcept;
    /// Takes many at the price of one.
    void push_all(list& ops) noexcept;

    /// Ends an operation instead of taking it; its outcome is in it.
    void refuse(run_operation& op) noexcept;

    /// Gives back what has not begun and has this sink, as if it had never been pushed.
    void take_back(run_sink const& sink, list& ops) noexcept;

    /// Asks what runs to stop.
    void ask_to_stop(error_code why) noexcept;

    /// Takes back what is queued and asks what runs to stop. What is pushed after that ends likewise:
    /// an operation may be counted in before its lease has ended, and get here only now.
    void cancel_all(cancel_reason const& why) noexcept;

    /// Destroys the handlers of what `cancel_all` kept, uncalled.
    void destroy_kept() noexcept;

    /// What is left to do for a cancellation, once the operation need not stay any more.
    struct cancellation {
        run_operation* removed = nullptr;  // it was queued; its error is set
        running to_stop{};
    };

    /// An operation that is queued leaves the queue; one that is on its way here, or on its way back,
    /// will not run if it gets here. Calls and posts nothing.
    cancellation begin_cancel(run_operation& op, boost::asio::cancellation_type type) noexcept;
    void finish_cancel(cancellation&& what) noexcept;

    // Runners.

    /// A runner at work.
    void work() noexcept;
    /// A runner could not be started. The last one fails the queue.
    void runner_lost(cancel_reason const& why) noexcept;

    // Taking one at a time; see `job_source`.

    run_operation* take() noexcept;
    void give_back(run_operation& op) noexcept;
    void finish_taken(run_operation& op, job_source::time begun, job_source::time ended) noexcept;
    void fail_taken(run_operation& op, cancel_reason const& why) noexcept;

    run_totals totals() const;

private:
    // Locked. What is not to run is moved to `ended`, to be finished without the lock, or is kept.

    /// Whether the consumer is to be told that operations wait. If so, retains the consumer, and counts a
    /// runner in.
    bool wants_consumer() noexcept;
    void give_up(run_operation& op, cancel_reason const& why, list& ended) noexcept;
    void give_up_queued(cancel_reason const& why, list& ended) noexcept;
    /// Whether an operation may not be queued; then it is given up.
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
    std::size_t runners_ = 0;       // started, or about to be
    std::size_t on_their_way_ = 0;  // those of them that are about to look here
    std::uint64_t last_request_id_ = 0;
    std::optional<cancel_reason> ended_;
    run_totals totals_;
};

}  // namespace leasepool::detail

#endif
