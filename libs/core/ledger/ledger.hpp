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

/// Far enough from the clock's end that a sum of a few durations and a time cannot overflow.
constexpr steady_duration longest_duration = steady_duration::max() / 4;

/// The soft expiry of a lease, on which a renewal from any thread and the revocation agree: it is
/// either a time or `revoked`, and changes in one step.
class soft_expiry {
public:
    /// Before the lease is shared.
    void set(steady_time at) noexcept { value_.store(ticks(at), std::memory_order_relaxed); }

    steady_time get() const noexcept
    {
        return steady_time{steady_duration{value_.load(std::memory_order_acquire)}};
    }

    /// Moves the expiry and returns what it was; none if the lease is revoked.
    std::optional<steady_time> renew(steady_time to) noexcept
    {
        auto now = value_.load(std::memory_order_relaxed);
        while (now != revoked)
            if (value_.compare_exchange_weak(now, ticks(to), std::memory_order_acq_rel))
                return steady_time{steady_duration{now}};
        return std::nullopt;
    }

    /// Revokes unless the expiry has moved away from `seen`.
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

/// Every decision of a manager: who gets which pool when, when leases expire, how many pools there
/// should be, what a stop does.
///
/// It reads no clock, starts no thread, does no I/O, calls nobody and allocates nothing. The shell
/// (`manager_core`) reports events, each with the time; soon after each one it calls `poll` until there
/// is nothing left to do and performs every action it gets. In between, at any time, it may ask for
/// the grants alone (`grant_next`). All events and each poll are O(1) or
/// O(log n) in pools, leases and waiters; what takes n steps (a stop) is n polls. Only a grant also
/// passes over the idle pools that have no live worker.
///
/// Claims and pools are nodes owned by the shell; each must stay where it is while it is linked,
/// that is, until the ledger has let go of it (see `action`).
class ledger {
    using link = boost::intrusive::link_mode<boost::intrusive::safe_link>;
    using queue_hook = boost::intrusive::list_base_hook<link>;
    using due_hook = boost::intrusive::set_base_hook<link, boost::intrusive::optimize_size<true>>;

public:
    class pool;

    /// A wish for a pool and, once granted, the lease: one node for its whole life.
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
        /// The pool it was granted, also after the end; null: none yet. Any thread.
        pool* on() const noexcept { return pool_.load(); }
        /// Since when it waits, or, once granted, holds its pool.
        steady_time since() const noexcept { return since_; }
        /// The soft lifetime it asks for; set before `ledger::acquire`.
        steady_duration lifetime{};
        /// Set by the grant.
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

    /// A pool, from the moment the backend is asked for it.
    class pool : public queue_hook {
    public:
        enum class phase : std::uint8_t {
            fresh,     ///< not known to the ledger
            starting,  ///< being made
            idle,      ///< free
            leased,    ///< held by a claim
            retired,   ///< taken from its claim; its work still runs
            closing,   ///< told to close
        };

        phase state() const noexcept { return phase_; }
        claim* holder() const noexcept { return holder_; }
        bool has_broken() const noexcept { return broken_; }
        /// It has served a lease, so its breaking is no failure to make it.
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
        /// How often to ask for `recheck`; none: never.
        std::optional<steady_duration> check_interval{};
        steady_duration backoff = std::chrono::milliseconds{100};
        steady_duration max_backoff = std::chrono::seconds{30};
        std::size_t make_attempts = 3;
    };

    /// What ends a claim against the holder's will.
    enum class revocation : std::uint8_t { expired, broken, stopped };

    struct action {
        enum class kind : std::uint8_t {
            none,
            grant,         ///< give `on` to `who`; its lease begins
            fail,          ///< `who` gets `error`; the ledger has let go of it
            make_failed,   ///< `who` gets the reason of the last `pool_failed`; let go of
            overdue,       ///< `who` passed its soft expiry
            revoke,        ///< `who` lost its pool for the reason `why`; report `drained` as usual
            make,          ///< report `pool_starting` at once, or `make_refused`
            close,         ///< close `on`: report `pool_closed`
            recheck,       ///< read the size provider: report `resize`
            starved,       ///< `count` pools at most can be in service now
            started,       ///< the start is done
            start_failed,  ///< it failed, or was canceled, and all is undone
            stopped,       ///< the stop is done; `count` pools were abandoned
        };
        kind what = kind::none;
        revocation why = revocation::expired;
        errc error{};
        std::size_t count = 0;
        claim* who = nullptr;
        pool* on = nullptr;
        /// Of a grant: how long it was waited for.
        steady_duration waited{};

        explicit operator bool() const noexcept { return what != kind::none; }
    };

    enum class phase : std::uint8_t { stopped, starting, running, stopping };

    /// Unlimited patience.
    static constexpr steady_time never = steady_time::max();

    explicit ledger(options const& opts) noexcept;
    ~ledger();
    ledger(ledger const&) = delete;
    ledger& operator=(ledger const&) = delete;

    // Events -----------------------------------------------------------------------------------

    /// Begins a start, to the target last given to `resize`. Precondition: state() is stopped.
    void start(steady_time now) noexcept;

    /// Undoes a start that is not done; `start_failed` follows. No effect in another phase.
    void cancel_start() noexcept;

    /// Begins or tightens a stop: `deadline` is when what is held is canceled, `abandon` when what
    /// then still runs is abandoned. No effect when stopped.
    void stop(steady_time deadline, steady_time abandon) noexcept;

    /// A claim for a pool. Success: it is queued, and an action will settle it. Otherwise the
    /// reason for which it was refused, and the ledger does not know it.
    /// @param wait false: fail at once (`unavailable`) if it takes another's release.
    /// @param until when to fail with `acquire_timeout`; `now` or earlier: as if `wait` was false,
    ///     but with that code.
    errc acquire(claim& who, steady_time now, bool wait, steady_time until) noexcept;

    /// Takes a waiting claim back. False if it is not waiting (any more).
    bool cancel(claim& who) noexcept;

    /// The holder lets go; its work may still run. No effect unless live.
    void release(claim& who) noexcept;

    /// The holder has let go or lost its pool, and nothing of its work is left.
    /// Precondition: who.holds_pool(). The ledger lets go of the claim.
    void drained(claim& who, steady_time now) noexcept;

    /// The holder moved its soft expiry to an earlier time, or away from one that had passed.
    void renewed(claim& who) noexcept;

    /// Answers `make`: the backend is asked for this pool. `pool_ready` or `pool_failed` follows.
    void pool_starting(pool& on) noexcept;
    /// Answers `make`: the backend could not even be asked.
    void make_refused(steady_time now) noexcept;
    void pool_ready(pool& on, steady_time now) noexcept;
    /// The ledger lets go of the pool.
    void pool_failed(pool& on, steady_time now) noexcept;
    /// The pool can run nothing further. If it is leased, the lease is revoked. Before it has served
    /// a lease this is a failed attempt to make a pool: what breaks at once is not made in a loop.
    void pool_broken(pool& on, steady_time now) noexcept;
    /// Whether any worker of the pool is alive; true until this says otherwise. A pool without one is
    /// granted only if no idle pool has one.
    void pool_workers(pool& on, bool any) noexcept { on.has_workers_ = any; }
    /// The ledger lets go of the pool.
    void pool_closed(pool& on) noexcept;

    /// The target number of pools, already clamped.
    void resize(std::size_t desired) noexcept { desired_ = desired; }

    // Decisions --------------------------------------------------------------------------------

    /// The next thing to do at `now`; kind::none if there is none.
    action poll(steady_time now) noexcept;

    /// The next grant at `now`, if `poll` would begin with it; otherwise kind::none. For those who
    /// may do no more than grant: what else is to be done stays for `poll`.
    action grant_next(steady_time now) noexcept;

    /// Whether `poll` may have something to do before the next deadline, after `grant_next` had
    /// nothing. While a start or a stop is under way it may be true without need.
    bool wants_poll() const noexcept;

    /// When to poll again if nothing happens before; `never` if only an event can bring work.
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
    /// How many pools may be in service.
    std::size_t capacity() const noexcept;
    /// Pools to be had with nobody's release: idle, being made, or still to be made.
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

    /// Lets go of all nodes, without actions: the shell is shutting down. `f` gets each waiting
    /// claim.
    template <class F>
    void forget_all(F&& f)
    {
        due_.clear();
        impatient_.clear();
        held_.clear();
        for (auto* pools : {&starting_, &idle_, &to_close_, &leaving_})
            pools->clear();
        phase_ = phase::stopped;
        retired_ = draining_ = abandoned_ = 0;
        waiting_.clear_and_dispose([&](claim* who) {
            who->phase_ = claim::phase::idle;
            f(*who);
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
    bool may_make(steady_time now) const noexcept
    {
        return now >= retry_at_ && in_service() < capacity();
    }
    /// Whether one more pool is wanted, be it possible or not.
    bool wants_pool() const noexcept
    {
        return in_service() < desired_ || waiting_.size() > starting_.size() + idle_.size();
    }
    /// When the pool that has been idle for longest is to go; `never` if none is too many.
    steady_time surplus_at() const noexcept;

    static errc error_of_impatient(claim const& who) noexcept;
    void index_due(claim& who, steady_time at) noexcept;
    void leave_queue(claim& who) noexcept;
    void note_failure(steady_time now) noexcept;
    void send_away(pool& on) noexcept;
    void forget_leaving(pool& on) noexcept;

    action grant(steady_time now) noexcept;
    action refuse(claim& who, kind what, errc error) noexcept;
    action settle_due(steady_time now) noexcept;
    action revoke(claim& who, revocation why) noexcept;
    action close_next() noexcept;
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
    pool_list idle_;      // front: idle for longest; grants prefer the back, whose caches are warm
    pool_list to_close_;  // the shell is still to be told
    pool_list leaving_;   // retired, closing, or abandoned by a stop

    std::size_t desired_;
    std::size_t draining_ = 0;
    std::size_t retired_ = 0;
    std::size_t abandoned_ = 0;
    std::size_t told_capacity_;
    std::size_t failures_ = 0;  // to make a pool, since the last new one that served a lease
    steady_time retry_at_ = steady_time::min();
    steady_time next_check_ = never;
    steady_time stop_at_ = never;
    steady_time abandon_at_ = never;
    bool make_failed_ = false;  // waiters are to get the reason
    bool undoing_ = false;      // stopping because the start failed or was canceled
};

}  // namespace leasepool::detail

#endif
