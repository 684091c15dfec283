// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/manager_core.hpp"

#include "core/manager/context_service.hpp"
#include "core/manager/manager_outcome.hpp"
#include "core/support/values.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/query.hpp>

#include <cassert>
#include <utility>

// The construction of a manager's shell, and the functions that callers run under the lock:
// acquires, releases, renewals and the grants that follow. lease_state.cpp calls them; the ledger
// decides.

namespace leasepool::detail {
namespace {

namespace asio = boost::asio;

ledger::options ledger_options(manager_options const& options) noexcept
{
    return {.max_pools = options.max_pools,
        .max_retired = options.max_retired.value_or(options.max_pools),
        .min_pools = options.min_pools,
        .max_waiters = options.max_waiters,
        .grace = options.grace,
        .idle_ttl = options.idle_ttl,
        .check_interval =
            options.size_provider ? std::optional(options.check_interval) : std::nullopt,
        .backoff = options.backoff,
        .max_backoff = options.max_backoff,
        .make_attempts = options.make_attempts};
}

}  // namespace

manager_core::manager_core(
    asio::any_io_executor const& ex, std::unique_ptr<backend_base> backend, manager_options&& opts)
    : options_((validate(opts), std::move(opts))), executor_(ex), backend_(std::move(backend)),
      strand_(ex, *this),
      siblings_(
          asio::use_service<context_service>(asio::query(ex, asio::execution::context)).cores()),
      ledger_(ledger_options(options_)), reporter_(options_.name, options_.log, options_.observer),
      timer_(ex)
{
    siblings_->add(*this);
}

manager_core::~manager_core()
{
    assert(shut_);
    siblings_->remove(*this);
}

core_ptr manager_core::share() noexcept
{
    return try_add_ref() ? core_ptr(this, false) : nullptr;
}

void manager_core::drop_executors() noexcept
{
    executor_ = {};
    strand_.drop_executor();
}

// Any thread --------------------------------------------------------------------------------------

counts manager_core::count() const noexcept
{
    std::lock_guard lock(mutex_);
    return {.available = ledger_.available(),
        .leased = ledger_.leased(),
        .total = ledger_.in_service(),
        .desired = ledger_.desired(),
        .waiters = ledger_.waiters(),
        .retired = ledger_.retired()};
}

void manager_core::settle(
    plain_completion* op, error_code error, std::string_view operation) noexcept
{
    if (!op)
        return;
    if (context_gone())
        return op->destroy();
    op->error = error;
    post_handler(*op, operation);
}

void manager_core::post_handler(
    completion& op, std::string_view operation, lease_state* of) noexcept
{
    if (!op.executor().may_throw()) {
        op.post();
        return;
    }
    // The operation and everything that it owns may be gone as soon as it is posted.
    core_ptr const kept(this);
    lease_ptr const lease(of);
    if (auto const error = op.post()) {
        if (lease)
            log_refused(operation, error, lease->owner(), &lease->where());
        else
            log_refused(operation, error);
    }
}

// The lock ----------------------------------------------------------------------------------------

template <class F>
void manager_core::change(F&& f) noexcept
{
    outcome done;
    bool wakes = false;
    {
        std::lock_guard lock(mutex_);
        auto const now = steady_time::clock::now();
        f(done, now);
        if (!shut_) {
            while (auto const act = ledger_.grant_next(now))
                grant(record_of(*act.which), act.waited, done);
            // Where the timer is armed for a time that has passed, its handler polls.
            wakes =
                !reports_.empty() || ledger_.wants_poll() || ledger_.next_deadline() < armed_for_;
        }
        if (!done.empty())
            delivering_.fetch_add(1);
    }
    // The strand is woken before the delivery, so that a report is queued before anything that the
    // handler of its operation does.
    if (done.empty()) {
        if (wakes)
            strand_.wake();
        return;
    }
    delivering_scope const here(*this);
    if (wakes)
        strand_.wake();
    deliver(done);
}

/// Completes the settled operations, inside a `delivering_scope`. A thread that shuts the manager
/// down waits until the deliveries of other threads are done.
void manager_core::deliver(outcome& done) noexcept
{
    while (auto* const op = done.next_acquire())
        if (context_gone())
            op->destroy();
        else
            op->settled();
    while (auto* const op = done.next_plain())
        settle(op, op->error, "async_release");
    delivering_.fetch_sub(1);
    if (shutting_.load()) {
        std::lock_guard lock(mutex_);
        delivered_.notify_all();
    }
}

// Events of claims and leases ---------------------------------------------------------------------

void manager_core::acquire(lease_record& claim) noexcept
{
    std::uint64_t waits_inside = 0;  // the pool whose worker waits
    change([&](outcome& done, steady_time now) {
        // The operations that one thread begins take effect in that order.
        if (commands_begun_ != commands_) {
            claim.deferred_behind = commands_;
            return deferred_.push_back(*claim.acquiring);
        }
        auto const caller = claim.id();
        if (queue(claim, now, done))
            waits_inside = caller;
    });
    if (waits_inside != 0 && logs())
        log_likely_deadlock(claim, waits_inside);
}

bool manager_core::queue(lease_record& claim, steady_time now, outcome& done) noexcept
{
    if (shut_) {
        refuse(claim, errc::not_running, done);
        return false;
    }
    if (claim.invalid()) {
        ++totals_.acquire_failures;
        refuse(claim, errc::invalid_duration, done);
        return false;
    }
    if (auto const error = ledger_.acquire(claim, now, claim.waits(), claim.expiry.get());
        error != errc{}) {
        ++(error == errc::acquire_timeout ? totals_.acquire_timeouts : totals_.acquire_failures);
        refuse(claim, error, done);
        return false;
    }
    intrusive_ptr_add_ref(&claim);  // until the ledger releases it
    return ledger_.obtainable() < ledger_.waiters();
}

void manager_core::cancel_acquire(lease_record& claim) noexcept
{
    lease_ptr const keep(&claim);
    change([&](outcome& done, steady_time) {
        if (claim.deferred_behind != 0)
            claim.canceled_while_deferred = true;
        else if (!shut_ && ledger_.cancel(claim))
            fail(claim, asio::error::operation_aborted, done);
    });
}

void manager_core::pool_workers(pool_record& pool, bool any) noexcept
{
    // Nothing else needs to be done: the same grants are possible as before, only of another pool.
    std::lock_guard lock(mutex_);
    ledger_.pool_workers(pool, any);
}

void manager_core::command_submitted() noexcept
{
    std::lock_guard lock(mutex_);
    if (!shut_)
        ++commands_;
}

void manager_core::queue_deferred() noexcept
{
    change([&](outcome& done, steady_time now) {
        if (shut_)
            return;
        ++commands_begun_;
        auto const next = [this] { return static_cast<lease_completion*>(deferred_.front()); };
        while (next() && record_of(*next()->lease).deferred_behind <= commands_begun_) {
            auto& claim = record_of(*next()->lease);
            deferred_.pop_front();
            claim.deferred_behind = 0;
            if (!claim.canceled_while_deferred)
                queue(claim, now, done);
            else {
                ++totals_.acquire_cancels;
                refuse(claim, asio::error::operation_aborted, done);
            }
        }
    });
}

void manager_core::release(lease_record& lease) noexcept
{
    using end_result = lease_record::end_result;
    auto const result = lease.end(lease_record::reason::released);
    if (result == end_result::ended_before)
        return;
    change([&](outcome& done, steady_time now) {
        if (shut_)
            return;
        ledger_.release(lease);
        if (result == end_result::drained)
            note_drained(lease, now, done);
    });
}

void manager_core::drained(lease_record& lease) noexcept
{
    change([&](outcome& done, steady_time now) {
        if (!shut_)
            note_drained(lease, now, done);
    });
}

void manager_core::renewed(lease_record& lease) noexcept
{
    change([&](outcome&, steady_time) {
        if (!shut_)
            ledger_.renewed(lease);
    });
}

void manager_core::await_drain(lease_record& lease, plain_completion& op) noexcept
{
    change([&](outcome& done, steady_time) {
        lease.awaiting_drain = &op;
        if (shut_)
            settle_drain(lease, errc::not_running, done);
        else if (!lease.holds_pool())
            settle_drain(lease, {}, done);
    });
}

void manager_core::cancel_drain_wait(lease_record& lease) noexcept
{
    lease_ptr const keep(&lease);
    change([&](outcome& done, steady_time) {
        settle_drain(lease, asio::error::operation_aborted, done);
    });
}

bool manager_core::holds_pool(lease_record const& lease) const noexcept
{
    std::lock_guard lock(mutex_);
    return lease.holds_pool();
}

void manager_core::follow(lease_record& lease, lease_follower* which) noexcept
{
    std::lock_guard lock(mutex_);
    lease.follower = which;
}

void manager_core::grant(lease_record& lease, steady_duration waited, outcome& done) noexcept
{
    auto* const op = lease.acquiring;
    lease.awaiting_drain = nullptr;
    lease.granted(++last_lease_);
    ++totals_.acquired;
    totals_.wait_time.record(ticks(waited));
    report(lease, lease_report::kind::granted, waited);
    done.settled(*op);
}

void manager_core::fail(lease_record& claim, error_code error, outcome& done) noexcept
{
    if (error == errc::acquire_timeout)
        ++totals_.acquire_timeouts;
    else if (error == asio::error::operation_aborted)
        ++totals_.acquire_cancels;
    else
        ++totals_.acquire_failures;
    refuse(claim, error, done);
    intrusive_ptr_release(&claim);  // its operation still refers to it
}

void manager_core::refuse(lease_record& claim, error_code error, outcome& done) noexcept
{
    auto* const op = claim.acquiring;
    claim.fail(error);
    done.settled(*op);
}

void manager_core::note_drained(lease_record& lease, steady_time now, outcome& done) noexcept
{
    if (!lease.holds_pool())
        return;
    bool const revoked = lease.state() == ledger::claim::phase::revoked;
    auto const held = now - lease.since();
    ledger_.drained(lease, now);
    settle_drain(lease, {}, done);
    if (!revoked) {
        ++totals_.released;
        totals_.hold_time.record(ticks(held));
        report(lease, lease_report::kind::returned, held);
    }
    done.dropped(lease);
}

void manager_core::settle_drain(lease_record& lease, error_code error, outcome& done) noexcept
{
    auto* const op = std::exchange(lease.awaiting_drain, nullptr);
    if (!op)
        return;
    op->error = error;
    done.through(*op);
}

void manager_core::report(
    lease_record& lease, lease_report::kind what, steady_duration elapsed) noexcept
{
    auto* const room = lease.reports();
    if (!room)
        return;
    auto& entry = room[static_cast<std::size_t>(what)];
    entry.elapsed = elapsed;
    intrusive_ptr_add_ref(&lease);  // until it is reported
    reports_.push_back(entry);
}

}  // namespace leasepool::detail
