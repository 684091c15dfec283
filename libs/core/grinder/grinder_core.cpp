// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/grinder/grinder_core.hpp"

#include "core/support/values.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <string>
#include <utility>

// The functions of a work grinder that callers use, on any thread. grinder_actions.cpp has those
// that work with leases.

namespace leasepool::detail {
namespace {

namespace asio = boost::asio;

grinder_state::options state_options(grinder_options const& options, manager_core const& manager)
{
    return {.batch_size = options.batch_size,
        .max_batch = options.max_batch.value_or(std::numeric_limits<std::size_t>::max()),
        .max_wait = options.max_wait,
        .max_pending = options.max_pending,
        .max_concurrent_batches =
            options.max_concurrent_batches.value_or(manager.options().max_pools)};
}

}  // namespace

grinder_core::grinder_core(
    manager_core& manager, grinder_options&& options, std::source_location where)
    : manager_(&manager), options_((validate(options), std::move(options))), where_(where),
      state_(state_options(options_, *manager_))
{
    if (!manager_->context_gone())
        timer_.emplace(manager_->executor());
}

void grinder_core::attach() noexcept
{
    // Once this is attached, the manager may end at any time and call `manager_ended`.
    if (manager_->attach(*this))
        return;
    timer_.reset();
    std::lock_guard lock(mutex_);
    ended_ = true;
}

grinder_core::~grinder_core()
{
    manager_->detach(*this);
}

// Items -------------------------------------------------------------------------------------------

// As soon as a handler can run, it may end the grinder, on another thread and before the function
// that posted it has returned. A function that uses the grinder after that keeps a reference to it.

void grinder_core::submit(grinder_item& item, bool wait, std::string_view owner)
{
    std::unique_lock lock(mutex_);
    if (!owner.empty())
        item.marks.owner = owners_.refer(owner) & string_interner::most;
    auto const refused = state_.submit(item, steady_time::clock::now(), wait);
    bool const wakes = refused == errc{} && wakes_strand();
    grinder_core_ptr const kept(wakes ? this : nullptr);
    lock.unlock();
    if (refused != errc{}) {
        item.error = refused;
        return complete(item);
    }
    if (wakes)
        signal(look);
}

bool grinder_core::wakes_strand() noexcept
{
    if (state_.next_deadline() >= looks_at_)
        return false;
    looks_at_ = steady_time::min();
    return true;
}

void grinder_core::cancel(run_canceler& what, asio::cancellation_type type) noexcept
{
    if (!is_cancellation(type))
        return;
    run_canceler_ptr const keep(&what);
    grinder_core_ptr const kept(this);
    grinder_item* removed = nullptr;
    bool wakes = false;
    pool_ptr pool;
    run_queue::cancellation left;
    what.with_operation([&](run_operation& op) {
        auto& item = static_cast<grinder_item&>(op);
        std::lock_guard lock(mutex_);
        if (state_.cancel(item)) {
            item.error = asio::error::operation_aborted;
            removed = &item;
            wakes = wakes_strand() || state_.acquiring() != 0;
        }
        else if (item.marks.where == grinder_item::place::handed) {
            // Under the lock, because an item moves from one lease to another only under this lock.
            pool.reset(record_of(*item.lease).pool());
            left = pool->functions().begin_cancel(item, type);
        }
    });
    if (removed)
        complete(*removed);
    if (wakes)
        signal(look);
    if (pool)
        pool->functions().finish_cancel(std::move(left));
}

bool grinder_core::take_back(grinder_item& item, grinder_batch& from) noexcept
{
    auto const why = item.error;
    std::unique_lock lock(mutex_);
    if (why == asio::error::operation_aborted)
        ++canceled_;
    else if ((why == error_code() && !item.exception) || why == errc::lease_expired ||
        why == errc::pool_broken) {
        if (item.stop_asked.load()) {
            state_.left(item, from);
            ++canceled_;
            item.error = asio::error::operation_aborted;
            item.exception = nullptr;
            return false;
        }
        if (state_.returned(item, from)) {
            item.state = run_operation::phase::unqueued;
            item.error = {};
            item.exception = nullptr;
            item.lease.reset();
            bool const wakes = wakes_strand();
            lock.unlock();
            if (wakes)
                signal(look);
            return true;
        }
        ++failed_;
        if (!why)
            item.error = errc::not_running;
        return false;
    }
    else
        ++failed_;
    state_.left(item, from);
    return false;
}

void grinder_core::forget(grinder_item& item, grinder_batch& of) noexcept
{
    std::lock_guard lock(mutex_);
    state_.left(item, of);
    ++failed_;
}

void grinder_core::complete(grinder_item& item, error_code error) noexcept
{
    item.error = error;
    complete(item);
}

void grinder_core::complete(grinder_item& item) noexcept
{
    bool const may_throw = item.executor().may_throw();
    std::string owner;
    if (item.marks.owner != 0) {
        std::lock_guard lock(mutex_);
        if (may_throw)
            try {
                owner = owners_.name(item.marks.owner);
            }
            catch (std::bad_alloc const&) {
                // The record is logged without the owner.
                owner.clear();
            }
        owners_.drop(item.marks.owner);
        item.marks.owner = 0;
    }
    if (!may_throw) {
        item.post();
        return;
    }
    grinder_core_ptr const kept(this);
    if (auto const error = item.post())
        manager_->log_refused("work_grinder::async_submit", error, owner, &where_);
}

void grinder_core::drop(grinder_item& item) noexcept
{
    if (item.marks.owner != 0) {
        std::lock_guard lock(mutex_);
        owners_.drop(item.marks.owner);
        item.marks.owner = 0;
    }
    item.destroy();
}

void grinder_core::complete_all(grinder_state::item_list& items, error_code why) noexcept
{
    while (!items.empty()) {
        auto& item = items.front();
        items.pop_front();
        complete(item, why);
    }
}

// Start, stop, stats ------------------------------------------------------------------------------

void grinder_core::start(plain_completion& op) noexcept
{
    grinder_core_ptr const kept(this);
    bool begins = false;
    {
        std::lock_guard lock(mutex_);
        bool const stopped = state_.state() == grinder_state::phase::stopped;
        if (ended_ || let_go_ || (!stopped && !state_.start()))
            op.error = errc::not_running;
        else if (stopped)
            try {
                work_ = executor_ref(manager_->executor(), executor_ref::work::tracked);
                begins = state_.start();
            }
            catch (std::bad_alloc const&) {
                op.error = not_enough_memory();
            }
    }
    manager_->post_handler(op, "work_grinder::async_start");
    if (begins && manager_->logs())
        signal(has_started);
}

command_ptr grinder_core::make_stop(grinder_stop_options const& options)
{
    return command_ptr(new grinder_stop(*this, options));
}

void grinder_stop::submit(plain_completion& to) noexcept
{
    core_->stop(*this, to);
}

void grinder_stop::cancel() noexcept
{
    core_->cancel(*this);
}

void grinder_core::stop(grinder_stop& what, plain_completion& op) noexcept
{
    grinder_core_ptr const kept(this);
    auto const& opts = what.options;
    bool waits = false;
    {
        std::lock_guard lock(mutex_);
        if (opts.deadline < steady_duration::zero())
            op.error = errc::invalid_duration;
        else if (state_.state() != grinder_state::phase::stopped) {
            state_.stop(opts.mode == stop_mode::cancel
                    ? steady_time::min()
                    : saturating_add(steady_time::clock::now(), opts.deadline));
            what.op = &op;
            what.waits = true;
            intrusive_ptr_add_ref(&what);  // until it is answered
            stops_.push_back(what);
            waits = true;
        }
    }
    if (waits)
        signal(stops);  // not done in this call, because it asks functions that run to stop
    else
        manager_->post_handler(op, "work_grinder::async_stop");
}

void grinder_core::cancel(grinder_stop& what) noexcept
{
    stop_list canceled;
    {
        std::lock_guard lock(mutex_);
        if (!std::exchange(what.waits, false))
            return;
        canceled.splice(canceled.end(), stops_, stops_.iterator_to(what));
    }
    answer(canceled, asio::error::operation_aborted);
}

void grinder_core::take_stops(stop_list& to) noexcept
{
    for (auto& what : stops_)
        what.waits = false;
    to.splice(to.end(), stops_);
}

void grinder_core::answer(stop_list& answered, error_code error) noexcept
{
    while (!answered.empty()) {
        auto& what = answered.front();
        answered.pop_front();
        manager_->settle(std::exchange(what.op, nullptr), error, "work_grinder::async_stop");
        intrusive_ptr_release(&what);
    }
}

grinder_stats grinder_core::snapshot()
{
    grinder_stats s;
    s.name = options_.name;
    s.batch_size = options_.batch_size;
    s.max_wait = options_.max_wait;
    s.max_pending = options_.max_pending;
    s.max_concurrent_batches =
        options_.max_concurrent_batches.value_or(manager_->options().max_pools);
    auto const now = steady_time::clock::now();
    std::lock_guard lock(mutex_);
    s.started = state_.state() == grinder_state::phase::running;
    s.stopping = !s.started && state_.state() != grinder_state::phase::stopped;
    s.max_batch = options_.max_batch;
    s.waiting = state_.waiting();
    s.pending = state_.pending();
    if (auto const oldest = state_.oldest(); oldest != grinder_state::never)
        s.oldest = std::max(now - oldest, steady_duration::zero());
    s.batches_acquiring = state_.acquiring();
    s.batches_in_flight = state_.working();
    s.batches_lost = state_.lost();

    auto const& totals = state_.so_far();
    s.submitted = totals.submitted;
    s.refused = totals.refused;
    s.canceled = totals.canceled + canceled_;
    s.failed = totals.failed + failed_;
    s.returned = totals.returned;
    s.batches = totals.batches;
    s.batches_failed = totals.failed_batches;
    s.mean_batch_size = totals.batches == 0
        ? 0.0
        : static_cast<double>(totals.handed) / static_cast<double>(totals.batches);
    s.queue_time = totals.queue_time;
    s.completed = completed_;
    s.threw = threw_;
    state_.for_each_batch([&](grinder_state::batch const& b) {
        auto const& batch = static_cast<grinder_batch const&>(b);
        auto const ran = batch.ran();
        s.in_flight += batch.size() - ran;
        s.completed += ran;
        s.threw += batch.threw();
    });
    return s;
}

void grinder_core::read_stats(stats_completion_of<grinder_stats>& op) noexcept
{
    op.value = snapshot();
    manager_->post_handler(op, "work_grinder::async_stats");
}

}  // namespace leasepool::detail
