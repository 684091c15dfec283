// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "manager_core.hpp"
#include "values.hpp"

#include <boost/asio/error.hpp>

#include <exception>
#include <new>
#include <string_view>
#include <utility>

// What the ledger decided, done. Watchers are called last: they may shut the manager down.

namespace leasepool::detail {
namespace {

namespace asio = boost::asio;

lease_state& lease_of(ledger::claim& who) noexcept
{
    return static_cast<lease_state&>(who);
}

pool_record& record_of(ledger::pool& on) noexcept
{
    return static_cast<pool_record&>(on);
}

}  // namespace

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
        return record_of(*act.on).close();
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
    lease.pool()->follower = nullptr;
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
    if (auto* const follower = std::exchange(pool.follower, nullptr))
        follower->lease_revoked();
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

void manager_core::drop_pool(pool_record& pool) noexcept
{
    // It is closed: nothing of it runs any more, so this waits for no worker. (Threads are joined; the
    // reaper may still be returning from the call that said so.)
    pool.take_pool().reset();
    pool.end_context();
    closed_runs_.merge(pool.functions().totals());
    pools_.erase(pools_.iterator_to(pool));
    intrusive_ptr_release(&pool);
}

}  // namespace leasepool::detail
