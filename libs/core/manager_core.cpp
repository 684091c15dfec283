// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "manager_core.hpp"

#include "context_service.hpp"
#include "values.hpp"

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
      ledger_(ledger_options(options_)), watchers_(options_.log, options_.observer),
      inline_runs_(
          watchers_.any() || options_.size_provider || options_.idle_ttl > steady_duration::zero()
              ? inline_run::never
              : inline_run::allowed),
      timer_(ex)
{
    publish();
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

counts manager_core::published() const noexcept
{
    auto const get = [](std::atomic<std::size_t> const& n) {
        return n.load(std::memory_order_relaxed);
    };
    return {.available = get(published_.available),
        .leased = get(published_.leased),
        .total = get(published_.total),
        .desired = get(published_.desired),
        .waiters = get(published_.waiters),
        .retired = get(published_.retired)};
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

void manager_core::settle(plain_completion* op, error_code error) noexcept
{
    if (!op)
        return;
    if (context_gone())
        return op->destroy();
    op->error = error;
    op->post();
}

void manager_core::refuse(lease_state& claim, error_code error) noexcept
{
    auto* const op = std::exchange(claim.acquiring, nullptr);
    if (!op)
        return;
    claim.fail(error);
    if (context_gone())
        op->destroy();
    else
        op->settle(&claim == acquire_of_this_call());
}

// Events -------------------------------------------------------------------------------------------

void manager_core::on_events(std::uint32_t bits) noexcept
{
    now();
    if (bits & timer_fired)
        armed_for_ = ledger::never;
    if ((bits & scale_changed) &&
        (ledger_.state() == ledger::phase::starting || ledger_.state() == ledger::phase::running))
        read_size();
}

void manager_core::on_lease_events(lease_state& lease, std::uint32_t bits) noexcept
{
    now();
    if (bits & lease_state::acquire_begun)
        begin_acquire(lease);
    if ((bits & lease_state::acquire_cancelled) && ledger_.cancel(lease))
        fail(lease, asio::error::operation_aborted);
    if (bits & lease_state::renewed)
        ledger_.renewed(lease);
    if (bits & lease_state::let_go)
        ledger_.release(lease);
    if (bits & lease_state::drain_awaited) {
        lease.drain_wait_handed_over();
        if (!lease.holds_pool())
            settle_drain(lease, {});
    }
    if (bits & lease_state::drain_wait_cancelled)
        settle_drain(lease, asio::error::operation_aborted);
    if (bits & lease_state::drained)
        release_drained(lease);
}

void manager_core::on_pool_events(pool_record& pool, std::uint32_t bits) noexcept
{
    using phase = ledger::pool::phase;
    now();
    if (pool.state() == phase::starting) {
        if (bits & pool_record::failed)
            return pool_not_made(pool, true);
        if (bits & pool_record::ready) {
            if (pool.has_broken())
                return pool_not_made(pool, false);
            pool.was_ready = true;
            ++totals_.pools_created;
            ledger_.pool_ready(pool, now_);
            watchers_.pool_created(pool.id());
            if (shut_)
                return;
        }
        else if (bits & pool_record::broken)
            return ledger_.pool_broken(pool, now_);  // said when it is ready, or has failed
    }
    if ((bits & pool_record::broken) && !pool.has_broken() && pool.state() != phase::fresh) {
        ++totals_.pools_failed;
        if (!pool.proven())
            make_error_ = code_of(pool.reason());
        ledger_.pool_broken(pool, now_);
        watchers_.pool_failed(pool.id(), pool.reason(), "a pool broke");
        if (shut_)
            return;
    }
    if ((bits & pool_record::closed) && pool.state() == phase::closing) {
        ledger_.pool_closed(pool);
        auto const id = pool.id();
        auto const was_ready = pool.was_ready;
        drop_pool(pool);
        if (!was_ready)
            return;
        ++totals_.pools_closed;
        watchers_.pool_closed(id);
    }
}

void manager_core::pool_not_made(pool_record& pool, bool failed) noexcept
{
    auto const why = pool.reason();
    auto const id = pool.id();
    make_error_ = code_of(why);
    ++totals_.pools_failed;
    if (failed) {
        ledger_.pool_failed(pool, now_);
        drop_pool(pool);
    }
    else
        ledger_.pool_ready(pool, now_);  // which has it closed
    watchers_.pool_failed(id, why, "a pool could not be made");
}

void manager_core::begin_acquire(lease_state& claim) noexcept
{
    if (claim.invalid()) {
        ++totals_.acquire_failures;
        return refuse(claim, errc::invalid_duration);
    }
    if (auto const error = ledger_.acquire(claim, now_, claim.waits(), claim.expiry.get());
        error != errc{}) {
        ++(error == errc::acquire_timeout ? totals_.acquire_timeouts : totals_.acquire_failures);
        return refuse(claim, error);
    }
    intrusive_ptr_add_ref(&claim);  // until the ledger lets go of it
    auto const begun_in = claim.id();
    if (begun_in == 0 || ledger_.obtainable() >= ledger_.waiters())
        return;
    lease_state const* holder = nullptr;
    ledger_.for_each_lease([&](ledger::claim const& held) {
        auto const& lease = static_cast<lease_state const&>(held);
        if (lease.pool()->id() == begun_in)
            holder = &lease;
    });
    watchers_.likely_deadlock(claim, begun_in, holder);
}

void manager_core::release_drained(lease_state& lease) noexcept
{
    if (!lease.holds_pool())
        return;
    bool const revoked = lease.state() == ledger::claim::phase::revoked;
    auto const held = now_ - lease.since();
    ledger_.drained(lease, now_);
    settle_drain(lease, {});
    if (!revoked) {
        ++totals_.released;
        totals_.hold_time.record(ticks(held));
        watchers_.tell(severity::debug, "lease given back", lease, held, &observer::on_release);
    }
    intrusive_ptr_release(&lease);
}

void manager_core::settle_drain(lease_state& lease, error_code error) noexcept
{
    if (lease.end_drain_wait())
        settle(std::exchange(lease.awaiting_drain, nullptr), error);
}

// Actions ------------------------------------------------------------------------------------------

void manager_core::strand_settle() noexcept
{
    while (!shut_) {
        auto const act = ledger_.poll(now_);
        if (!act)
            break;
        perform(act);
    }
    if (shut_)
        return;
    publish();
    arm_timer();
}

void manager_core::read_size() noexcept
{
    long long units = 0;
    if (options_.size_provider)
        try {
            units = std::max(0LL, options_.size_provider());
        }
        catch (...) {
            if (!shut_)
                watchers_.size_provider_failed(std::current_exception());
        }
    if (shut_)
        return;
    auto const per_pool = static_cast<unsigned long long>(options_.units_per_pool);
    auto const n = static_cast<unsigned long long>(units);
    auto const wanted = n / per_pool + (n % per_pool != 0);
    ledger_.resize(static_cast<std::size_t>(
        std::clamp<unsigned long long>(wanted, options_.min_pools, options_.max_pools)));
}

void manager_core::arm_timer() noexcept
{
    auto const next = ledger_.next_deadline();
    // A deadline that moved away is found out when the timer fires.
    if (next >= armed_for_)
        return;
    try {
        timer_->expires_at(next);
        timer_->async_wait([self = core_ptr(this)](error_code error) {
            if (!error)
                self->signal(timer_fired, self->inline_runs());
        });
        armed_for_ = next;
    }
    catch (std::bad_alloc const&) {
        // No other event need come: try again until there is memory.
        armed_for_ = ledger::never;
        signal(timer_fired);
    }
}

void manager_core::publish() noexcept
{
    auto const set = [](std::atomic<std::size_t>& to, std::size_t n) {
        to.store(n, std::memory_order_relaxed);
    };
    set(published_.available, ledger_.available());
    set(published_.leased, ledger_.leased());
    set(published_.total, ledger_.in_service());
    set(published_.desired, ledger_.desired());
    set(published_.waiters, ledger_.waiters());
    set(published_.retired, ledger_.retired());
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
    core.signal(manager_core::scale_changed, core.inline_runs());
}

counts counts_of(manager_core const& core) noexcept
{
    return core.published();
}

}  // namespace leasepool::detail
