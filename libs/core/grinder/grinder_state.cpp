// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/grinder/grinder_state.hpp"

#include "core/support/values.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

// The decisions of a work grinder; see the class. `grinder_core` calls it under the grinder's lock.

namespace leasepool::detail {

grinder_state::grinder_state(options const& opts) noexcept : options_(opts) {}

grinder_state::~grinder_state()
{
    item_list forgotten;
    forget_all(forgotten);
    forgotten.clear();
    for (auto* batches : {&working_, &canceled_, &lost_})
        batches->clear();
}

// Events ------------------------------------------------------------------------------------------

bool grinder_state::start() noexcept
{
    if (phase_ == phase::stopped) {
        phase_ = phase::running;
        stop_at_ = never;
    }
    return phase_ == phase::running;
}

void grinder_state::stop(steady_time deadline) noexcept
{
    if (phase_ == phase::stopped)
        return;
    if (phase_ == phase::running)
        phase_ = phase::draining;
    stop_at_ = std::min(stop_at_, deadline);
}

errc grinder_state::submit(item& what, steady_time now, bool wait) noexcept
{
    assert(what.marks.where == place::outside);
    if (phase_ != phase::running)
        return errc::not_running;
    what.queued_at = now;
    if (pending_size_ >= options_.max_pending) {  // always true while other items wait
        if (!wait) {
            ++totals_.refused;
            return errc::queue_full;
        }
        what.marks.where = place::waiting;
        waiting_.push_back(what);
        ++waiting_size_;
    }
    else {
        what.marks.where = place::pending;
        pending_.push_back(what);
        ++unassigned_size_;
        ++pending_size_;
    }
    ++totals_.submitted;
    return errc{};
}

bool grinder_state::cancel(item& what) noexcept
{
    switch (what.marks.where) {
    case place::outside:
    case place::handed:
        return false;
    case place::waiting:
        waiting_.erase(waiting_.iterator_to(what));
        --waiting_size_;
        break;
    case place::pending:
    case place::returned:
        (what.marks.where == place::pending ? pending_ : returned_)
            .erase(item_list::s_iterator_to(what));
        --unassigned_size_;
        --pending_size_;
        break;
    case place::assigned: {
        auto& b = *static_cast<batch*>(what.sink);
        b.items_.erase(item_list::s_iterator_to(what));
        --b.size_;
        --pending_size_;
        break;
    }
    }
    what.marks.where = place::outside;
    what.sink = nullptr;
    ++totals_.canceled;
    admit();
    return true;
}

void grinder_state::begun(batch& b, steady_time now) noexcept
{
    assert(b.phase_ == batch::phase::fresh);
    b.phase_ = batch::phase::acquiring;
    b.since_ = now;
    b.fruitless_ = b.withdrawn_ = false;
    b.size_ = take(options_.max_batch, b.items_, place::assigned, &b);
    acquiring_.push_back(b);
}

void grinder_state::not_begun(item_list& out) noexcept
{
    auto const n = take(options_.max_batch, out, place::outside, nullptr);
    pending_size_ -= n;
    totals_.failed += n;
    ++totals_.failed_batches;
    admit();
}

void grinder_state::acquire_failed(batch& b, item_list& out) noexcept
{
    assert(b.phase_ == batch::phase::acquiring);
    if (b.size_ != 0)
        ++totals_.failed_batches;
    for (auto& what : b.items_) {
        what.marks.where = place::outside;
        what.sink = nullptr;
    }
    out.splice(out.end(), b.items_);
    pending_size_ -= b.size_;
    totals_.failed += b.size_;
    forget(b);
    admit();
}

void grinder_state::granted(batch& b, steady_time now, item_list& out) noexcept
{
    assert(b.phase_ == batch::phase::acquiring);
    acquiring_.erase(acquiring_.iterator_to(b));
    b.phase_ = batch::phase::working;
    b.since_ = now;
    if (phase_ == phase::canceling) {
        for (auto& what : b.items_) {
            what.marks.where = place::returned;
            what.sink = nullptr;
        }
        returned_.splice(returned_.end(), b.items_);
        unassigned_size_ += std::exchange(b.size_, 0);
        canceled_.push_back(b);
        b.phase_ = batch::phase::canceled;
        return;
    }
    b.size_ += take(options_.max_batch - b.size_, b.items_, place::assigned, &b);
    for (auto& what : b.items_) {
        what.marks.where = place::handed;
        totals_.queue_time.record(ticks(now - what.queued_at));
    }
    b.first_ = b.size_ != 0 ? &b.items_.front() : nullptr;
    pending_size_ -= b.size_;
    totals_.handed += b.size_;
    totals_.batches += b.size_ != 0;
    out.splice(out.end(), b.items_);
    working_.push_back(b);
    admit();
}

bool grinder_state::returned(item& what, batch& b) noexcept
{
    left(what, b);
    // A lease runs its items in order. If the first item comes back, the lease ended before any
    // item began.
    if (b.first_ == &what)
        b.fruitless_ = true;
    if (phase_ == phase::canceling || phase_ == phase::stopped)
        return false;
    if (b.fruitless_ && ++what.marks.fruitless == patience_with_leases)
        return false;
    what.marks.where = place::returned;
    returned_.push_back(what);
    ++unassigned_size_;
    ++pending_size_;
    ++totals_.returned;
    return true;
}

void grinder_state::left(item& what, batch& b) noexcept
{
    assert(what.marks.where == place::handed);
    --b.size_;
    what.marks.where = place::outside;
    what.sink = nullptr;
}

void grinder_state::lost(batch& b) noexcept
{
    if (b.phase_ != batch::phase::working && b.phase_ != batch::phase::canceled)
        return;
    auto& from = list_of(b);
    lost_.splice(lost_.end(), from, from.iterator_to(b));
    b.phase_ = batch::phase::lost;
}

void grinder_state::done(batch& b) noexcept
{
    forget(b);
}

// Decisions ---------------------------------------------------------------------------------------

bool grinder_state::is_due() const noexcept
{
    return phase_ == phase::draining || !returned_.empty() ||
        unassigned_size_ >= options_.batch_size;
}

grinder_state::action grinder_state::poll(steady_time now) noexcept
{
    switch (phase_) {
    case phase::stopped:
        return {};
    case phase::canceling:
        return poll_canceling();
    case phase::draining:
        if (stop_at_ > now)
            break;
        phase_ = phase::canceling;
        return poll_canceling();
    case phase::running:
        break;
    }
    if (may_begin() &&
        (is_due() || saturating_add(pending_.front().queued_at, options_.max_wait) <= now))
        return {.what = kind::begin};
    for (auto& b : acquiring_) {
        if (b.size_ != 0 || b.withdrawn_ || unassigned_size_ != 0)
            continue;
        b.withdrawn_ = true;
        return {.what = kind::withdraw, .of = &b};
    }
    return phase_ == phase::draining ? finish_stop() : action{};
}

grinder_state::action grinder_state::poll_canceling() noexcept
{
    for (auto* items : {&returned_, &pending_, &waiting_}) {
        if (items->empty())
            continue;
        auto& what = items->front();
        items->pop_front();
        what.marks.where = place::outside;
        if (items == &waiting_)
            --waiting_size_;
        else {
            --unassigned_size_;
            --pending_size_;
        }
        ++totals_.failed;
        return {.what = kind::fail, .which = &what};
    }
    for (auto& b : acquiring_)
        if (!std::exchange(b.withdrawn_, true))
            return {.what = kind::withdraw, .of = &b};
    if (!working_.empty()) {
        auto& b = working_.front();
        canceled_.splice(canceled_.end(), working_, working_.begin());
        b.phase_ = batch::phase::canceled;
        return {.what = kind::cancel, .of = &b};
    }
    return finish_stop();
}

bool grinder_state::is_empty() const noexcept
{
    return pending_size_ == 0 && waiting_size_ == 0 && acquiring_.empty() && working_.empty() &&
        canceled_.empty() && lost_.empty();
}

grinder_state::action grinder_state::finish_stop() noexcept
{
    if (!is_empty())
        return {};
    phase_ = phase::stopped;
    return {.what = kind::stopped};
}

steady_time grinder_state::next_deadline() const noexcept
{
    if (phase_ == phase::stopped)
        return never;
    auto at = never;
    if (phase_ != phase::running) {
        if (phase_ == phase::canceling)
            return steady_time::min();
        at = stop_at_;
        if (is_empty())
            return steady_time::min();
    }
    if (may_begin()) {
        if (is_due())
            return steady_time::min();
        at = std::min(at, saturating_add(pending_.front().queued_at, options_.max_wait));
    }
    return at;
}

steady_time grinder_state::oldest() const noexcept
{
    auto at = never;
    for (auto const* items : {&returned_, &pending_, &waiting_})
        if (!items->empty())
            at = std::min(at, items->front().queued_at);
    for (auto const& b : acquiring_)
        if (!b.items_.empty())
            at = std::min(at, b.items_.front().queued_at);
    return at;
}

void grinder_state::forget_all(item_list& out) noexcept
{
    for (auto& b : acquiring_)
        out.splice(out.end(), b.items_);
    for (auto* items : {&returned_, &pending_, &waiting_})
        out.splice(out.end(), *items);
    for (auto& what : out) {
        what.marks.where = place::outside;
        what.sink = nullptr;
    }
    acquiring_.clear_and_dispose([](batch* b) {
        b->phase_ = batch::phase::fresh;
        b->size_ = 0;
    });
    totals_.failed += waiting_size_ + pending_size_;
    waiting_size_ = unassigned_size_ = pending_size_ = 0;
    phase_ = phase::stopped;
}

// Items and batches -------------------------------------------------------------------------------

void grinder_state::admit() noexcept
{
    while (
        waiting_size_ != 0 && pending_size_ < options_.max_pending && phase_ != phase::canceling) {
        auto& what = waiting_.front();
        pending_.splice(pending_.end(), waiting_, waiting_.begin());
        what.marks.where = place::pending;
        --waiting_size_;
        ++unassigned_size_;
        ++pending_size_;
    }
}

std::size_t grinder_state::take(std::size_t at_most, item_list& out, place to, batch* by) noexcept
{
    std::size_t taken = 0;
    for (auto* from : {&returned_, &pending_})
        for (; taken != at_most && !from->empty(); ++taken) {
            auto& what = from->front();
            out.splice(out.end(), *from, from->begin());
            what.marks.where = to;
            what.sink = by;
        }
    unassigned_size_ -= taken;
    return taken;
}

grinder_state::batch_list& grinder_state::list_of(batch& b) noexcept
{
    switch (b.phase_) {
    case batch::phase::working:
        return working_;
    case batch::phase::canceled:
        return canceled_;
    case batch::phase::lost:
        return lost_;
    case batch::phase::fresh:
    case batch::phase::acquiring:
        break;
    }
    return acquiring_;
}

void grinder_state::forget(batch& b) noexcept
{
    auto& from = list_of(b);
    from.erase(from.iterator_to(b));
    b.phase_ = batch::phase::fresh;
    b.size_ = 0;
    b.first_ = nullptr;
}

}  // namespace leasepool::detail
