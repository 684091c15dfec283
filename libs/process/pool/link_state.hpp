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
/// Pure: it does no I/O, reads no clock, and allocates nothing after its construction. The shell
/// tells it what happened, and when; then it polls for what to do.
///
/// ```
/// starting → ready → closing → ended        killing, from each of the first three;
///                                           ended, when the process has and its pipes are read
/// ```
///
/// Jobs are answered in the order in which they were sent, so the first that is unanswered (the
/// *head*) is the only one that can have begun. All clocks of a job start when it becomes the head.
///
/// A `cancel` is a *bar*: the worker begins nothing until a `resume`, and gives back what it has not
/// begun. So a kill that follows can only hit the job it is meant for. The bar is used, too, to
/// *recall* jobs that wait in the worker's pipe behind one that turns out to be long.
class link_state {
public:
    using time = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;
    using error_code = boost::system::error_code;
    static constexpr time never = time::max();

    struct options {
        duration startup_timeout{};
        duration kill_grace{};
        /// Maximum number of jobs that a worker that pipelines has been sent and has not answered.
        std::size_t max_in_flight = 512;
        /// How long the jobs in a worker's pipe take together, about.
        duration budget = std::chrono::milliseconds{1};
        /// If the first job runs for longer than this, the jobs behind it are recalled.
        duration patience = std::chrono::milliseconds{10};
    };

    /// A job that was sent and is not answered.
    struct flight {
        std::uint64_t id;         ///< of the request; not 0
        void* what;               ///< the shell's own
        duration timeout;         ///< zero: none
        std::uint64_t ends_at;    ///< where its request ends in the stream of bytes that is sent
        error_code asked{};       ///< why it was asked to stop; none: it was not
        bool behind_bar = false;  ///< a cancel was sent since: it may come back as not begun
        bool untold = false;      ///< the worker is still to hear of it
        bool spoilt = false;      ///< the protocol was broken while it ran
    };

    enum class phase { starting, ready, closing, killing, ended };

    /// Why a worker was killed, or did not do what it should.
    enum class verdict {
        none,
        start_timeout,  ///< not ready in time
        asked,          ///< its job was asked to stop, and did not
        violation,      ///< it broke the protocol; the shell knows how
        dropped,        ///< the shell wants it gone
        overdue,        ///< it was to end, and did not
    };

    explicit link_state(options const& o, time now);

    // Events -----------------------------------------------------------------------------------

    void ready(bool pipelining, time now) noexcept;

    /// Sends a job. Only if `room(now)`.
    void send(
        std::uint64_t id, void* what, duration timeout, std::uint64_t ends_at, time now) noexcept;

    /// So many bytes have been written in all.
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
    };
    effect answered(std::uint64_t id, answer how, flight& out, time now) noexcept;

    /// Several answers that came together have been reported: what the pace is.
    void paced(time now) noexcept;

    /// Asks a job to stop, for this reason; the first reason counts. False: it is not here.
    bool ask(std::uint64_t id, error_code why, time now) noexcept;

    /// No job is sent any more; what is in flight goes on; then its input is closed.
    void retire(time now) noexcept;

    /// One of its pipes was closed by the worker: it has to exit soon.
    void pipe_closed(time now) noexcept;

    /// It broke the protocol: kills it. The head fails, and is not forgiven if its answer is read
    /// after all. As the worker goes on until it is dead, answers are still taken note of, and what
    /// was broken may have been one: then the next job may have begun, too. `legible`: what follows
    /// can be read; else each of its jobs may have begun.
    void violated(bool legible) noexcept;

    /// Kills it.
    void kill(verdict why) noexcept;

    void tick(time now) noexcept;

    /// The process has ended and its pipes are read. Then `lose` until there is nothing in flight.
    /// `killed`: it may have been this side that ended it. One that was about to end anyway has its
    /// own status all the same, however late that is.
    void ended(bool killed) noexcept
    {
        phase_ = phase::ended;
        if (!killed && verdict_ == verdict::overdue)
            verdict_ = verdict::none;
    }

    enum class loss {
        failed,    ///< it may have run: it fails with what became of the worker
        stopped,   ///< it was asked to stop: `out.asked` is its outcome
        returned,  ///< it never began
    };
    /// Takes the first in flight out; after `ended`.
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
    /// Ready, and nothing in flight.
    bool idle() const noexcept { return phase_ == phase::ready && !retiring_ && flights_.empty(); }
    /// Whether it was told to `retire`; not, whether it closed a pipe of its own accord.
    bool retiring() const noexcept { return retiring_; }
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
    void set_pace(duration pace) noexcept;
    void new_head(time now) noexcept;
    void bar() noexcept;
    void lift_bar() noexcept;
    void take_out(flight_queue::iterator const& at, flight& out, time now) noexcept;
    void close_if_empty(time now) noexcept;
    bool overstays(time now) const noexcept;

    options const options_;
    phase phase_ = phase::starting;
    verdict verdict_ = verdict::none;
    flight_queue flights_;
    std::size_t asked_ = 0;  // of those in flight
    time const started_at_;
    time head_since_{};
    time kill_at_ = never;  // the head, if it does not answer; or the process, if it does not end
    std::uint64_t written_ = 0;

    bool pipelining_ = false;
    bool retiring_ = false;
    bool barred_ = false;
    bool recalling_ = false;

    // When the protocol is broken.
    std::size_t garbled_ = 0;  // what may have been answers, since the last that was read
    bool legible_ = true;

    std::size_t lost_ = 0;

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
