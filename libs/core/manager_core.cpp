// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "manager_core.hpp"

#include "context_service.hpp"

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
using std::chrono::nanoseconds;

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

std::uint64_t ticks(nanoseconds elapsed) noexcept
{
    return elapsed.count() > 0 ? static_cast<std::uint64_t>(elapsed.count()) : 0;
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

error_code not_enough_memory() noexcept
{
    return boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
}

lease_state& lease_of(ledger::claim& who) noexcept
{
    return static_cast<lease_state&>(who);
}

pool_record& record_of(ledger::pool& on) noexcept
{
    return static_cast<pool_record&>(on);
}

}  // namespace

void intrusive_ptr_add_ref(manager_core* p) noexcept
{
    p->references_.fetch_add(1, std::memory_order_relaxed);
}

void intrusive_ptr_release(manager_core* p) noexcept
{
    if (p->references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete p;
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

manager_core::manager_core(
    asio::any_io_executor const& ex, std::unique_ptr<backend_base> backend, manager_options&& opts)
    : options_((validate(opts), std::move(opts))), executor_(ex), backend_(std::move(backend)),
      strand_(ex, *this),
      service_(asio::use_service<context_service>(asio::query(ex, asio::execution::context))),
      ledger_(ledger_options(options_)), watchers_(options_.log, options_.observer),
      inline_runs_(
          watchers_.any() || options_.size_provider || options_.idle_ttl > steady_duration::zero()
              ? strand::inline_run::never
              : strand::inline_run::allowed),
      timer_(ex)
{
    publish();
    service_.add(*this);
}

manager_core::~manager_core()
{
    assert(shut_);
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
    op->set_error(error);
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
        lease.drain_is_awaited = true;
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
    now();
    if (bits & pool_record::failed) {
        if (pool.state() != ledger::pool::phase::starting)
            return;
        auto const why = pool.reason();
        make_error_ = code_of(why);
        ++totals_.pools_failed;
        ledger_.pool_failed(pool, now_);
        auto const id = pool.id();
        drop_pool(pool);
        watchers_.pool_failed(id, why, "a pool could not be made");
        return;
    }
    if ((bits & pool_record::ready) && pool.state() == ledger::pool::phase::starting) {
        ++totals_.pools_created;
        ledger_.pool_ready(pool, now_);
        watchers_.pool_created(pool.id());
        if (shut_)
            return;
    }
    if ((bits & pool_record::broken) && !pool.has_broken() &&
        pool.state() != ledger::pool::phase::fresh) {
        ++totals_.pools_failed;
        if (pool.state() == ledger::pool::phase::starting)
            make_error_ = code_of(pool.reason());
        ledger_.pool_broken(pool, now_);
        watchers_.pool_failed(pool.id(), pool.reason(), "a pool broke");
        if (shut_)
            return;
    }
    if ((bits & pool_record::closed) && pool.state() == ledger::pool::phase::closing) {
        ledger_.pool_closed(pool);
        ++totals_.pools_closed;
        auto const id = pool.id();
        drop_pool(pool);
        watchers_.pool_closed(id);
    }
}

void manager_core::on_command(command& cmd) noexcept
{
    now();
    switch (cmd.what) {
    case command::kind::start:
        return begin_start(cmd);
    case command::kind::stop:
        return begin_stop(cmd);
    case command::kind::stats:
        try {
            cmd.stats_op->value = snapshot();
            settle(std::exchange(cmd.op, nullptr), {});
        }
        catch (std::bad_alloc const&) {
            settle(std::exchange(cmd.op, nullptr), not_enough_memory());
        }
    }
}

void manager_core::on_command_cancelled(command& cmd) noexcept
{
    now();
    if (cmd.what == command::kind::start && starts_.size() == 1 &&
        ledger_.state() == ledger::phase::starting) {
        // It completes when the start is undone.
        start_error_ = asio::error::operation_aborted;
        ledger_.cancel_start();
        return;
    }
    if (cmd.what == command::kind::start && start_error_ == asio::error::operation_aborted)
        return;
    auto& waiting = cmd.what == command::kind::start ? starts_ : stops_;
    waiting.erase(waiting.iterator_to(cmd));
    answer(cmd, asio::error::operation_aborted);
}

void manager_core::begin_acquire(lease_state& claim) noexcept
{
    if (claim.invalid) {
        ++totals_.acquire_failures;
        return refuse(claim, errc::invalid_duration);
    }
    if (auto const error = ledger_.acquire(claim, now_, claim.wait, claim.expiry.get());
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
    if (std::exchange(lease.drain_is_awaited, false))
        settle(std::exchange(lease.awaiting_drain, nullptr), error);
}

void manager_core::begin_start(command& cmd) noexcept
{
    switch (ledger_.state()) {
    case ledger::phase::running:
        return settle(std::exchange(cmd.op, nullptr), {});
    case ledger::phase::stopping:
        return settle(std::exchange(cmd.op, nullptr), errc::not_running);
    case ledger::phase::stopped:
        try {
            work_ = executor_ref(executor_, executor_ref::work::tracked);
        }
        catch (std::bad_alloc const&) {
            return settle(std::exchange(cmd.op, nullptr), not_enough_memory());
        }
        start_error_ = {};
        make_error_ = errc::worker_start_failed;
        ledger_.start(now_);
        break;
    case ledger::phase::starting:
        break;
    }
    intrusive_ptr_add_ref(&cmd);
    starts_.push_back(cmd);
    if (starts_.size() == 1)
        read_size();
}

void manager_core::begin_stop(command& cmd) noexcept
{
    auto const& opts = cmd.options;
    auto const zero = steady_duration::zero();
    if (opts.deadline < zero || opts.abandon_after.value_or(zero) < zero)
        return settle(std::exchange(cmd.op, nullptr), errc::invalid_duration);
    if (ledger_.state() == ledger::phase::stopped)
        return settle(std::exchange(cmd.op, nullptr), {});
    auto const deadline =
        opts.mode == stop_mode::cancel ? now_ : saturating_add(now_, opts.deadline);
    ledger_.stop(deadline,
        opts.abandon_after ? saturating_add(deadline, *opts.abandon_after) : ledger::never);
    intrusive_ptr_add_ref(&cmd);
    stops_.push_back(cmd);
    watchers_.say(severity::info, "manager stopping");
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

void manager_core::perform(ledger::action const& act) noexcept
{
    using kind = ledger::action::kind;
    switch (act.what) {
    case kind::none:
        break;
    case kind::grant:
        return grant(lease_of(*act.who), act.waited);
    case kind::fail:
        return fail(lease_of(*act.who), act.error);
    case kind::make_failed:
        return fail(lease_of(*act.who), make_error_);
    case kind::overdue: {
        auto& lease = lease_of(*act.who);
        ++totals_.overdue;
        return watchers_.tell(severity::warning, "lease overdue: it passed its soft expiry", lease,
            now_ - lease.since(), &observer::on_overdue);
    }
    case kind::revoke:
        return revoke(lease_of(*act.who), record_of(*act.on), act.why);
    case kind::make:
        return make_pool();
    case kind::close:
        return close_pool(record_of(*act.on));
    case kind::recheck:
        return read_size();
    case kind::starved:
        return watchers_.starved(act.count, options_.max_pools);
    case kind::started:
        answer_all(starts_, {});
        return watchers_.say(severity::info, "manager started");
    case kind::start_failed:
        return finish_start(start_error_ ? start_error_ : make_error_);
    case kind::stopped:
        return finish_stop(act.count);
    }
}

void manager_core::grant(lease_state& lease, steady_duration waited) noexcept
{
    auto* const op = std::exchange(lease.acquiring, nullptr);
    lease.granted(++last_lease_);
    ++totals_.acquired;
    totals_.wait_time.record(ticks(waited));
    lease_ptr const keep(watchers_.any() ? &lease : nullptr);
    op->settle(&lease == acquire_of_this_call());
    if (keep)
        watchers_.tell(severity::debug, "lease granted", lease, waited, &observer::on_lease);
}

void manager_core::fail(lease_state& claim, error_code error) noexcept
{
    if (error == errc::acquire_timeout)
        ++totals_.acquire_timeouts;
    else if (error == asio::error::operation_aborted)
        ++totals_.acquire_cancels;
    else
        ++totals_.acquire_failures;
    refuse(claim, error);
    intrusive_ptr_release(&claim);
}

void manager_core::revoke(lease_state& lease, pool_record& pool, ledger::revocation why) noexcept
{
    ++totals_.revoked;
    auto reason = lease_state::reason::expired;
    run_queue::verdict verdict{.error = errc::lease_expired};
    std::string_view message = "lease revoked: it passed its hard expiry";
    if (why == ledger::revocation::stopped) {
        reason = lease_state::reason::stopped;
        verdict.error = errc::not_running;
        message = "lease revoked: the manager stops";
    }
    else if (why == ledger::revocation::broken) {
        reason = lease_state::reason::broken;
        verdict.error = errc::pool_broken;
        verdict.reason = pool.reason();
        message = "lease revoked: its pool broke";
    }
    // Ended first, so that nothing is queued behind what is taken back.
    lease.end(reason, 0);
    pool.functions().cancel_all(verdict);
    watchers_.tell(severity::warning, message, lease, now_ - lease.since(), &observer::on_revoke);
}

void manager_core::make_pool() noexcept
{
    pool_ptr pool;
    try {
        pool.reset(new pool_record(core_ptr(this), ++last_pool_));
        intrusive_ptr_add_ref(pool.get());  // until it is dropped
        pools_.push_back(*pool);
    }
    catch (std::bad_alloc const&) {
        make_error_ = not_enough_memory();
        ++totals_.pools_failed;
        return ledger_.make_refused(now_);
    }
    ledger_.pool_starting(*pool);
    try {
        pool->adopt(backend_->make_pool(pool_site(pool)));
    }
    catch (...) {
        pool_site(pool).failed(std::current_exception());
    }
}

void manager_core::close_pool(pool_record& pool) noexcept
{
    pool.close();
}

void manager_core::drop_pool(pool_record& pool) noexcept
{
    // Nothing of it runs any more, so this does not block.
    pool.take_pool().reset();
    pool.end_context();
    closed_runs_.merge(pool.functions().totals());
    pools_.erase(pools_.iterator_to(pool));
    intrusive_ptr_release(&pool);
}

void manager_core::finish_start(error_code error) noexcept
{
    let_go();
    answer_all(starts_, error);
    answer_all(stops_, {});
    watchers_.not_started(error);
}

void manager_core::finish_stop(std::size_t abandoned) noexcept
{
    let_go();
    answer_all(starts_, errc::not_running);
    answer_all(stops_, {});
    watchers_.stopped(abandoned);
}

void manager_core::let_go() noexcept
{
    work_.reset();
    if (std::exchange(armed_for_, ledger::never) != ledger::never)
        timer_->cancel();
}

void manager_core::answer(command& cmd, error_code error) noexcept
{
    settle(std::exchange(cmd.op, nullptr), error);
    intrusive_ptr_release(&cmd);
}

void manager_core::answer_all(command_list& cmds, error_code error) noexcept
{
    while (!cmds.empty()) {
        auto& cmd = cmds.front();
        cmds.pop_front();
        answer(cmd, error);
    }
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

stats manager_core::snapshot() const
{
    stats s = totals_;
    s.backend = backend_->name();
    s.started =
        ledger_.state() == ledger::phase::running || ledger_.state() == ledger::phase::starting;
    s.stopping = ledger_.state() == ledger::phase::stopping;
    s.max_pools = options_.max_pools;
    s.min_pools = options_.min_pools;
    s.max_retired = options_.max_retired.value_or(options_.max_pools);
    s.workers_per_pool = backend_->workers_per_pool();
    s.desired = ledger_.desired();
    s.total = ledger_.in_service();
    s.starting = ledger_.starting();
    s.available = ledger_.available();
    s.leased = ledger_.leased();
    s.draining = ledger_.draining();
    s.retired = ledger_.retired();
    s.abandoned = ledger_.abandoned();
    s.capacity = ledger_.capacity();
    s.waiters = ledger_.waiters();
    s.renewed = renewed_.load(std::memory_order_relaxed);
    s.unhandled_exceptions = unhandled_.load(std::memory_order_relaxed);
    s.callback_errors = watchers_.errors();

    auto runs = closed_runs_;
    for (auto const& pool : pools_)
        runs.merge(pool.totals());
    s.runs = runs.runs;
    s.runs_failed = runs.failed;
    s.runs_cancelled = runs.cancelled;
    s.queue_time = runs.queue_time;
    s.run_time = runs.run_time;

    auto const now = steady_time::clock::now();
    s.leases.reserve(ledger_.leased());
    ledger_.for_each_lease([&](ledger::claim const& held) {
        auto const& lease = static_cast<lease_state const&>(held);
        auto const soft = lease.expiry.get();
        auto const until = [&](steady_time at) {
            return at == steady_time::max() ? nanoseconds::max() : nanoseconds(at - now);
        };
        s.leases.push_back({.id = lease.id(),
            .pool = lease.pool()->id(),
            .owner = std::string(lease.owner()),
            .where = lease.where(),
            .held = now - lease.since(),
            .until_soft_expiry = until(soft),
            .until_hard_expiry = until(saturating_add(soft, options_.grace)),
            .draining = lease.state() == ledger::claim::phase::draining});
    });
    return s;
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
