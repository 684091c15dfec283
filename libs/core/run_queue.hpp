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
    std::uint64_t cancelled = 0;
    histogram queue_time;
    histogram run_time;
    histogram message_bytes;

    void merge(run_totals const& other) noexcept;
};

/// The functions queued on a pool, in order, and those that run.
///
/// Functions do not go through the pool's own queue one by one: that would cost a wake-up each, and
/// they could not be taken back. Instead up to as many *runners* as the pool has workers go through
/// it, and each takes functions from here until there is none, or others deserve a turn.
///
/// A wake-up costs more than a short function, so at most one runner at a time is on its way. A
/// runner that finds more than one function starts the next runner before it calls its own: a burst
/// of short functions wakes one worker, and long ones still spread over all of them.
///
/// All functions: any thread.
class run_queue {
public:
    using list = boost::intrusive::list<run_operation>;

    /// How to end what has not begun.
    struct verdict {
        error_code error{};
        std::exception_ptr reason{};  // instead of the code, if there is one
        bool keep = false;            // for `destroy_kept`: their context is shutting down
    };

    /// Starts a runner: `work`, or else `runner_lost`, is called once. Called with no lock held.
    class starter {
    public:
        virtual void start_runner() noexcept = 0;
        /// In place of a runner, once `serve_elsewhere` was called.
        virtual void jobs_waiting() noexcept {}
        virtual void stop_job(std::uint64_t, error_code) noexcept {}
        /// Of a function that runs, at a revocation or a stop: makes the request, now or soon.
        virtual void request_stop(std::stop_source source) noexcept
        {
            auto const kept = std::move(source);
            kept.request_stop();
        }
        /// The same for a user's cancellation: on this thread.
        virtual void request_stop_here(std::stop_source source) noexcept
        {
            auto const kept = std::move(source);
            kept.request_stop();
        }

    protected:
        ~starter() = default;
    };

    explicit run_queue(starter& s) noexcept : starter_(s) {}
    ~run_queue();

    /// Before the first `push`.
    void set_workers(std::size_t n) noexcept { workers_ = n; }

    /// Before the first `push`: operations are taken, and not called by runners.
    void serve_elsewhere() noexcept { elsewhere_ = true; }

    /// Takes an operation that its lease has counted as outstanding work.
    void push(run_operation& op) noexcept;

    /// Ends an operation instead of taking it; its outcome is in it.
    void refuse(run_operation& op) noexcept;
    /// Takes many, all with a sink, at the price of one.
    void push_all(list& ops) noexcept;

    /// Gives back what has not begun and has this sink, as if it had never been pushed.
    void take_back(run_sink const& sink, list& ops) noexcept;

    /// Asks what runs to stop.
    void ask_to_stop() noexcept;

    /// A runner at work.
    void work() noexcept;

    /// A runner could not be started. The last one fails the queue.
    void runner_lost(verdict const& why) noexcept;

    /// Takes back what is queued and asks what runs to stop. What is pushed after that ends likewise:
    /// an operation may be counted in before its lease has ended, and get here only now.
    void cancel_all(verdict const& why) noexcept;

    /// Destroys the handlers of what `cancel_all` kept, uncalled.
    void destroy_kept() noexcept;

    /// What is left to do for a cancellation, once the operation need not stay any more.
    struct cancellation {
        run_operation* removed = nullptr;            // it was queued; its error is set
        std::stop_source to_stop{std::nostopstate};  // it runs
        std::uint64_t ticket = 0;                    // another process runs it
    };

    /// An operation that is queued leaves the queue; one that is on its way here, or on its way back,
    /// will not run if it gets here. Calls and posts nothing.
    cancellation begin_cancel(run_operation& op, boost::asio::cancellation_type type) noexcept;
    void finish_cancel(cancellation&& what) noexcept;

    // For whoever serves them elsewhere; see `job_source`.
    run_operation* take() noexcept;
    void give_back(run_operation& op) noexcept;
    void finish_taken(run_operation& op, job_source::time begun, job_source::time ended) noexcept;
    void fail_taken(run_operation& op, verdict const& why) noexcept;

    run_totals totals() const;

private:
    static void end(list& ops, verdict const& why) noexcept;
    static void end(run_operation& op, verdict const& why) noexcept;
    static void finish(run_operation& op) noexcept;
    void notify(bool start) noexcept;
    void stop_running() noexcept;
    void stop_taken(error_code why) noexcept;

    /// Whether a runner is to be started; counts it in. Locked.
    bool wants_runner() noexcept;
    /// Locked.
    void count_run(
        run_operation& op, job_source::time begun, job_source::time ended, bool failed) noexcept;

    starter& starter_;
    std::size_t workers_ = 0;
    bool elsewhere_ = false;
    mutable std::mutex mutex_;
    list queued_;
    list running_;
    list kept_;
    std::size_t runners_ = 0;       // started, or about to be
    std::size_t on_their_way_ = 0;  // those of them that are about to look here
    std::uint64_t last_ticket_ = 0;
    std::optional<verdict> ended_;
    run_totals totals_;
};

}  // namespace leasepool::detail

#endif
