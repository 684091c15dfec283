// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_LEDGER_HPP
#define LEASEPOOL_CORE_LEDGER_HPP

#include "core/support/steady_time.hpp"

#include <leasepool/error.hpp>
#include <leasepool/options.hpp>

#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace leasepool::detail {

/// Upper limit of durations. It is far enough from the end of the clock that the sum of a time and
/// a few durations cannot overflow.
constexpr steady_duration longest_duration = steady_duration::max() / 4;

/// The soft expiry of a lease. It is either a time or `revoked`, and changes in one atomic step, so
/// that a renewal on any thread and the revocation agree on the result.
class soft_expiry {
public:
    /// Sets the expiry. Called before the lease is shared.
    void set(steady_time at) noexcept { value_.store(ticks(at), std::memory_order_relaxed); }

    steady_time get() const noexcept
    {
        return steady_time{steady_duration{value_.load(std::memory_order_acquire)}};
    }

    /// Moves the expiry and returns the former one; none if the lease is revoked.
    std::optional<steady_time> renew(steady_time to) noexcept
    {
        auto now = value_.load(std::memory_order_relaxed);
        while (now != revoked)
            if (value_.compare_exchange_weak(now, ticks(to), std::memory_order_acq_rel))
                return steady_time{steady_duration{now}};
        return std::nullopt;
    }

    /// Revokes, unless the expiry is no longer `seen`. Returns whether it has revoked.
    bool revoke_if(steady_time seen) noexcept
    {
        auto expected = ticks(seen);
        return value_.compare_exchange_strong(expected, revoked, std::memory_order_acq_rel);
    }

    void revoke() noexcept { value_.store(revoked, std::memory_order_release); }

private:
    using rep = steady_duration::rep;
    static constexpr rep revoked = std::numeric_limits<rep>::min();
    static rep ticks(steady_time at) noexcept { return at.time_since_epoch().count(); }

    std::atomic<rep> value_{0};
};

/// Makes every decision of a manager: which claim gets which pool and when, when leases expire, how
/// many pools there should be, what a stop does.
///
/// It reads no clock, starts no thread, does no I/O, calls no function of others and allocates
/// nothing. The shell (`manager_core`) reports events, each with the time. Soon after each event
/// the shell calls `poll` until there is nothing left to do, and performs every action that it
/// gets. In between it may ask for grants only, at any time (`grant_next`). Each event and each
/// poll is O(1) or O(log n) in pools, leases and waiters, with two exceptions: a grant skips the
/// idle pools that have no live worker, and a poll that abandons pools visits each of them. Other
/// work of n steps (a stop) takes n polls.
///
/// Claims and pools are nodes that the shell owns. The shell must not move or destroy a node while
/// it is linked, that is, until the ledger has released it (see `action`).
class ledger {
    using link = boost::intrusive::link_mode<boost::intrusive::safe_link>;
    using queue_hook = boost::intrusive::list_base_hook<link>;
    using due_hook = boost::intrusive::set_base_hook<link, boost::intrusive::optimize_size<true>>;

public:
    class pool;

    /// A request for a pool and, once granted, the lease: one node for its whole life.
    class claim : public queue_hook, public due_hook {
    public:
        enum class phase : std::uint8_t {
            idle,      ///< not known to the ledger
            waiting,   ///< in the queue
            live,      ///< holds a pool
            draining,  ///< released; its work still runs
            revoked,   ///< its pool is retired; its work still runs
        };

        phase state() const noexcept { return phase_; }
        bool holds_pool() const noexcept { return phase_ >= phase::live; }
        /// Returns the pool that it was granted, also after the end of the lease; null: none yet.
        /// Any thread.
        pool* on() const noexcept { return pool_.load(std::memory_order_acquire); }
        /// Returns the time since which it waits or, once granted, holds its pool.
        steady_time since() const noexcept { return since_; }
        /// The soft lifetime that it asks for. Set before `ledger::acquire`.
        steady_duration lifetime{};
        /// Set by the grant. Before that it is at the disposal of the shell.
        soft_expiry expiry;

    private:
        friend class ledger;
        friend struct due_less;
        enum class urgency : std::uint8_t { waits, no_wait, no_time };
        std::atomic<pool*> pool_{nullptr};
        steady_time since_{};
        steady_time due_{};
        phase phase_ = phase::idle;
        urgency urgency_ = urgency::waits;
        bool overdue_ = false;
    };

    /// A pool, from the time at which the backend is asked for it.
    class pool : public queue_hook {
    public:
        enum class phase : std::uint8_t {
            fresh,     ///< not known to the ledger
            starting,  ///< being made
            idle,      ///< free
            leased,    ///< held by a claim
            retired,   ///< taken from its claim; its work still runs
            closing,   ///< asked to close, or about to be
        };

        phase state() const noexcept { return phase_; }
        claim* holder() const noexcept { return holder_; }
        bool has_broken() const noexcept { return broken_; }
        /// Returns whether it has served a lease. If such a pool breaks, this is not a failure to
        /// make a pool.
        bool proven() const noexcept { return proven_; }
        /// See `ledger::pool_workers`.
        bool has_workers() const noexcept { return has_workers_; }

    private:
        friend class ledger;
        claim* holder_ = nullptr;
        steady_time idle_since_{};
        phase phase_ = phase::fresh;
        bool broken_ = false;
        bool proven_ = false;
        bool has_workers_ = true;
        bool retired_ = false;    // counted in ledger::retired_
        bool abandoned_ = false;  // counted in ledger::abandoned_; in leaving_
    };

    struct options {
        std::size_t max_pools = 1;
        std::size_t max_retired = 1;
        std::size_t min_pools = 1;
        std::size_t max_waiters = 10'000;
        steady_duration grace{};
        steady_duration idle_ttl{};
        /// Interval between two `recheck` actions; none: never.
        std::optional<steady_duration> check_interval{};
        steady_duration backoff = std::chrono::milliseconds{100};
        steady_duration max_backoff = std::chrono::seconds{30};
        std::size_t make_attempts = 3;
    };

    /// The reason why a lease is revoked.
    enum class revocation : std::uint8_t { expired, broken, stopped };

    struct action {
        enum class kind : std::uint8_t {
            none,
            grant,        ///< give `on` to `which`; its lease begins
            fail,         ///< `which` gets `error`; the ledger has released it
            make_failed,  ///< `which` gets the reason of the last failure to make a pool; released
            overdue,      ///< `which` passed its soft expiry
            revoke,       ///< `which` lost its pool for the reason `why`; report `drained` as usual
            make,         ///< report `pool_starting` at once, or `make_refused`
            close,        ///< close `on`: report `pool_closed`
            recheck,      ///< read the size provider: report `resize`
            starved,      ///< `count` pools at most can be in service now
            started,      ///< the start is done
            start_failed,  ///< the start failed or was canceled, and is undone
            stopped,       ///< the stop is done; `count` pools were abandoned
        };
        kind what = kind::none;
        revocation why = revocation::expired;
        errc error{};
        std::size_t count = 0;
        claim* which = nullptr;
        pool* on = nullptr;
        /// For a grant: how long the claim has waited.
        steady_duration waited{};

        explicit operator bool() const noexcept { return what != kind::none; }
    };

    enum class phase : std::uint8_t { stopped, starting, running, stopping };

    /// A time that never comes.
    static constexpr steady_time never = steady_time::max();

    explicit ledger(options const& opts) noexcept;
    ~ledger();
    ledger(ledger const&) = delete;
    ledger& operator=(ledger const&) = delete;

    // Events -----------------------------------------------------------------------------------

    /// Begins a start, with the target last given to `resize`. Precondition: state() is stopped.
    void start(steady_time now) noexcept;

    /// Undoes a start that is not done. `start_failed` follows. No effect in another phase.
    void cancel_start() noexcept;

    /// Begins a stop, or makes its times earlier. At `deadline` the leases that still hold pools
    /// are revoked. At `abandon` the pools that are still not closed are abandoned. No effect if it
    /// is stopped.
    /// @param serve whether acquires that wait are served until `deadline`; otherwise they are refused.
    ///     No effect during a start, or if an earlier stop does not serve them.
    void stop(steady_time deadline, steady_time abandon, bool serve) noexcept;

    /// Queues a claim for a pool. On success an action will settle it. Otherwise returns the reason
    /// for which it was refused, and the ledger does not know it.
    /// @param wait false: fail at once (`unavailable`) if it needs the release of another claim's
    ///     pool.
    /// @param until when to fail with `acquire_timeout`; `now` or earlier: as if `wait` was false,
    ///     but with that code.
    errc acquire(claim& which, steady_time now, bool wait, steady_time until) noexcept;

    /// Takes back a waiting claim. Returns false if it is not waiting (any more).
    bool cancel(claim& which) noexcept;

    /// The holder releases the lease. Its work may still run. No effect unless the claim is live.
    void release(claim& which) noexcept;

    /// The holder has released the lease or lost its pool, and none of its work is left.
    /// Precondition: which.holds_pool(). The ledger releases the claim.
    void drained(claim& which, steady_time now) noexcept;

    /// The holder moved its soft expiry to an earlier time, or moved an expiry that had passed.
    void renewed(claim& which) noexcept;

    /// Answers `make`: the backend is asked for this pool. `pool_ready` or `pool_failed` follows.
    void pool_starting(pool& on) noexcept;
    /// Answers `make`: the backend could not be asked for a pool.
    void make_refused(steady_time now) noexcept;
    void pool_ready(pool& on, steady_time now) noexcept;
    /// The pool could not be made. The ledger releases it.
    void pool_failed(pool& on, steady_time now) noexcept;
    /// The pool cannot run anything any more. If it is leased, the lease is revoked. If it has not
    /// served a lease, this is a failed attempt to make a pool, so that pools that break at once
    /// are not made in a loop.
    void pool_broken(pool& on, steady_time now) noexcept;
    /// Sets whether any worker of the pool is alive; initially true. A pool without a live worker
    /// is granted only if no idle pool has one.
    void pool_workers(pool& on, bool any) noexcept { on.has_workers_ = any; }
    /// The pool is closed. The ledger releases it.
    void pool_closed(pool& on) noexcept;

    /// Sets the target number of pools. The caller has clamped it.
    void resize(std::size_t desired) noexcept { desired_ = desired; }

    // Decisions --------------------------------------------------------------------------------

    /// Returns the next action at `now`; kind::none if there is none.
    action poll(steady_time now) noexcept;

    /// Returns the next grant at `now` if `poll` would begin with it; otherwise kind::none. For
    /// callers that may only grant. Other actions remain for `poll`.
    action grant_next(steady_time now) noexcept;

    /// Returns whether `poll` may have something to do before the next deadline, after `grant_next`
    /// had nothing. While a start or a stop is in progress it may return true without need.
    bool wants_poll() const noexcept;

    /// Returns when to poll again if no event comes before; `never` if only an event can bring
    /// work.
    steady_time next_deadline() const noexcept;

    // State ------------------------------------------------------------------------------------

    phase state() const noexcept { return phase_; }
    std::size_t desired() const noexcept { return desired_; }
    std::size_t waiters() const noexcept { return waiting_.size(); }
    std::size_t starting() const noexcept { return starting_.size(); }
    std::size_t available() const noexcept { return idle_.size(); }
    std::size_t leased() const noexcept { return held_.size(); }
    std::size_t draining() const noexcept { return draining_; }
    std::size_t in_service() const noexcept
    {
        return starting_.size() + idle_.size() + held_.size();
    }
    std::size_t retired() const noexcept { return retired_; }
    std::size_t abandoned() const noexcept { return abandoned_; }
    /// Returns how many pools may be in service.
    std::size_t capacity() const noexcept;
    /// Returns the number of pools that can be obtained without a release: those that are idle,
    /// being made, or can still be made.
    std::size_t obtainable() const noexcept
    {
        return std::max(capacity(), in_service()) - held_.size();
    }

    /// Calls f(claim&) for each claim that holds a pool in service, oldest grant first.
    template <class F>
    void for_each_lease(F&& f)
    {
        for (auto& held : held_)
            f(held);
    }

    /// Releases all nodes, without actions, because the shell is shutting down. `f` gets each
    /// waiting claim.
    template <class F>
    void forget_all(F&& f)
    {
        due_.clear();
        impatient_.clear();
        held_.clear();
        for (auto* pools : {&starting_, &idle_, &to_close_, &leaving_})
            pools->clear();
        phase_ = phase::stopped;
        serving_ = false;
        retired_ = draining_ = abandoned_ = 0;
        waiting_.clear_and_dispose([&](claim* which) {
            which->phase_ = claim::phase::idle;
            f(*which);
        });
    }

private:
    struct due_less {
        bool operator()(claim const& a, claim const& b) const noexcept { return a.due_ < b.due_; }
    };
    using queue = boost::intrusive::list<claim, boost::intrusive::base_hook<queue_hook>>;
    using due_index = boost::intrusive::multiset<claim, boost::intrusive::base_hook<due_hook>,
        boost::intrusive::compare<due_less>>;
    using pool_list = boost::intrusive::list<pool, boost::intrusive::base_hook<queue_hook>>;
    using kind = action::kind;

    bool accepting() const noexcept
    {
        return phase_ == phase::starting || phase_ == phase::running;
    }
    /// Returns whether waiting acquires are served: also during a stop that serves them.
    bool serves(steady_time now) const noexcept
    {
        return accepting() || (serving_ && now < stop_at_);
    }
    bool may_make(steady_time now) const noexcept
    {
        return now >= retry_at_ && in_service() < capacity();
    }
    /// Returns whether one more pool is wanted, whether or not it can be made.
    bool wants_pool() const noexcept
    {
        return (accepting() && in_service() < desired_) ||
            waiting_.size() > starting_.size() + idle_.size();
    }
    /// Returns when the pool that has been idle for longest must be closed; `never` if there is no
    /// surplus.
    steady_time surplus_at() const noexcept;

    static errc error_of_impatient(claim const& which) noexcept;
    void index_due(claim& which, steady_time at) noexcept;
    void leave_queue(claim& which) noexcept;
    void note_failure(steady_time now) noexcept;
    /// Makes the pool free for a grant, or sends it away if it cannot be granted any more.
    void make_idle(pool& on, steady_time now) noexcept;
    void send_away(pool& on) noexcept;
    void forget_leaving(pool& on) noexcept;

    action grant(steady_time now) noexcept;
    action refuse(claim& which, kind what, errc error) noexcept;
    action settle_due(steady_time now) noexcept;
    action revoke(claim& which, revocation why) noexcept;
    action close_next() noexcept;
    action serve_waiting(steady_time now) noexcept;
    action poll_accepting(steady_time now) noexcept;
    action poll_stopping(steady_time now) noexcept;
    action finish_stop() noexcept;

    options const options_;
    phase phase_ = phase::stopped;

    queue waiting_;        // FIFO
    queue held_;           // live and draining, by time of grant
    due_index due_;        // deadlines of held_, and of those of waiting_ that have a timeout
    due_index impatient_;  // those of waiting_ that must not wait for a release
    pool_list starting_;
    pool_list idle_;      // front: idle for longest; grants prefer the back, which has warm caches
    pool_list to_close_;  // a `close` action follows for each
    pool_list leaving_;   // retired, closing, or abandoned by a stop

    std::size_t desired_;
    std::size_t draining_ = 0;
    std::size_t retired_ = 0;
    std::size_t abandoned_ = 0;
    std::size_t told_capacity_;
    std::size_t failures_ = 0;  // to make a pool, since a new pool last served a lease
    steady_time retry_at_ = steady_time::min();
    steady_time next_check_ = never;
    steady_time stop_at_ = never;
    steady_time abandon_at_ = never;
    bool make_failed_ = false;  // all waiters get `make_failed`
    bool serving_ = false;      // stopping, and waiting acquires are served before
    bool undoing_ = false;      // stopping because the start failed or was canceled
};

}  // namespace leasepool::detail

#endif
