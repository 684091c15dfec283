// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/grinder/grinder_core.hpp"

#include "core/support/values.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <new>
#include <string>
#include <utility>
#include <vector>

// The part of a work grinder that works with leases, on the manager's strand. It performs the
// actions of `grinder_state`; `grinder_batch` calls it back.

namespace leasepool::detail {
namespace {

namespace asio = boost::asio;

// Maximum number of bytes that the names of items' owners add to the owner of a lease. A lease
// keeps at most 255 bytes.
constexpr std::size_t longest_names = 160;

grinder_batch& batch_of(grinder_state::batch& b) noexcept
{
    return static_cast<grinder_batch&>(b);
}

}  // namespace

void grinder_core::on_events(std::uint32_t bits) noexcept
{
    if (bits & timer_fired)
        armed_for_ = grinder_state::never;
    if (bits & let_go) {
        std::lock_guard lock(mutex_);
        let_go_ = true;
        state_.stop(steady_time::min());
    }
    if (bits & has_started)
        say(severity::info, "work grinder started", {});
    if (bits & stops)
        say(severity::info, "work grinder stopping", {});
    poll();
}

void grinder_core::poll() noexcept
{
    for (;;) {
        grinder_state::action act;
        auto next = grinder_state::never;
        {
            std::lock_guard lock(mutex_);
            if (ended_)
                return;
            act = state_.poll(steady_time::clock::now());
            if (!act)
                next = looks_at_ = state_.next_deadline();
        }
        if (act) {
            perform(act);
            continue;
        }
        // The smallest time means that only an event can bring work, and such an event will come.
        if (next != steady_time::min())
            arm_timer(next);
        return drop_timer_if_let_go();
    }
}

void grinder_core::drop_timer_if_let_go() noexcept
{
    // References that are still held from now on may outlive the context.
    std::unique_lock lock(mutex_);
    if (!let_go_ || state_.state() != grinder_state::phase::stopped)
        return;
    lock.unlock();
    timer_.reset();
}

void grinder_core::perform(grinder_state::action const& act) noexcept
{
    using kind = grinder_state::action::kind;
    switch (act.what) {
    case kind::none:
        return;
    case kind::begin:
        return begin();
    case kind::fail:
        return complete(static_cast<grinder_item&>(*act.which), errc::not_running);
    case kind::withdraw:
        return batch_of(*act.of).withdraw();
    case kind::cancel:
        return batch_of(*act.of).cancel();
    case kind::stopped:
        return finish_stop();
    }
}

void grinder_core::begin() noexcept
{
    grinder_batch* batch = nullptr;
    grinder_state::item_list unlucky;
    try {
        batch = new grinder_batch(grinder_ptr(this), ++last_batch_);
        {
            std::lock_guard lock(mutex_);
            state_.begun(*batch, steady_time::clock::now());
        }
        auto const owner = owner_of(*batch);
        batch->acquire(lease_state::make(
            *manager_, {.owner = owner, .duration = options_.duration, .where = where_}));
    }
    catch (std::bad_alloc const&) {
        {
            std::lock_guard lock(mutex_);
            if (batch)
                state_.acquire_failed(*batch, unlucky);
            else
                state_.not_begun(unlucky);
        }
        delete batch;
        complete_all(unlucky, not_enough_memory());
    }
}

std::string grinder_core::owner_of(grinder_batch const& batch)
{
    auto text = options_.name + "-batch-" + std::to_string(batch.number());
    std::vector<string_interner::number> named;
    std::lock_guard lock(mutex_);
    if (owners_.size() == 0)
        return text;
    auto const longest = text.size() + longest_names;
    for (auto const& what : batch.items()) {
        auto const owner = static_cast<grinder_item const&>(what).marks.owner;
        if (owner == 0 || std::ranges::count(named, owner) != 0)
            continue;
        auto const name = owners_.name(owner);
        if (text.size() + name.size() > longest) {
            text += named.empty() ? " (..." : ", ...";
            named.push_back(owner);
            break;
        }
        text.append(named.empty() ? " (" : ", ").append(name);
        named.push_back(owner);
    }
    if (!named.empty())
        text += ')';
    return text;
}

void grinder_core::granted(grinder_batch& batch) noexcept
{
    grinder_state::item_list items;
    std::size_t n = 0;
    {
        std::lock_guard lock(mutex_);
        state_.granted(batch, steady_time::clock::now(), items);
        n = batch.size();
        for (auto& what : items)
            if (auto& item = static_cast<grinder_item&>(what); item.canceler)
                item.lease = lease_ptr(&batch.lease());
    }
    if (n != 0) {
        if (manager_->logs())
            say(severity::debug, "batch of a work grinder begun", fields_of(batch, n));
        batch.hand_over(items, n);
    }
    else
        batch_done(batch);
    poll();
}

void grinder_core::acquire_failed(grinder_batch& batch, error_code why) noexcept
{
    grinder_state::item_list items;
    bool for_items = false;
    {
        std::lock_guard lock(mutex_);
        if (batch.state() == grinder_state::batch::phase::fresh)
            return;  // everything was forgotten
        state_.acquire_failed(batch, items);
        for_items = !items.empty();
    }
    if (why == asio::error::operation_aborted)
        why = errc::not_running;  // the grinder withdrew the acquire because it stops
    complete_all(items, why);
    if (for_items && manager_->logs())
        say(severity::warning, "a work grinder got no lease for a batch",
            {{"error", why.message()}});
    poll();
}

void grinder_core::give_up(grinder_batch& batch) noexcept
{
    grinder_state::item_list items;
    {
        std::lock_guard lock(mutex_);
        if (batch.state() == grinder_state::batch::phase::fresh)
            return;  // everything was forgotten
        state_.acquire_failed(batch, items);
    }
    end_all(items, manager_->context_gone());
}

void grinder_core::batch_lost(grinder_batch& batch) noexcept
{
    {
        std::lock_guard lock(mutex_);
        state_.lost(batch);
    }
    poll();
}

void grinder_core::batch_done(grinder_batch& batch) noexcept
{
    {
        std::lock_guard lock(mutex_);
        completed_ += batch.ran();
        threw_ += batch.threw();
        state_.done(batch);
    }
    batch.lease().release();
    if (batch.handed() != 0 && manager_->logs())
        say(severity::debug, "batch of a work grinder done", fields_of(batch, batch.ran()));
}

void grinder_core::finish_stop() noexcept
{
    stop_list answered;
    executor_ref work;
    {
        std::lock_guard lock(mutex_);
        work = std::move(work_);
        take_stops(answered);
    }
    if (std::exchange(armed_for_, grinder_state::never) != grinder_state::never)
        timer_->cancel();
    answer(answered, {});
    say(severity::info, "work grinder stopped", {});
}

void grinder_core::arm_timer(steady_time next) noexcept
{
    // A deadline that was moved to a later time is noticed when the timer fires.
    if (next >= armed_for_)
        return;
    try {
        timer_->expires_at(next);
        timer_->async_wait([self = grinder_core_ptr(this)](error_code error) {
            if (!error)
                self->signal(timer_fired);
        });
        armed_for_ = next;
    }
    catch (std::bad_alloc const&) {
        // There may be no other event, so try again until there is memory.
        armed_for_ = grinder_state::never;
        home().pause();
        signal(timer_fired);
    }
}

void grinder_core::manager_ended(bool context_gone) noexcept
{
    grinder_state::item_list items;
    stop_list answered;
    executor_ref work;
    {
        std::lock_guard lock(mutex_);
        ended_ = true;
        state_.forget_all(items);
        work = std::move(work_);
        take_stops(answered);
    }
    timer_.reset();
    end_all(items, context_gone);
    answer(answered, {});
}

void grinder_core::end_all(grinder_state::item_list& items, bool context_gone) noexcept
{
    if (!context_gone)
        return complete_all(items, errc::not_running);
    while (!items.empty()) {
        auto& item = items.front();
        items.pop_front();
        drop(item);
    }
}

// Watching ----------------------------------------------------------------------------------------

void grinder_core::say(
    severity level, std::string_view message, std::vector<log_field> fields) noexcept
{
    if (!manager_->logs())
        return;
    try {
        fields.push_back({"grinder", options_.name});
        manager_->log(level, message, std::move(fields));
    }
    catch (std::bad_alloc const&) {
        manager_->count_dropped_record();
    }
}

std::vector<log_field> grinder_core::fields_of(
    grinder_batch const& batch, std::size_t items) noexcept
{
    try {
        auto const& lease = batch.lease();
        return {{"lease", std::to_string(lease.id())}, {"owner", std::string(lease.owner())},
            {"count", std::to_string(items)}};
    }
    catch (std::bad_alloc const&) {
        return {};
    }
}

}  // namespace leasepool::detail
