// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LEDGER_REFERENCE_MODEL_HPP
#define LEASEPOOL_TEST_UNIT_LEDGER_REFERENCE_MODEL_HPP

#include "core/ledger/ledger.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace leasepool::detail::test {

/// What the ledger did that it must not do, or did not do that it must.
struct violation {
    char const* what;
};

inline void require(bool held, char const* what)
{
    if (!held)
        throw violation{what};
}

/// The naive model of a ledger: it is told every event and every action, says whether the action is
/// allowed, and, once the ledger has nothing further to do, whether anything was left undone.
/// Nodes are numbers, times are ticks, every question is a scan.
class ledger_reference_model {
public:
    using tick = std::int64_t;
    using kind = ledger::action::kind;
    using life = ledger::phase;
    static constexpr tick never = std::numeric_limits<tick>::max();
    static constexpr tick ever = std::numeric_limits<tick>::min();
    static constexpr int nobody = -1;
    static constexpr int claim_count = 8;
    static constexpr int pool_count = 16;

    enum class claim_is : std::uint8_t { idle, waiting, live, draining, revoked };
    enum class pool_is : std::uint8_t { fresh, starting, idle, leased, retired, to_close, closing };

    struct claim {
        claim_is is = claim_is::idle;
        int pool = nobody;
        tick since = 0;
        tick lifetime = 0;
        tick soft = 0;
        tick until = never;
        errc impatience{};
        bool overdue = false;  // said so since the last renewal
        bool moved = false;    // the ledger may look at it too early
        bool owed = false;     // must get the reason for which no pool can be made
    };
    struct pool {
        pool_is is = pool_is::fresh;
        int holder = nobody;
        tick idle_since = 0;
        std::uint64_t idle_order = 0;
        bool broken = false;
        bool proven = false;  // served a lease
        bool has_workers = true;
        bool retired = false;
        bool abandoned = false;
    };

    explicit ledger_reference_model(ledger::options const& opts)
        : opts_(opts), desired(opts.min_pools), told_(opts.max_pools)
    {
    }

    static tick plus(tick at, tick by) { return by > never - at ? never : at + by; }

    // Scans
    bool accepting() const { return phase == life::starting || phase == life::running; }
    /// Whether acquires that wait are served.
    bool serves(tick now) const
    {
        return accepting() ||
            (phase == life::stopping && serving_ && !waiting.empty() && now < stop_at_);
    }
    std::size_t pools_that_are(pool_is what) const
    {
        return count(pools, [=](pool const& p) { return p.is == what && !abandoned_start(p); });
    }
    std::size_t claims_that_are(claim_is what) const
    {
        return count(claims, [=](claim const& c) { return c.is == what; });
    }
    std::size_t retired() const
    {
        return count(pools, [](pool const& p) { return p.retired; });
    }
    std::size_t abandoned() const
    {
        return count(pools, [](pool const& p) { return p.abandoned; });
    }
    std::size_t in_service() const
    {
        return pools_that_are(pool_is::starting) + pools_that_are(pool_is::idle) +
            pools_that_are(pool_is::leased);
    }
    std::size_t capacity() const
    {
        auto const gone = retired();
        auto const excess = gone > opts_.max_retired ? gone - opts_.max_retired : 0;
        return excess > opts_.max_pools ? 0 : opts_.max_pools - excess;
    }

    // Events
    void start(tick now)
    {
        phase = life::starting;
        failures_ = 0;
        retry_at_ = ever;
        stop_at_ = abandon_at_ = never;
        undoing_ = start_failed_ = serving_ = false;
        check_at_ = opts_.check_interval ? plus(now, opts_.check_interval->count()) : never;
    }
    void cancel_start()
    {
        if (phase == life::starting) {
            phase = life::stopping;
            undoing_ = true;
            stop_at_ = ever;
        }
    }
    void stop(tick deadline, tick abandon, bool serve)
    {
        if (phase == life::stopped)
            return;
        serving_ = serve && (phase == life::running || serving_);
        phase = life::stopping;
        stop_at_ = std::min(stop_at_, deadline);
        abandon_at_ = std::min(abandon_at_, abandon);
    }
    errc acquire(int which, tick now, bool wait, tick until, tick lifetime)
    {
        if (!accepting())
            return errc::not_running;
        auto const impatience = !wait ? errc::unavailable
            : until <= now            ? errc::acquire_timeout
                                      : errc{};
        auto without_release = pools_that_are(pool_is::idle) + pools_that_are(pool_is::starting);
        if (now >= retry_at_)
            while (in_service() +
                    (without_release - pools_that_are(pool_is::idle) -
                        pools_that_are(pool_is::starting)) <
                capacity())
                ++without_release;
        if (impatience != errc{} && waiting.size() >= without_release)
            return impatience;
        if (waiting.size() >= opts_.max_waiters)
            return errc::too_many_waiters;
        claim c;
        c.is = claim_is::waiting;
        c.since = now;
        c.lifetime = lifetime;
        c.until = until;
        c.impatience = impatience;
        at(which) = c;
        waiting.push_back(which);
        return errc{};
    }
    bool cancel(int which)
    {
        if (at(which).is != claim_is::waiting)
            return false;
        leave(which);
        return true;
    }
    void release(int which)
    {
        if (at(which).is == claim_is::live)
            at(which).is = claim_is::draining;
    }
    void drained(int which, tick now)
    {
        auto& c = at(which);
        auto& p = pool_at(c.pool);
        if (!p.broken && !p.proven) {
            p.proven = true;
            failures_ = 0;
            retry_at_ = ever;
        }
        if (c.is == claim_is::revoked || p.broken || !serves(now))
            p.is = pool_is::to_close;
        else
            becomes_idle(p, now);
        p.holder = nobody;
        c.is = claim_is::idle;
        std::erase(held, which);
    }
    void renew(int which, tick to)
    {
        at(which).soft = to;
        at(which).overdue = false;
        at(which).moved = true;
    }
    void renewed(int which)
    {
        at(which).overdue = false;  // the ledger is told: it looks afresh
        at(which).moved = false;
    }
    void pool_starting(int on)
    {
        pool_at(on) = pool{};
        pool_at(on).is = pool_is::starting;
    }
    void make_failed(tick now)
    {
        if (phase == life::starting) {
            cancel_start();
            start_failed_ = true;
        }
        if (phase != life::running && !serves(now))
            return;
        if (now >= retry_at_) {  // else it was made at the same time as one that failed before
            auto pause = opts_.backoff.count();
            for (std::size_t n = 0; n != failures_; ++n)
                pause = std::min(opts_.max_backoff.count(), plus(pause, pause));
            retry_at_ = plus(now, std::min(opts_.max_backoff.count(), pause));
            ++failures_;
        }
        if (failures_ >= opts_.make_attempts && in_service() == 0)
            for (auto which : waiting)
                at(which).owed = true;
    }
    void pool_ready(int on, tick now)
    {
        auto& p = pool_at(on);
        auto const failed = p.broken && !p.abandoned;
        if (serves(now) && !p.broken && !p.abandoned)
            becomes_idle(p, now);
        else
            p.is = pool_is::to_close;
        if (failed)
            make_failed(now);
    }
    void pool_failed(int on, tick now)
    {
        auto const was_abandoned = pool_at(on).abandoned;
        pool_at(on) = pool{};
        if (!was_abandoned)
            make_failed(now);
    }
    void pool_broken(int on, tick now)
    {
        auto& p = pool_at(on);
        p.broken = true;
        bool const in_use = p.is == pool_is::idle || p.is == pool_is::leased;
        if (p.is == pool_is::idle)
            p.is = pool_is::to_close;
        if (in_use && !p.proven)
            make_failed(now);
    }
    void pool_closed(int on) { pool_at(on) = pool{}; }
    void pool_workers(int on, bool any) { pool_at(on).has_workers = any; }

    /// Whether the ledger may do this now; and does it. `which` and `on` number the action's nodes.
    void allow(ledger::action const& act, int which, int on, tick now);
    /// Nothing is left to do now.
    void at_rest(tick now) const;
    /// When there will be something to do if nothing happens before.
    tick next_deadline() const;
    /// Whether a lease was renewed to a later time, which the ledger learns in its own time.
    bool any_moved() const
    {
        return std::any_of(held.begin(), held.end(),
            [this](int which) { return claims[static_cast<std::size_t>(which)].moved; });
    }

    claim& at(int which) { return claims[static_cast<std::size_t>(which)]; }
    claim const& at(int which) const { return claims[static_cast<std::size_t>(which)]; }
    pool& pool_at(int on) { return pools[static_cast<std::size_t>(on)]; }
    pool const& pool_at(int on) const { return pools[static_cast<std::size_t>(on)]; }

private:
    template <class Nodes, class Is>
    static std::size_t count(Nodes const& nodes, Is is)
    {
        return static_cast<std::size_t>(std::count_if(nodes.begin(), nodes.end(), is));
    }
    static bool abandoned_start(pool const& p) { return p.is == pool_is::starting && p.abandoned; }
    void becomes_idle(pool& p, tick now)
    {
        p.is = pool_is::idle;
        p.idle_since = now;
        p.idle_order = ++idle_order_;
    }
    void leave(int which)
    {
        std::erase(waiting, which);
        at(which).is = claim_is::idle;
    }
    /// Of the idle pools: the one that came back last (longest = false), or first.
    int idle_pool(bool longest) const
    {
        auto found = nobody;
        for (int n = 0; n != pool_count; ++n)
            if (pool_at(n).is == pool_is::idle &&
                (found == nobody || (pool_at(n).idle_order < pool_at(found).idle_order) == longest))
                found = n;
        return found;
    }
    /// The one to grant: of those with workers, if there are any, the one that came back last.
    int pool_to_grant() const
    {
        auto found = idle_pool(false);
        for (int n = 0; n != pool_count; ++n) {
            auto const& p = pool_at(n);
            if (p.is == pool_is::idle && p.has_workers &&
                (!pool_at(found).has_workers || p.idle_order > pool_at(found).idle_order))
                found = n;
        }
        return found;
    }
    bool wants_pool() const
    {
        return (accepting() && in_service() < desired) ||
            waiting.size() > pools_that_are(pool_is::starting) + pools_that_are(pool_is::idle);
    }
    bool may_make(tick now) const { return now >= retry_at_ && in_service() < capacity(); }
    /// A pool could be made but for the pause after a failure.
    bool pausing(tick now) const { return now < retry_at_; }
    tick surplus_at() const
    {
        auto const oldest = idle_pool(true);
        if (phase != life::running || oldest == nobody || in_service() <= desired)
            return never;
        return plus(pool_at(oldest).idle_since, opts_.idle_ttl.count());
    }
    bool hopeless(claim const& c, tick now) const
    {
        return c.impatience != errc{} && !may_make(now) && idle_pool(true) == nobody &&
            pools_that_are(pool_is::starting) == 0;
    }
    int first_impatient() const
    {
        auto const found = std::find_if(waiting.begin(), waiting.end(),
            [this](int which) { return at(which).impatience != errc{}; });
        return found == waiting.end() ? nobody : *found;
    }
    /// Whether a stop has nothing left to wait for.
    bool may_finish(tick now) const
    {
        if (!waiting.empty() || !held.empty() || idle_pool(true) != nobody)
            return false;
        return std::all_of(pools.begin(), pools.end(), [&](pool const& p) {
            return p.is == pool_is::fresh ||
                (p.is != pool_is::to_close && (p.abandoned || abandon_at_ <= now));
        });
    }

    ledger::options const opts_;

public:
    std::array<claim, claim_count> claims{};
    std::array<pool, pool_count> pools{};
    std::vector<int> waiting;  // in the order of their acquires
    std::vector<int> held;     // in the order of their grants
    std::size_t desired;
    life phase = life::stopped;

private:
    std::size_t told_;
    std::size_t failures_ = 0;
    std::uint64_t idle_order_ = 0;
    tick retry_at_ = ever;
    tick check_at_ = never;
    tick stop_at_ = never;
    tick abandon_at_ = never;
    bool undoing_ = false;
    bool serving_ = false;
    bool start_failed_ = false;
};

}  // namespace leasepool::detail::test

#endif
