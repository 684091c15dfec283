// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/lease_state.hpp>

#include "base/utf8.hpp"

#include "core/lease/lease_record.hpp"
#include "core/manager/manager_core.hpp"
#include "core/pool/pool_context.hpp"

#include <cstddef>
#include <utility>

// The life of a claim and of the lease that it becomes, for the templates of `lease` and `manager`,
// which call these functions. They call the lease's `manager_core` or its pool record.

namespace leasepool::detail {
namespace {

// acquire_options::owner documents this limit. The size is held in a std::uint8_t.
constexpr std::size_t longest_owner = 255;

}  // namespace

// The claim ---------------------------------------------------------------------------------------

lease_ptr lease_state::make(manager_interface& manager, acquire_options const& options)
{
    auto& core = static_cast<manager_core&>(manager);
    auto& claim = *lease_record::make(
        core, options.where, utf8_prefix(options.owner, longest_owner), options.wait);
    claim.lifetime = options.duration.value_or(core.options().default_duration);
    auto timeout = options.timeout.value_or(steady_duration::max());
    if (claim.lifetime > longest_duration || timeout < steady_duration::zero()) {
        claim.lifetime = steady_duration::zero();  // marks invalid arguments, see `invalid`
        timeout = steady_duration::max();
    }
    claim.expiry.set(steady_time(timeout));  // `acquire` turns the timeout into a deadline
    return {&claim, false};
}

lease_ptr lease_state::copy() const
{
    auto const& claim = record_of(*this);
    auto& made = *lease_record::make(claim.core(), where_, owner(), waits_);
    made.lifetime = claim.lifetime;
    made.expiry.set(claim.expiry.get());
    return {&made, false};
}

void lease_state::destroy() noexcept
{
    record_of(*this).destroy();
}

std::string_view lease_state::owner() const noexcept
{
    return {record_of(*this).owner_chars(), owner_size_};
}

void lease_state::acquire(lease_completion& op) noexcept
{
    lease_ptr const keep(this);  // the handler may run before this returns, and release it
    auto& claim = record_of(*this);
    claim.acquiring = &op;
    auto const timeout = claim.expiry.get().time_since_epoch();
    if (timeout != steady_duration::max())
        claim.expiry.set(saturating_add(steady_time::clock::now(), timeout));
    auto const* const here = pool_of_this_thread();
    id_ = here && &here->core() == manager_ ? here->id() : 0;
    claim.core().acquire(claim);
}

void lease_state::cancel_acquire() noexcept
{
    record_of(*this).core().cancel_acquire(record_of(*this));
}

error_code lease_state::failure() const noexcept
{
    auto const& claim = record_of(*this);
    auto const value = static_cast<int>(static_cast<std::uint32_t>(id_));
    switch (failed_) {
    case failed::no:
        break;
    case failed::yes:
        return {value, *claim.fail_category};
    case failed::with_std_code:
        return std::error_code(value, *claim.std_fail_category);
    }
    return {};
}

void lease_completion::post_handler(std::string_view operation) noexcept
{
    record_of(*lease).core().post_handler(*this, operation, lease.get());
}

// The lease ---------------------------------------------------------------------------------------

error_code lease_state::ended() const noexcept
{
    switch (record_of(*this).why_ended()) {
    case reason::live:
        return {};
    case reason::released:
        return errc::lease_released;
    case reason::expired:
        return errc::lease_expired;
    case reason::broken:
        return errc::pool_broken;
    case reason::stopped:
        return errc::not_running;
    }
    return errc::not_running;
}

void lease_state::release() noexcept
{
    record_of(*this).core().release(record_of(*this));
}

void lease_state::await_drain(plain_completion& op) noexcept
{
    auto& lease = record_of(*this);
    if (lease.pool() == pool_of_this_thread()) {
        op.error = errc::would_deadlock;
        return lease.core().post_handler(op, "async_release");
    }
    lease.core().await_drain(lease, op);
}

void lease_state::cancel_drain_wait() noexcept
{
    record_of(*this).core().cancel_drain_wait(record_of(*this));
}

bool lease_state::renew(steady_duration duration) noexcept
{
    auto& lease = record_of(*this);
    if (duration <= steady_duration::zero() || duration > longest_duration ||
        lease.why_ended() != reason::live)
        return false;
    auto const now = steady_time::clock::now();
    auto const to = saturating_add(now, duration);
    auto const before = lease.expiry.renew(to);
    if (!before)
        return false;
    lease.core().count_renewal();
    // A later expiry needs no event: the ledger finds it when the former expiry comes. If the
    // former expiry has passed already, the ledger would not look again before the hard expiry.
    if (to < *before || *before <= now)
        lease.core().renewed(lease);
    return true;
}

steady_time lease_state::granted_at() const noexcept
{
    return record_of(*this).since();
}

steady_time lease_state::soft_expiry() const noexcept
{
    return record_of(*this).expiry.get();
}

steady_time lease_state::hard_expiry() const noexcept
{
    auto const soft = soft_expiry();
    if (soft == steady_time::min())
        return soft;
    return saturating_add(soft, record_of(*this).core().options().grace);
}

// Its work ----------------------------------------------------------------------------------------

bool lease_state::begin_work() noexcept
{
    auto seen = word_.load(std::memory_order_relaxed);
    do
        if ((seen & reason_mask) && seen < one_work)
            return false;
    while (!word_.compare_exchange_weak(seen, seen + one_work, std::memory_order_acq_rel));
    return true;
}

bool lease_state::begin_new_work(std::size_t pieces) noexcept
{
    auto seen = word_.load(std::memory_order_relaxed);
    do
        if (seen & reason_mask)
            return false;
    while (!word_.compare_exchange_weak(seen, seen + pieces * one_work, std::memory_order_acq_rel));
    return true;
}

void lease_state::end_work(std::size_t pieces) noexcept
{
    auto const before = word_.fetch_sub(pieces * one_work, std::memory_order_acq_rel);
    if ((before & reason_mask) && before < (pieces + 1) * one_work)
        record_of(*this).core().drained(record_of(*this));
}

bool lease_state::begin_post() noexcept
{
    return record_of(*this).pool()->begin_post();
}

void lease_state::end_post() noexcept
{
    record_of(*this).pool()->end_post();
}

boost::asio::io_context& lease_state::context() const noexcept
{
    return record_of(*this).pool()->context();
}

std::size_t lease_state::workers() const noexcept
{
    return record_of(*this).pool()->workers();
}

void lease_state::report_unhandled(std::exception_ptr error) noexcept
{
    record_of(*this).core().report_unhandled(id(), std::move(error));
}

}  // namespace leasepool::detail
