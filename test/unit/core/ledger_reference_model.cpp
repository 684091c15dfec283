// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "unit/support/ledger_reference_model.hpp"

#include <algorithm>
#include <cstddef>

namespace leasepool::detail::test {

void ledger_reference_model::allow(ledger::action const& act, int which, int on, tick now)
{
    using enum ledger::action::kind;
    auto const settles = act.what == grant || act.what == fail || act.what == make_failed;
    require(!settles || (which != nobody && at(which).is == claim_is::waiting),
        "a claim that does not wait is settled");
    auto const first = settles && waiting.front() == which;

    switch (act.what) {
    case none:
        break;
    case grant: {
        require(serves(now), "granted by a manager that serves no claim");
        require(first, "granted out of turn");
        require(!at(which).owed, "granted to a claim that was to fail");
        require(act.waited.count() == now - at(which).since, "the wait is misreported");
        require(on != nobody && pool_at(on).is == pool_is::idle && !pool_at(on).broken &&
                pool_at(on).holder == nobody,
            "granted a pool that is not free");
        require(on == pool_to_grant(), "granted another pool than the warmest with workers");
        leave(which);
        auto& c = at(which);
        c.is = claim_is::live;
        c.pool = on;
        c.soft = plus(now, c.lifetime);
        c.overdue = c.moved = false;
        pool_at(on).is = pool_is::leased;
        pool_at(on).holder = which;
        held.push_back(which);
        break;
    }
    case fail:
        require(!at(which).owed, "an owed reason was not given");
        if (act.error == errc::not_running)
            require(phase == life::stopping && !serves(now) && !start_failed_ && first,
                "not_running too early");
        else if (act.error == errc::acquire_timeout && at(which).until <= now &&
            at(which).impatience == errc{})
            require(idle_pool(true) == nobody || !serves(now), "timed out next to a free pool");
        else {
            require(serves(now) && at(which).impatience == act.error && act.error != errc{},
                "failed for no reason");
            require(hopeless(at(which), now), "refused what it could still get");
            require(!pausing(now), "the real reason is lost");
            require(which == first_impatient(), "refused out of turn");
        }
        leave(which);
        break;
    case make_failed:
        if (!serves(now))
            require(phase == life::stopping && start_failed_ && first, "a reason from nowhere");
        else if (at(which).owed)
            require(first, "failed out of turn");
        else
            require(pausing(now) && hopeless(at(which), now) && which == first_impatient(),
                "failed with a reason too early");
        leave(which);
        break;
    case overdue:
        require(which != nobody && std::count(held.begin(), held.end(), which) == 1,
            "overdue without a lease");
        require(at(which).soft <= now, "overdue too early");
        require(!at(which).overdue, "overdue twice");
        at(which).overdue = true;
        at(which).moved = false;
        break;
    case revoke: {
        require(which != nobody && std::count(held.begin(), held.end(), which) == 1 &&
                at(which).pool == on,
            "revoked without a lease");
        auto& p = pool_at(on);
        switch (act.why) {
        case ledger::revocation::expired:
            require(
                plus(at(which).soft, opts_.grace.count()) <= now && !p.broken, "revoked too early");
            break;
        case ledger::revocation::broken:
            require(p.broken, "revoked, but whole");
            break;
        case ledger::revocation::stopped:
            require(phase == life::stopping && stop_at_ <= now && which == held.front(),
                "stopped too early");
            break;
        }
        at(which).is = claim_is::revoked;
        p.is = pool_is::retired;
        p.retired = true;
        std::erase(held, which);
        break;
    }
    case make:
        require(serves(now), "made by a manager that serves no claim");
        require(wants_pool(), "made without need");
        require(may_make(now), "made without room, or too soon");
        break;
    case close: {
        auto& p = pool_at(on);
        if (p.is == pool_is::idle && phase != life::stopping) {
            require(waiting.empty(), "closed before a waiter's eyes");
            require(on == idle_pool(true) && surplus_at() <= now, "closed without need");
        }
        else
            require(p.is == pool_is::to_close || p.is == pool_is::idle, "closed while in use");
        p.is = pool_is::closing;
        break;
    }
    case recheck:
        require(accepting() && check_at_ <= now, "asked too early");
        check_at_ = plus(now, opts_.check_interval->count());
        break;
    case starved:
        require(accepting() && capacity() != told_ && act.count == capacity(), "starved in vain");
        told_ = act.count;
        break;
    case started:
        require(phase == life::starting &&
                pools_that_are(pool_is::idle) + pools_that_are(pool_is::leased) >=
                    std::min(desired, capacity()),
            "started too early");
        phase = life::running;
        break;
    case start_failed:
    case stopped:
        require(phase == life::stopping && may_finish(now), "stopped too early");
        require(undoing_ == (act.what == start_failed), "the end of another operation");
        for (auto& p : pools) {
            p.retired |=
                p.is == pool_is::starting;  // its threads exist, like those of retired ones
            p.abandoned = p.is != pool_is::fresh;
        }
        require(act.count == abandoned(), "the abandoned are miscounted");
        phase = life::stopped;
        told_ = opts_.max_pools;
        break;
    }
    auto const excess = retired() - std::min(retired(), opts_.max_retired);
    require(in_service() + excess <= opts_.max_pools, "too many pools");
    require(retired() <= opts_.max_pools + opts_.max_retired, "too many retired pools");
}

void ledger_reference_model::at_rest(tick now) const
{
    require(pools_that_are(pool_is::to_close) == 0, "a pool was not closed");
    for (auto which : held) {
        auto const& c = at(which);
        require(!pool_at(c.pool).broken, "a broken pool was not revoked");
        require(c.soft > now || c.overdue, "an overdue lease was not reported");
        require(plus(c.soft, opts_.grace.count()) > now, "an expired lease was not revoked");
    }
    if (phase == life::stopping) {
        require(waiting.empty() || serves(now), "a waiter was forgotten by the stop");
        require(pools_that_are(pool_is::idle) == 0, "an idle pool was forgotten by the stop");
        require(held.empty() || stop_at_ > now, "a lease was forgotten by the stop");
        require(!may_finish(now), "the stop did not end");
    }
    if (phase == life::stopped)
        require(
            waiting.empty() && held.empty() && in_service() == 0, "something outlived the stop");
    if (!serves(now))
        return;
    require(waiting.empty() || idle_pool(true) == nobody, "a free pool and a waiter");
    for (auto which : waiting) {
        auto const& c = at(which);
        require(!c.owed, "an owed failure was not given");
        require(c.until > now || c.impatience != errc{}, "a timeout was missed");
        require(!hopeless(c, now), "one that must not wait waits");
    }
    require(!(wants_pool() && may_make(now)), "a pool was not made");
    if (!accepting())
        return;
    require(surplus_at() > now, "a surplus pool was kept");
    require(phase != life::starting ||
            pools_that_are(pool_is::idle) + pools_that_are(pool_is::leased) <
                std::min(desired, capacity()),
        "the start did not end");
    require(told_ == capacity(), "starvation was not told");
    require(check_at_ > now, "a check was missed");
}

ledger_reference_model::tick ledger_reference_model::next_deadline() const
{
    auto next = never;
    for (auto which : held) {
        auto const& c = at(which);
        next = std::min(next, c.overdue ? plus(c.soft, opts_.grace.count()) : c.soft);
    }
    if (phase == life::stopping) {
        auto const all_abandoned = std::all_of(pools.begin(), pools.end(),
            [](pool const& p) { return p.is == pool_is::fresh || p.abandoned; });
        if (!held.empty() || !waiting.empty())
            next = std::min(next, stop_at_);
        else if (!all_abandoned)
            next = std::min(next, abandon_at_);
    }
    for (auto which : waiting)
        if (at(which).impatience == errc{})
            next = std::min(next, at(which).until);
    if ((accepting() || !waiting.empty()) && wants_pool() && in_service() < capacity())
        next = std::min(next, retry_at_);
    if (accepting())
        next = std::min({next, check_at_, surplus_at()});
    return next;
}

}  // namespace leasepool::detail::test
