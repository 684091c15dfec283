// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/manager_core.hpp"
#include "core/manager/manager_outcome.hpp"
#include "core/support/values.hpp"

#include <boost/asio/error.hpp>

#include <exception>
#include <new>
#include <string_view>
#include <utility>

// Performs the actions of the ledger, on the strand. The log and the observer may shut the manager
// down, so each function calls them last or checks for that afterwards.

namespace leasepool::detail {

/// An action that needs more than the lock, with the objects to which it refers.
struct manager_core::strand_action {
    ledger::action act;
    lease_record_ptr lease;          // the lease of `act` or `report`
    lease_report* report = nullptr;  // instead of an action
    steady_duration held{};          // how long `lease` has held its pool
    error_code error;
};

void manager_core::strand_settle() noexcept
{
    {
        // Reports that arrive after this are delivered in a later round, so that callers cannot
        // keep the strand in this function.
        std::lock_guard lock(mutex_);
        telling_.splice(telling_.end(), reports_);
    }
    while (next_action()) {}
    std::unique_lock lock(mutex_);
    bool const more = !shut_ && !reports_.empty();
    lock.unlock();
    if (more)
        strand_.wake();
}

/// Performs one action. Returns false if there is nothing more to do for now.
bool manager_core::next_action() noexcept
{
    outcome done;
    strand_action next;
    auto arm_for = ledger::never;
    {
        std::lock_guard lock(mutex_);
        if (shut_)
            return false;
        auto const now = steady_time::clock::now();
        if (!telling_.empty()) {
            next.report = &telling_.front();
            next.lease.reset(&next.report->lease, false);
            telling_.pop_front();
        }
        else {
            next.act = ledger_.poll(now);
            note(next, now, done);
        }
        if (!next.act && !next.report && ledger_.next_deadline() < armed_for_)
            arm_for = armed_for_ = ledger_.next_deadline();
        if (!done.empty())
            delivering_.fetch_add(1);
    }
    if (!done.empty()) {
        delivering_scope const here(*this);
        deliver(done);
    }
    if (next.report) {
        tell(*next.report, *next.lease);
        return true;
    }
    if (next.act) {
        perform(next);
        return true;
    }
    if (arm_for == ledger::never)
        return false;
    arm_timer(arm_for);
    return true;
}

void manager_core::tell(lease_report const& what, lease_record const& lease) noexcept
{
    bool const granted = what.what == lease_report::kind::granted;
    reporter_.tell(severity::debug, granted ? "lease granted" : "lease given back", lease,
        what.elapsed, granted ? &observer::on_lease : &observer::on_release);
}

/// Reports the grants and returns that are queued. Called before an expiry or a revocation is
/// reported, so that they are reported first.
void manager_core::tell_reports() noexcept
{
    std::size_t left = 0;
    {
        std::lock_guard lock(mutex_);
        telling_.splice(telling_.end(), reports_);
        left = telling_.size();
    }
    for (; left != 0; --left) {
        lease_report const* what = nullptr;
        lease_record_ptr lease;
        {
            std::lock_guard lock(mutex_);
            if (telling_.empty())
                return;  // the manager has ended
            what = &telling_.front();
            lease.reset(&telling_.front().lease, false);
            telling_.pop_front();
        }
        tell(*what, *lease);
    }
}

/// Performs the part of an action that needs the lock.
void manager_core::note(strand_action& what, steady_time now, outcome& done) noexcept
{
    using kind = ledger::action::kind;
    auto& act = what.act;
    switch (act.what) {
    case kind::grant:
        return grant(record_of(*act.which), act.waited, done);
    case kind::fail:
        return fail(record_of(*act.which), act.error, done);
    case kind::make_failed:
        return fail(record_of(*act.which), make_error_, done);
    case kind::overdue:
        ++totals_.overdue;
        break;
    case kind::revoke: {
        ++totals_.revoked;
        auto& lease = record_of(*act.which);
        // The follower queues itself for the strand, which runs at this time, so nothing is posted
        // here.
        if (auto* const follower = std::exchange(lease.follower, nullptr))
            follower->lease_revoked();
        break;
    }
    case kind::start_failed:
        what.error = start_error_ ? start_error_ : make_error_;
        return;
    default:
        return;
    }
    what.lease.reset(&record_of(*act.which));
    what.held = now - what.lease->since();
}

void manager_core::perform(strand_action const& what) noexcept
{
    using kind = ledger::action::kind;
    auto const& act = what.act;
    switch (act.what) {
    case kind::none:
    case kind::grant:
    case kind::fail:
    case kind::make_failed:
        break;
    case kind::overdue:
        tell_reports();
        return reporter_.tell(severity::warning, "lease overdue: it passed its soft expiry",
            *what.lease, what.held, &observer::on_overdue);
    case kind::revoke:
        return revoke(what);
    case kind::make:
        return make_pool();
    case kind::close:
        return record_of(*act.on).close();
    case kind::recheck:
        return read_size();
    case kind::starved:
        return reporter_.starved(act.count, options_.max_pools);
    case kind::started:
        answer_all(starts_, {});
        return reporter_.say(severity::info, "manager started");
    case kind::start_failed:
        return finish_start(what.error);
    case kind::stopped:
        return finish_stop(act.count);
    }
}

void manager_core::revoke(strand_action const& what) noexcept
{
    auto& lease = *what.lease;
    auto& pool = record_of(*what.act.on);
    auto reason = lease_record::reason::expired;
    run_queue::cancel_reason why{.error = errc::lease_expired};
    std::string_view message = "lease revoked: it passed its hard expiry";
    if (what.act.why == ledger::revocation::stopped) {
        reason = lease_record::reason::stopped;
        why.error = errc::not_running;
        message = "lease revoked: the manager stops";
    }
    else if (what.act.why == ledger::revocation::broken) {
        reason = lease_record::reason::broken;
        why.error = errc::pool_broken;
        why.exception = pool.reason();
        message = "lease revoked: its pool broke";
    }
    // The lease is ended first, so that nothing is queued after the queue is emptied.
    if (lease.end(reason) == lease_record::end_result::drained)
        drained(lease);
    pool.functions().cancel_all(why);
    tell_reports();
    reporter_.tell(severity::warning, message, lease, what.held, &observer::on_revoke);
}

void manager_core::make_pool() noexcept
{
    pool_ptr pool;
    try {
        pool.reset(new pool_record(manager_ptr(this), ++last_pool_));
    }
    catch (std::bad_alloc const&) {
        std::lock_guard lock(mutex_);
        make_error_ = not_enough_memory();
        ++totals_.pools_failed;
        return ledger_.make_refused(steady_time::clock::now());
    }
    intrusive_ptr_add_ref(pool.get());  // until it is dropped
    pools_.push_back(*pool);
    {
        std::lock_guard lock(mutex_);
        ledger_.pool_starting(*pool);
    }
    try {
        pool->adopt(backend_->make_pool(pool_site(pool)));
    }
    catch (...) {
        pool_site(pool).failed(std::current_exception());
    }
}

void manager_core::drop_pool(pool_record& pool) noexcept
{
    // The pool is closed and none of its functions runs any more, so this waits for no worker. Its
    // threads are joined. The reaper may still be returning from the call that reported this.
    pool.take_pool().reset();
    pool.end_context();
    closed_runs_.merge(pool.functions().totals());
    pools_.erase(pools_.iterator_to(pool));
    intrusive_ptr_release(&pool);
}

}  // namespace leasepool::detail
