// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/ledger/ledger.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

// The decisions of a manager; see the class. `manager_core` calls it under the manager's lock.

namespace leasepool::detail {

ledger::ledger(options const& opts) noexcept
    : options_(opts), desired_(opts.min_pools), told_capacity_(opts.max_pools)
{
}

ledger::~ledger()
{
    forget_all([](claim&) {});
}

std::size_t ledger::capacity() const noexcept
{
    auto const excess = retired_ - std::min(retired_, options_.max_retired);
    return options_.max_pools - std::min(options_.max_pools, excess);
}

// Events ------------------------------------------------------------------------------------------

void ledger::start(steady_time now) noexcept
{
    assert(phase_ == phase::stopped);
    phase_ = phase::starting;
    failures_ = 0;
    retry_at_ = steady_time::min();
    stop_at_ = abandon_at_ = never;
    make_failed_ = undoing_ = serving_ = false;
    next_check_ = options_.check_interval ? saturating_add(now, *options_.check_interval) : never;
}

void ledger::cancel_start() noexcept
{
    if (phase_ != phase::starting)
        return;
    phase_ = phase::stopping;
    undoing_ = true;
    stop_at_ = steady_time::min();
}

void ledger::stop(steady_time deadline, steady_time abandon, bool serve) noexcept
{
    if (phase_ == phase::stopped)
        return;
    serving_ = serve && (phase_ == phase::running || serving_);
    phase_ = phase::stopping;
    stop_at_ = std::min(stop_at_, deadline);
    abandon_at_ = std::min(abandon_at_, abandon);
}

errc ledger::acquire(claim& which, steady_time now, bool wait, steady_time until) noexcept
{
    assert(which.phase_ == claim::phase::idle);
    if (!accepting())
        return errc::not_running;

    using urgency = claim::urgency;
    which.urgency_ = !wait ? urgency::no_wait : until <= now ? urgency::no_time : urgency::waits;
    if (which.urgency_ != urgency::waits) {
        auto const to_make = now >= retry_at_ ? capacity() - std::min(capacity(), in_service()) : 0;
        if (waiting_.size() >= idle_.size() + starting_.size() + to_make)
            return error_of_impatient(which);
    }
    if (waiting_.size() >= options_.max_waiters)
        return errc::too_many_waiters;

    which.phase_ = claim::phase::waiting;
    which.since_ = now;
    which.pool_.store(nullptr, std::memory_order_relaxed);
    which.overdue_ = false;
    waiting_.push_back(which);
    if (which.urgency_ != urgency::waits) {
        which.due_ = now;
        impatient_.insert(impatient_.end(), which);
    }
    else if (until != never)
        index_due(which, until);
    return errc{};
}

errc ledger::error_of_impatient(claim const& which) noexcept
{
    return which.urgency_ == claim::urgency::no_wait ? errc::unavailable : errc::acquire_timeout;
}

bool ledger::cancel(claim& which) noexcept
{
    if (which.phase_ != claim::phase::waiting)
        return false;
    leave_queue(which);
    return true;
}

void ledger::release(claim& which) noexcept
{
    if (which.phase_ != claim::phase::live)
        return;
    which.phase_ = claim::phase::draining;
    ++draining_;
}

void ledger::drained(claim& which, steady_time now) noexcept
{
    assert(which.holds_pool());
    auto& on = *which.on();
    assert(on.holder_ == &which);
    on.holder_ = nullptr;
    if (!on.broken_ && !std::exchange(on.proven_, true)) {
        failures_ = 0;
        retry_at_ = steady_time::min();
    }
    if (which.phase_ == claim::phase::revoked) {
        leaving_.erase(leaving_.iterator_to(on));
        send_away(on);
    }
    else {
        if (which.phase_ == claim::phase::draining)
            --draining_;
        held_.erase(held_.iterator_to(which));
        due_.erase(due_.iterator_to(which));
        make_idle(on, now);
    }
    which.phase_ = claim::phase::idle;
}

void ledger::renewed(claim& which) noexcept
{
    if (which.phase_ != claim::phase::live && which.phase_ != claim::phase::draining)
        return;
    which.overdue_ = false;
    due_.erase(due_.iterator_to(which));
    index_due(which, which.expiry.get());
}

void ledger::pool_starting(pool& on) noexcept
{
    on.phase_ = pool::phase::starting;
    on.broken_ = on.proven_ = false;
    on.has_workers_ = true;
    starting_.push_back(on);
}

void ledger::make_refused(steady_time now) noexcept
{
    note_failure(now);
}

void ledger::pool_ready(pool& on, steady_time now) noexcept
{
    assert(on.phase_ == pool::phase::starting);
    if (on.abandoned_) {
        leaving_.erase(leaving_.iterator_to(on));
        send_away(on);
        return;
    }
    starting_.erase(starting_.iterator_to(on));
    if (on.broken_) {  // it broke before it could be used, so it was not made
        send_away(on);
        note_failure(now);
        return;
    }
    make_idle(on, now);
}

void ledger::pool_failed(pool& on, steady_time now) noexcept
{
    assert(on.phase_ == pool::phase::starting);
    on.phase_ = pool::phase::fresh;
    if (on.abandoned_) {
        forget_leaving(on);
        return;
    }
    starting_.erase(starting_.iterator_to(on));
    note_failure(now);
}

void ledger::note_failure(steady_time now) noexcept
{
    if (phase_ == phase::starting) {
        failures_ = 1;
        cancel_start();
        return;
    }
    if (phase_ != phase::running && !serves(now))
        return;
    // Failures of pools that were being made at the same time are one failed attempt.
    if (now >= retry_at_) {
        auto pause = std::min(options_.backoff, options_.max_backoff);
        for (std::size_t n = 0; n != failures_ && pause < options_.max_backoff; ++n)
            pause += std::min(pause, options_.max_backoff - pause);
        retry_at_ = saturating_add(now, pause);
        ++failures_;
    }
    if (failures_ >= options_.make_attempts && in_service() == 0)
        make_failed_ = true;
}

void ledger::pool_broken(pool& on, steady_time now) noexcept
{
    on.broken_ = true;
    if (on.phase_ == pool::phase::idle) {
        idle_.erase(idle_.iterator_to(on));
        send_away(on);
    }
    else if (on.phase_ == pool::phase::leased) {
        due_.erase(due_.iterator_to(*on.holder_));
        index_due(*on.holder_, steady_time::min());
    }
    else
        return;  // not ready yet, or leaving
    if (!on.proven_)
        note_failure(now);
}

void ledger::pool_closed(pool& on) noexcept
{
    assert(on.phase_ == pool::phase::closing);
    on.phase_ = pool::phase::fresh;
    forget_leaving(on);
}

// Decisions ---------------------------------------------------------------------------------------

ledger::action ledger::poll(steady_time now) noexcept
{
    switch (phase_) {
    case phase::starting:
    case phase::running:
        return poll_accepting(now);
    case phase::stopping:
        if (serves(now) && !waiting_.empty())
            return serve_waiting(now);
        serving_ = false;
        return poll_stopping(now);
    case phase::stopped:
        break;
    }
    return close_next();
}

ledger::action ledger::grant_next(steady_time now) noexcept
{
    if (!serves(now) || make_failed_ || waiting_.empty() || idle_.empty())
        return {};
    return grant(now);
}

bool ledger::wants_poll() const noexcept
{
    return phase_ == phase::starting || phase_ == phase::stopping || make_failed_ ||
        !to_close_.empty() || !impatient_.empty() || capacity() != told_capacity_;
}

ledger::action ledger::serve_waiting(steady_time now) noexcept
{
    if (make_failed_) {
        if (!waiting_.empty())
            return refuse(waiting_.front(), kind::make_failed, errc::worker_start_failed);
        make_failed_ = false;
    }
    if (!waiting_.empty() && !idle_.empty())
        return grant(now);
    if (auto act = settle_due(now))
        return act;
    if (auto act = close_next())
        return act;
    if (wants_pool() && may_make(now))
        return {.what = kind::make};
    if (!impatient_.empty() && starting_.empty()) {
        auto& which = *impatient_.begin();
        bool const pausing = now < retry_at_;
        return refuse(which, pausing ? kind::make_failed : kind::fail, error_of_impatient(which));
    }
    return {};
}

ledger::action ledger::poll_accepting(steady_time now) noexcept
{
    if (auto act = serve_waiting(now))
        return act;
    if (surplus_at() <= now) {
        auto& on = idle_.front();
        idle_.pop_front();
        send_away(on);
        return close_next();
    }
    if (phase_ == phase::starting &&
        idle_.size() + held_.size() >= std::min(desired_, capacity())) {
        phase_ = phase::running;
        return {.what = kind::started};
    }
    if (auto const now_possible = capacity(); now_possible != told_capacity_) {
        told_capacity_ = now_possible;
        return {.what = kind::starved, .count = now_possible};
    }
    if (next_check_ <= now) {
        next_check_ = saturating_add(now, *options_.check_interval);
        return {.what = kind::recheck};
    }
    return {};
}

ledger::action ledger::poll_stopping(steady_time now) noexcept
{
    if (!waiting_.empty())
        return refuse(waiting_.front(), undoing_ && failures_ != 0 ? kind::make_failed : kind::fail,
            errc::not_running);
    if (!idle_.empty()) {
        auto& on = idle_.front();
        idle_.pop_front();
        send_away(on);
    }
    if (auto act = close_next())
        return act;
    if (stop_at_ <= now && !held_.empty())
        return revoke(held_.front(), revocation::stopped);
    if (auto act = settle_due(now))
        return act;
    if (abandon_at_ <= now && held_.empty()) {
        for (auto& on : starting_)
            on.retired_ = true;  // its threads exist, and use capacity after a restart
        retired_ += starting_.size();
        leaving_.splice(leaving_.end(), starting_);
        for (auto& on : leaving_)
            if (!std::exchange(on.abandoned_, true))
                ++abandoned_;
    }
    return finish_stop();
}

ledger::action ledger::grant(steady_time now) noexcept
{
    auto& which = waiting_.front();
    auto const able = std::find_if(
        idle_.rbegin(), idle_.rend(), [](pool const& each) { return each.has_workers(); });
    auto& on = able == idle_.rend() ? idle_.back() : *able;
    leave_queue(which);
    idle_.erase(idle_.iterator_to(on));
    on.phase_ = pool::phase::leased;
    on.holder_ = &which;
    which.phase_ = claim::phase::live;
    which.pool_.store(&on, std::memory_order_release);
    auto const waited = now - std::exchange(which.since_, now);
    auto const soft = saturating_add(now, which.lifetime);
    which.expiry.set(soft);
    held_.push_back(which);
    index_due(which, soft);
    return {.what = kind::grant, .which = &which, .on = &on, .waited = waited};
}

ledger::action ledger::refuse(claim& which, kind what, errc error) noexcept
{
    leave_queue(which);
    return {.what = what, .error = error, .which = &which};
}

ledger::action ledger::settle_due(steady_time now) noexcept
{
    while (!due_.empty() && due_.begin()->due_ <= now) {
        auto& which = *due_.begin();
        if (which.phase_ == claim::phase::waiting)
            return refuse(which, kind::fail, errc::acquire_timeout);
        if (which.on()->broken_)
            return revoke(which, revocation::broken);

        auto const soft = which.expiry.get();
        if (soft > now) {  // renewed since it was indexed
            renewed(which);
            continue;
        }
        auto const hard = saturating_add(soft, options_.grace);
        if (!which.overdue_) {
            which.overdue_ = true;
            due_.erase(due_.begin());
            index_due(which, hard);
            return {.what = kind::overdue, .which = &which};
        }
        if (hard <= now && which.expiry.revoke_if(soft))
            return revoke(which, revocation::expired);
        // The lease was renewed meanwhile, or renewed to a time that has passed already: check it
        // again.
        renewed(which);
    }
    return {};
}

ledger::action ledger::revoke(claim& which, revocation why) noexcept
{
    auto& on = *which.on();
    if (which.phase_ == claim::phase::draining)
        --draining_;
    which.expiry.revoke();
    which.phase_ = claim::phase::revoked;
    held_.erase(held_.iterator_to(which));
    due_.erase(due_.iterator_to(which));
    on.phase_ = pool::phase::retired;
    on.retired_ = true;
    ++retired_;
    leaving_.push_back(on);
    return {.what = kind::revoke, .why = why, .which = &which, .on = &on};
}

void ledger::forget_leaving(pool& on) noexcept
{
    leaving_.erase(leaving_.iterator_to(on));
    if (std::exchange(on.retired_, false))
        --retired_;
    if (std::exchange(on.abandoned_, false))
        --abandoned_;
}

void ledger::make_idle(pool& on, steady_time now) noexcept
{
    if (!serves(now) || on.broken_)
        return send_away(on);
    on.phase_ = pool::phase::idle;
    on.idle_since_ = now;
    idle_.push_back(on);
}

void ledger::send_away(pool& on) noexcept
{
    on.phase_ = pool::phase::closing;
    to_close_.push_back(on);
}

ledger::action ledger::close_next() noexcept
{
    if (to_close_.empty())
        return {};
    auto& on = to_close_.front();
    to_close_.pop_front();
    leaving_.push_back(on);
    return {.what = kind::close, .on = &on};
}

ledger::action ledger::finish_stop() noexcept
{
    if (!starting_.empty() || !held_.empty() || leaving_.size() != abandoned_)
        return {};
    phase_ = phase::stopped;
    told_capacity_ = options_.max_pools;
    return {.what = undoing_ ? kind::start_failed : kind::stopped, .count = abandoned_};
}

steady_time ledger::next_deadline() const noexcept
{
    auto at = due_.empty() ? never : due_.begin()->due_;
    if (accepting())
        at = std::min({at, next_check_, surplus_at()});
    if (accepting() || serving_)
        if (wants_pool() && in_service() < capacity())
            at = std::min(at, retry_at_);
    if (phase_ == phase::stopping) {
        // Pools are abandoned only after the leases that hold them are revoked.
        at = std::min(at, held_.empty() && !serving_ ? abandon_at_ : stop_at_);
    }
    return at;
}

// Links -------------------------------------------------------------------------------------------

steady_time ledger::surplus_at() const noexcept
{
    if (phase_ != phase::running || idle_.empty() || in_service() <= desired_)
        return never;
    return saturating_add(idle_.front().idle_since_, options_.idle_ttl);
}

void ledger::index_due(claim& which, steady_time at) noexcept
{
    which.due_ = at;
    // Most deadlines are the latest so far. With this hint their insertion is O(1).
    due_.insert(due_.end(), which);
}

void ledger::leave_queue(claim& which) noexcept
{
    waiting_.erase(waiting_.iterator_to(which));
    auto& hook = static_cast<due_hook&>(which);
    if (hook.is_linked()) {
        auto& index = which.urgency_ != claim::urgency::waits ? impatient_ : due_;
        index.erase(index.iterator_to(which));
    }
    which.phase_ = claim::phase::idle;
}

}  // namespace leasepool::detail
