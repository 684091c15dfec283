// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_LINK_STATE_HPP
#define LEASEPOOL_PROCESS_LINK_STATE_HPP

#include <boost/circular_buffer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace leasepool::detail {

/// Every decision about one worker process, from its start until it is gone, and about the jobs
/// that were sent to it: the parent's side of doc/protocol.md.
///
/// Pure: it does no I/O, reads no clock, and allocates nothing after its construction. `process_pool`
/// reports what happened, and when; then it polls for what to do.
///
/// ```
/// launching → starting → ready → closing      killing: from each of these
///     └───────────┴────────┴────────┴→ killing → lost
///                                         exited: from each of all these, except lost
///                                         exited → ended
/// ```
///
/// Jobs are answered in the order in which they were sent, so the first that is unanswered (the
/// *head*) is the only one that can have begun. All clocks of a job start when it becomes the head.
///
/// A `cancel` *pauses* the worker: it begins nothing until a `resume`, and gives back what it has
/// not begun. So a kill that follows can only hit the job it is meant for. A pause also *recalls*
/// jobs that wait in the worker's pipe behind one that turns out to be long.
class link_state {
public:
    using time = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;
    using error_code = boost::system::error_code;
    static constexpr time never = time::max();

    struct options {
        duration startup_timeout{};
        duration kill_grace{};
        /// A worker that was killed is lost after `kill_grace`, but not sooner than this: the system
        /// needs time to free the memory of a process.
        duration least_time_to_die = std::chrono::seconds{1};
        /// Maximum number of jobs that a worker that pipelines has been sent and has not answered.
        std::size_t max_in_flight = 512;
        /// How long the jobs in a worker's pipe take together, about.
        duration budget = std::chrono::milliseconds{1};
        /// If the first job runs for longer than this, the jobs behind it are recalled.
        duration patience = std::chrono::milliseconds{10};
        /// Maximum number of jobs that it is sent; then it is retired. It is due after seven eighths
        /// of them, so that its successor is ready in time. 0: no limit.
        std::size_t max_jobs = 0;
        /// It is due when it is older than this. Zero: no limit.
        duration max_age{};
    };

    /// A job that was sent and is not answered.
    struct flight {
        std::uint64_t id;         ///< of the request; not 0
        void* what;               ///< the operation of the caller
        duration timeout;         ///< zero: none
        std::uint64_t ends_at;    ///< where its request ends in the stream of bytes that is sent
        error_code asked{};       ///< why it was asked to stop; none: it was not
        bool behind_bar = false;  ///< a cancel was sent since: it may come back as not begun
        bool untold = false;      ///< the cancel is still to be sent
        bool spoilt = false;      ///< the protocol was broken while it ran
    };

    enum class phase {
        launching,  ///< its program is being started
        starting,   ///< it runs, and is not ready
        ready,
        closing,  ///< it has to exit
        killing,  ///< it was killed, and has not exited
        exited,   ///< it has exited; what it has sent is being read
        ended,    ///< all that it has sent was read; its jobs are taken out
        lost,     ///< it was killed and does not exit; its jobs are taken out
    };

    /// Why a worker was killed.
    enum class verdict {
        none,
        start_timeout,  ///< it was not ready in time
        asked,          ///< its job was asked to stop, and did not
        violation,      ///< it broke the protocol
        dropped,        ///< the pool does not want it any more
        overdue,        ///< it had to exit, and did not
    };

    explicit link_state(options const& o, time now);

    // Events -----------------------------------------------------------------------------------

    /// Its program is being executed.
    void launched() noexcept;

    void ready(bool pipelining, time now) noexcept;

    /// Sends a job. Only if `room(now)`.
    void send(
        std::uint64_t id, void* what, duration timeout, std::uint64_t ends_at, time now) noexcept;

    /// Records how many bytes have been written in all.
    void written(std::uint64_t bytes) noexcept { written_ = bytes; }

    enum class answer {
        done,       ///< it ran; or whatever the answer says, it is over
        not_begun,  ///< error -32004
    };
    enum class effect {
        finished,  ///< `out` is answered
        returned,  ///< `out` never began: elsewhere it may
        stopped,   ///< `out` never began, and was asked to stop: `out.asked` is its outcome
        spoilt,    ///< `out` has run, and fails with how the protocol was broken; is it not the one
                   ///< that was answered, ask again
        violation,  ///< the worker must not answer so
        nothing,    ///< `out` is not set: it came back before, when the worker said goodbye
    };
    effect answered(std::uint64_t id, answer how, flight& out, time now) noexcept;

    /// Several answers that came together have been reported: what the pace is.
    void paced(time now) noexcept;

    /// Asks a job to stop, for this reason; the first reason counts. False: it is not here.
    bool ask(std::uint64_t id, error_code why, time now) noexcept;

    /// No job is sent any more. When all in flight are answered, its input is closed.
    void retire(time now) noexcept;
    /// It is to be replaced: when its successor is ready it is retired.
    void due() noexcept { due_ = true; }

    /// It has announced that it begins no job any more, and that it has answered all that it has
    /// begun: its input is closed. The caller takes the jobs in flight with `lose`.
    void said_goodbye(time now) noexcept;

    /// It has closed one of its pipes: it has to exit soon.
    void pipe_closed(time now) noexcept;

    /// It broke the protocol: kills it. The head fails, also if its answer is read after all. As
    /// the worker goes on until it is dead, answers are still taken note of. The broken message may
    /// have been an answer, and then the next job may have begun, too.
    /// @param legible whether what follows can be read; if not, each of its jobs may have begun.
    void violated(bool legible, time now) noexcept;

    /// Kills it.
    void kill(verdict why, time now) noexcept;

    /// The clock. What has arrived from the worker must have been reported before.
    void tick(time now) noexcept;

    /// The process has exited. What it has sent is still reported.
    void exited() noexcept;

    /// It has exited, and all that it has sent was reported. Then `lose` until nothing is in flight.
    /// @param killed whether it may have been this side that ended it. A worker that had to exit,
    ///     and did so late but by itself, was not overdue.
    /// @param unread how many bytes of what was written surely were never read.
    void ended(bool killed, std::uint64_t unread) noexcept;

    enum class loss {
        failed,    ///< it may have run: it fails with what became of the worker
        killed,    ///< it may have run, and its worker was killed because it did not stop when it
                   ///< was asked: `out.asked` is its outcome
        stopped,   ///< it never began, and was asked to stop: `out.asked` is its outcome
        returned,  ///< it never began
    };
    /// Takes the first in flight out. Only after `ended` or `said_goodbye`, or when it is lost.
    loss lose(flight& out) noexcept;

    // Actions ----------------------------------------------------------------------------------

    enum class act { none, send_cancel, send_resume, close_input, kill };
    struct action {
        act what = act::none;
        std::uint64_t id = 0;  ///< of the job to cancel; 0: of none, it is for the bar
    };
    /// The next thing to do; each is told once.
    action poll() noexcept;

    /// When `tick` has to be called at the latest.
    time next_deadline() const noexcept;

    // State ------------------------------------------------------------------------------------

    phase state() const noexcept { return phase_; }
    /// Whether a job may be sent now. Not before a `resume` that is still to be polled: the worker
    /// would put it aside.
    bool room(time now) const noexcept;
    /// Whether it takes jobs, now or soon.
    bool in_service() const noexcept { return phase_ == phase::ready && !retiring_; }
    /// In service, and nothing in flight.
    bool idle() const noexcept { return in_service() && flights_.empty(); }
    /// Whether it was told to `retire` or has said goodbye; not whether it has closed a pipe.
    bool retiring() const noexcept { return retiring_; }
    bool is_due() const noexcept { return due_; }
    bool has_said_goodbye() const noexcept { return goodbye_; }
    /// Whether it was ever ready.
    bool was_ready() const noexcept { return was_ready_; }
    /// Whether a job was ever sent to it.
    bool had_a_job() const noexcept { return had_a_job_; }
    /// How many jobs it was sent that have not come back as not begun.
    std::size_t jobs() const noexcept { return jobs_; }
    /// Whether the job in flight with this id may be here: the ids grow.
    bool may_have(std::uint64_t id) const noexcept
    {
        return !flights_.empty() && flights_.front().id <= id && id <= flights_.back().id;
    }
    std::size_t in_flight() const noexcept { return flights_.size(); }
    flight const* head() const noexcept { return flights_.empty() ? nullptr : &flights_.front(); }
    time head_since() const noexcept { return head_since_; }
    bool barred() const noexcept { return barred_; }
    verdict why_killed() const noexcept { return verdict_; }
    /// How many jobs may be in flight by the pace that was seen.
    std::size_t depth() const noexcept { return pipelining_ ? depth_ : 1; }
    time started_at() const noexcept { return started_at_; }

private:
    using flight_queue = boost::circular_buffer<flight>;

    bool serving() const noexcept { return phase_ == phase::ready || phase_ == phase::closing; }
    /// Whether it has not exited, and was not killed.
    bool alive() const noexcept { return phase_ < phase::killing; }
    void set_pace(duration pace) noexcept;
    void new_head(time now) noexcept;
    void bar() noexcept;
    void lift_bar() noexcept;
    void take_out(flight_queue::iterator const& at, flight& out, time now) noexcept;
    void close_if_empty(time now) noexcept;
    time due_at() const noexcept;
    void nothing_to_do() noexcept;
    bool overstays(time now) const noexcept;

    options const options_;
    phase phase_ = phase::launching;
    verdict verdict_ = verdict::none;
    flight_queue flights_;
    std::size_t asked_ = 0;  // of those in flight
    time const started_at_;
    time head_since_{};
    // When it is killed: the head does not answer, or the process does not exit. When it was killed:
    // when it is lost.
    time kill_at_ = never;
    std::uint64_t written_ = 0;

    bool pipelining_ = false;
    bool retiring_ = false;
    bool due_ = false;
    bool goodbye_ = false;
    bool was_ready_ = false;
    bool had_a_job_ = false;
    std::size_t jobs_ = 0;
    bool barred_ = false;
    bool recalling_ = false;

    // When the protocol is broken.
    std::size_t garbled_ = 0;  // what may have been answers, since the last that was read
    bool legible_ = true;

    std::size_t lost_ = 0;
    std::uint64_t read_ = UINT64_MAX;  // number of bytes that it may have read

    // To do.
    std::size_t untold_ = 0;  // flights of which a cancel is to be sent
    bool recall_ = false;     // a cancel for the sake of the bar alone
    bool resume_ = false;
    bool close_ = false;
    bool kill_ = false;

    // The pace.
    duration pace_{};  // of a job; zero: not known
    std::size_t depth_ = 1;
    time pace_since_{};
    std::size_t pace_answers_ = 0;
};

}  // namespace leasepool::detail

#endif
