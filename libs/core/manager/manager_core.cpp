// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/manager_core.hpp"

#include "core/manager/context_service.hpp"
#include "core/manager/manager_outcome.hpp"
#include "core/support/values.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/query.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <cassert>
#include <new>
#include <string>
#include <system_error>
#include <utility>

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

/// The code that waiting acquires and starts get for what made a pool fail.
error_code code_of(std::exception_ptr const& why) noexcept
{
    try {
        if (why)
            std::rethrow_exception(why);
    }
    catch (boost::system::system_error const& e) {
        return e.code();
    }
    catch (std::system_error const& e) {
        return e.code();
    }
    catch (...) {
        return errc::worker_start_failed;
    }
    return errc::worker_start_failed;
}

}  // namespace

void intrusive_ptr_add_ref(manager_core* p) noexcept
{
    p->add_ref();
}

void intrusive_ptr_release(manager_core* p) noexcept
{
    p->drop_ref();
}

struct manager_core::unhandled_report final : strand_node {
    unhandled_report(core_ptr c, std::uint64_t l, std::exception_ptr e) noexcept
        // NOLINTNEXTLINE(bugprone-throw-keyword-missing): a member, not a forgotten throw
        : core(std::move(c)), lease(l), error(std::move(e))
    {
    }
    void run_on_strand() noexcept override
    {
        std::unique_ptr<unhandled_report> const self(this);
        core->watchers_.unhandled(lease, error);
    }
    void discard() noexcept override { delete this; }

    core_ptr core;
    std::uint64_t lease;
    std::exception_ptr error;
};

struct manager_core::log_report final : strand_node {
    log_report(core_ptr c, severity l, std::string_view m, std::vector<log_field>&& f)
        : core(std::move(c)), level(l), message(m), fields(std::move(f))
    {
        core->records_.fetch_add(1, std::memory_order_relaxed);
    }
    ~log_report() { core->records_.fetch_sub(1, std::memory_order_relaxed); }
    log_report(log_report const&) = delete;
    log_report& operator=(log_report const&) = delete;
    void run_on_strand() noexcept override
    {
        std::unique_ptr<log_report> const self(this);
        core->watchers_.record(level, message, fields, core->dropped_records_.exchange(0));
    }
    void discard() noexcept override { delete this; }

    core_ptr core;
    severity level;
    std::string message;
    std::vector<log_field> fields;
};

manager_core::manager_core(
    asio::any_io_executor const& ex, std::unique_ptr<backend_base> backend, manager_options&& opts)
    : options_((validate(opts), std::move(opts))), executor_(ex), backend_(std::move(backend)),
      strand_(ex, *this),
      siblings_(
          asio::use_service<context_service>(asio::query(ex, asio::execution::context)).cores()),
      ledger_(ledger_options(options_)), watchers_(options_.log, options_.observer), timer_(ex)
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

// Any thread ---------------------------------------------------------------------------------------

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

void manager_core::report_unhandled(std::uint64_t lease, std::exception_ptr error) noexcept
{
    unhandled_.fetch_add(1, std::memory_order_relaxed);
    if (!watchers_.any())
        return;
    // Without memory the exception is still counted.
    if (auto* const report =
            new (std::nothrow) unhandled_report(core_ptr(this), lease, std::move(error)))
        strand_.submit(*report);
}

void manager_core::log(
    severity level, std::string_view message, std::vector<log_field> fields) noexcept
{
    if (!watchers_.logs())
        return;
    if (records_.load(std::memory_order_relaxed) < most_records)
        try {
            return strand_.submit(
                *new log_report(core_ptr(this), level, message, std::move(fields)));
        }
        catch (std::bad_alloc const&) {
            // Counted, as the others.
        }
    dropped_records_.fetch_add(1, std::memory_order_relaxed);
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
    // As soon as it is posted, all that belongs to the operation may be gone.
    core_ptr const kept(this);
    lease_ptr const lease(of);
    if (auto const error = op.post()) {
        if (lease)
            log_refused(operation, error, lease->owner(), &lease->where());
        else
            log_refused(operation, error);
    }
}

void manager_core::log_refused(std::string_view operation, std::exception_ptr const& error,
    std::string_view named, std::source_location const* where) noexcept
{
    if (!logs())
        return;
    try {
        std::vector<log_field> fields{
            {"operation", std::string(operation)}, {"error", what_of(error)}};
        if (!named.empty())
            fields.push_back({"owner", std::string(named)});
        if (where)
            fields.push_back({"where", to_text(*where)});
        log(severity::error, "a handler's executor threw; what it did not keep is not called",
            std::move(fields));
    }
    catch (std::bad_alloc const&) {
        dropped_records_.fetch_add(1, std::memory_order_relaxed);
    }
}

// The lock -----------------------------------------------------------------------------------------

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
                grant(lease_of(*act.who), act.waited, done);
            wakes = !reports_.empty() || ledger_.next_deadline() < armed_for_ ||
                ledger_.wants_poll(now);
        }
        if (!done.empty())
            delivering_.fetch_add(1);
    }
    // Woken first: a report is queued before what its operation's handler does.
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

/// Ends the operations, inside a `delivering_scope`. A thread that shuts the manager down waits for
/// the deliveries of other threads.
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

// Events of claims and leases ----------------------------------------------------------------------

void manager_core::acquire(lease_state& claim) noexcept
{
    std::uint64_t waits_inside = 0;  // of a worker of this pool
    change([&](outcome& done, steady_time now) {
        // What one thread begins takes effect in that order.
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

bool manager_core::queue(lease_state& claim, steady_time now, outcome& done) noexcept
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
    intrusive_ptr_add_ref(&claim);  // until the ledger lets go of it
    return ledger_.obtainable() < ledger_.waiters();
}

void manager_core::cancel_acquire(lease_state& claim) noexcept
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
    // Nothing else is to be done: a grant is possible as before, only of another pool.
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
        while (next() && next()->lease->deferred_behind <= commands_begun_) {
            auto& claim = *next()->lease;
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

void manager_core::release(lease_state& lease) noexcept
{
    using end_result = lease_state::end_result;
    auto const result = lease.end(lease_state::reason::released);
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

void manager_core::drained(lease_state& lease) noexcept
{
    change([&](outcome& done, steady_time now) {
        if (!shut_)
            note_drained(lease, now, done);
    });
}

void manager_core::renewed(lease_state& lease) noexcept
{
    change([&](outcome&, steady_time) {
        if (!shut_)
            ledger_.renewed(lease);
    });
}

void manager_core::await_drain(lease_state& lease, plain_completion& op) noexcept
{
    change([&](outcome& done, steady_time) {
        lease.awaiting_drain = &op;
        lease.drain_is_awaited = true;
        if (shut_)
            settle_drain(lease, errc::not_running, done);
        else if (!lease.holds_pool())
            settle_drain(lease, {}, done);
    });
}

void manager_core::cancel_drain_wait(lease_state& lease) noexcept
{
    lease_ptr const keep(&lease);
    change([&](outcome& done, steady_time) {
        settle_drain(lease, asio::error::operation_aborted, done);
    });
}

bool manager_core::holds_pool(lease_state const& lease) const noexcept
{
    std::lock_guard lock(mutex_);
    return lease.holds_pool();
}

void manager_core::follow(lease_state& lease, lease_follower* who) noexcept
{
    std::lock_guard lock(mutex_);
    lease.follower = who;
}

void manager_core::grant(lease_state& lease, steady_duration waited, outcome& done) noexcept
{
    auto* const op = std::exchange(lease.acquiring, nullptr);
    lease.granted(++last_lease_);
    ++totals_.acquired;
    totals_.wait_time.record(ticks(waited));
    report(lease, lease_report::kind::granted, waited);
    done.settled(*op);
}

void manager_core::fail(lease_state& claim, error_code error, outcome& done) noexcept
{
    if (error == errc::acquire_timeout)
        ++totals_.acquire_timeouts;
    else if (error == asio::error::operation_aborted)
        ++totals_.acquire_cancels;
    else
        ++totals_.acquire_failures;
    refuse(claim, error, done);
    intrusive_ptr_release(&claim);  // its operation has it still
}

void manager_core::refuse(lease_state& claim, error_code error, outcome& done) noexcept
{
    auto* const op = std::exchange(claim.acquiring, nullptr);
    claim.fail(error);
    done.settled(*op);
}

void manager_core::note_drained(lease_state& lease, steady_time now, outcome& done) noexcept
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

void manager_core::settle_drain(lease_state& lease, error_code error, outcome& done) noexcept
{
    if (!std::exchange(lease.drain_is_awaited, false))
        return;
    auto* const op = std::exchange(lease.awaiting_drain, nullptr);
    op->error = error;
    done.through(*op);
}

void manager_core::report(
    lease_state& lease, lease_report::kind what, steady_duration elapsed) noexcept
{
    auto* const room = lease.reports();
    if (!room)
        return;
    auto& entry = room[static_cast<std::size_t>(what)];
    entry.elapsed = elapsed;
    intrusive_ptr_add_ref(&lease);  // until it is reported
    reports_.push_back(entry);
}

void manager_core::log_likely_deadlock(
    lease_state const& waiting, std::uint64_t pool_of_caller) noexcept
{
    try {
        std::string held_by;
        std::string held_at;
        {
            lease_ptr holder;
            {
                std::lock_guard lock(mutex_);
                ledger_.for_each_lease([&](ledger::claim& held) {
                    if (auto& lease = lease_of(held); lease.pool()->id() == pool_of_caller)
                        holder.reset(&lease);
                });
            }
            if (holder) {
                held_by = holder->owner();
                held_at = to_text(holder->where());
            }
        }
        log(severity::warning,
            "an acquire begun on one of the manager's own threads has to wait: a likely deadlock",
            {{"owner", std::string(waiting.owner())}, {"where", to_text(waiting.where())},
                {"pool", std::to_string(pool_of_caller)}, {"held_by", std::move(held_by)},
                {"held_at", std::move(held_at)}});
    }
    catch (std::bad_alloc const&) {
        dropped_records_.fetch_add(1, std::memory_order_relaxed);
    }
}

// Events on the strand -----------------------------------------------------------------------------

void manager_core::on_events(std::uint32_t bits) noexcept
{
    if (bits & timer_fired) {
        timer_waits_ = false;
        std::lock_guard lock(mutex_);
        armed_for_ = ledger::never;
    }
    if (bits & scale_changed)
        read_size();
}

void manager_core::on_pool_events(pool_record& pool, std::uint32_t bits) noexcept
{
    using phase = ledger::pool::phase;
    auto const now = steady_time::clock::now();
    std::unique_lock lock(mutex_);
    if (pool.state() == phase::starting) {
        if (bits & pool_record::failed) {
            lock.unlock();
            return pool_not_made(pool, true);
        }
        if (bits & pool_record::ready) {
            if (pool.has_broken()) {
                lock.unlock();
                return pool_not_made(pool, false);
            }
            pool.was_ready = true;
            ++totals_.pools_created;
            ledger_.pool_ready(pool, now);
            lock.unlock();
            watchers_.pool_created(pool.id());
            lock.lock();
            if (shut_)
                return;
        }
        else if (bits & pool_record::broken)
            return ledger_.pool_broken(pool, now);  // reported when it is ready, or has failed
    }
    if ((bits & pool_record::broken) && !pool.has_broken() && pool.state() != phase::fresh) {
        ++totals_.pools_failed;
        if (!pool.proven())
            make_error_ = code_of(pool.reason());
        ledger_.pool_broken(pool, now);
        lock.unlock();
        watchers_.pool_failed(pool.id(), pool.reason(), "a pool broke");
        lock.lock();
        if (shut_)
            return;
    }
    if ((bits & pool_record::closed) && pool.state() == phase::closing) {
        ledger_.pool_closed(pool);
        bool const was_ready = pool.was_ready;
        if (was_ready)
            ++totals_.pools_closed;
        lock.unlock();
        auto const id = pool.id();
        drop_pool(pool);
        if (was_ready)
            watchers_.pool_closed(id);
    }
}

void manager_core::pool_not_made(pool_record& pool, bool failed) noexcept
{
    auto const why = pool.reason();
    auto const id = pool.id();
    auto const now = steady_time::clock::now();
    {
        std::lock_guard lock(mutex_);
        make_error_ = code_of(why);
        ++totals_.pools_failed;
        if (failed)
            ledger_.pool_failed(pool, now);
        else
            ledger_.pool_ready(pool, now);  // which has it closed
    }
    if (failed)
        drop_pool(pool);
    watchers_.pool_failed(id, why, "a pool could not be made");
}

void manager_core::read_size() noexcept
{
    using phase = ledger::phase;
    auto const accepts = [this] {
        std::lock_guard lock(mutex_);
        return !shut_ && (ledger_.state() == phase::starting || ledger_.state() == phase::running);
    };
    if (!accepts())
        return;
    long long units = 0;
    if (options_.size_provider)
        try {
            units = std::max(0LL, options_.size_provider());
        }
        catch (...) {
            if (accepts())
                watchers_.size_provider_failed(std::current_exception());
        }
    auto const per_pool = static_cast<unsigned long long>(options_.units_per_pool);
    auto const n = static_cast<unsigned long long>(units);
    auto const wanted = n / per_pool + (n % per_pool != 0);
    std::lock_guard lock(mutex_);
    if (!shut_)
        ledger_.resize(static_cast<std::size_t>(
            std::clamp<unsigned long long>(wanted, options_.min_pools, options_.max_pools)));
}

namespace {

/// A timer's wait, in the manager's own memory.
struct timer_handler {
    using allocator_type = task_allocator<void>;
    allocator_type get_allocator() const noexcept { return task_allocator<void>(*memory); }
    // Also when it was canceled: the timer is then armed again, for an earlier time.
    void operator()(error_code) const noexcept { core->signal(manager_core::timer_fired); }

    core_ptr core;
    task_memory* memory;
};

}  // namespace

void manager_core::arm_timer(steady_time at) noexcept
{
    // One wait at a time, because its memory is one block.
    if (timer_waits_) {
        timer_->cancel();
        return;
    }
    try {
        timer_->expires_at(at);
        timer_->async_wait(timer_handler{core_ptr(this), &timer_memory_});
        timer_waits_ = true;
    }
    catch (std::bad_alloc const&) {
        // No other event need come: try again until there is memory.
        strand_.pause();
        signal(timer_fired);
    }
}

// Free functions -----------------------------------------------------------------------------------

core_ptr make_core(asio::any_io_executor const& ex, std::unique_ptr<backend_base> backend,
    manager_options&& options)
{
    return core_ptr(new manager_core(ex, std::move(backend), std::move(options)));
}

asio::any_io_executor const& executor_of(manager_core const& core) noexcept
{
    return core.executor();
}

void require_context(manager_core const& core)
{
    if (core.context_gone())
        throw boost::system::system_error(make_error_code(errc::not_running));
}

void notify_scale_changed(manager_core& core) noexcept
{
    core.signal(manager_core::scale_changed);
}

counts counts_of(manager_core const& core) noexcept
{
    return core.count();
}

}  // namespace leasepool::detail
