// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/lease/lease_state.hpp"

#include "core/manager/manager_core.hpp"
#include "core/pool/pool_context.hpp"
#include "core/support/utf8_prefix.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <system_error>
#include <utility>

// The life of a claim and of the lease that it becomes. The templates of `lease` and `manager` call
// the free functions; these call the lease's `manager_core` or its pool record.

namespace leasepool::detail {
namespace {

namespace asio = boost::asio;
// acquire_options::owner documents this limit. The size is held in a std::uint8_t.
constexpr std::size_t longest_owner = 255;

error_code code_of(lease_state::reason why) noexcept
{
    switch (why) {
    case lease_state::reason::live:
        return {};
    case lease_state::reason::released:
        return errc::lease_released;
    case lease_state::reason::expired:
        return errc::lease_expired;
    case lease_state::reason::broken:
        return errc::pool_broken;
    case lease_state::reason::stopped:
        return errc::not_running;
    }
    return errc::not_running;
}

}  // namespace

void intrusive_ptr_add_ref(lease_state* p) noexcept
{
    p->add_ref();
}

void intrusive_ptr_release(lease_state* p) noexcept
{
    p->drop_ref();
}

lease_state::lease_state(core_ptr core, std::source_location where, std::size_t owner_size) noexcept
    : owner_size_(static_cast<std::uint8_t>(owner_size)), core_(std::move(core)), where_(where)
{
}

lease_state::~lease_state()
{
    if (auto* const granted = pool())
        intrusive_ptr_release(granted);
}

lease_state* lease_state::allocate(
    core_ptr core, std::source_location where, std::string_view owner)
{
    owner = utf8_prefix(owner, longest_owner);
    auto const room = core->reports_leases() ? 2 * sizeof(lease_report) : 0;
    // Asio's recycling allocator is not used, because it rounds sizes up, and there may be very
    // many leases.
    void* const memory = ::operator new(sizeof(lease_state) + room + owner.size());
    auto* const made = ::new (memory) lease_state(std::move(core), where, owner.size());
    if (room != 0) {
        ::new (static_cast<void*>(made->reports()))
            lease_report(*made, lease_report::kind::granted);
        ::new (static_cast<void*>(made->reports() + 1))
            lease_report(*made, lease_report::kind::returned);
    }
    std::copy(owner.begin(), owner.end(), const_cast<char*>(made->owner_chars()));
    return made;
}

void lease_state::destroy() noexcept
{
    this->~lease_state();
    // The size is not passed: clang supports sized deallocation only if it is asked to.
    ::operator delete(static_cast<void*>(this));
}

lease_report* lease_state::reports() noexcept
{
    return core_->reports_leases() ? reinterpret_cast<lease_report*>(this + 1) : nullptr;
}

char const* lease_state::owner_chars() const noexcept
{
    auto const* const behind = reinterpret_cast<char const*>(this + 1);
    return core_->reports_leases() ? behind + 2 * sizeof(lease_report) : behind;
}

lease_ptr lease_state::make(core_ptr core, acquire_options const& options)
{
    auto const default_lifetime = core->options().default_duration;
    lease_ptr made(allocate(std::move(core), options.where, options.owner));
    made->lifetime = options.duration.value_or(default_lifetime);
    made->invalid_ = made->lifetime <= steady_duration::zero() ||
        made->lifetime > longest_duration ||
        options.timeout.value_or(steady_duration::zero()) < steady_duration::zero();
    return made;
}

lease_ptr lease_state::fresh() const
{
    lease_ptr made(allocate(core_, where_, owner()));
    made->lifetime = lifetime;
    made->invalid_ = invalid_;
    return made;
}

std::string_view lease_state::owner() const noexcept
{
    return {owner_chars(), owner_size_};
}

void lease_state::begin(wait_policy const& p) noexcept
{
    wait_ = p.wait;
    expiry.set(p.timeout ? saturating_add(steady_time::clock::now(), *p.timeout) : ledger::never);
    auto const* const here = pool_of_this_thread();
    id_ = here && &here->core() == core_.get() ? here->id() : 0;
}

void lease_state::granted(std::uint64_t id) noexcept
{
    id_ = id;
    intrusive_ptr_add_ref(pool());
}

void lease_state::fail(error_code why) noexcept
{
    // A code that was made from a std::error_code cannot be rebuilt from its value and category.
    if (error_code(why.value(), why.category()) == why) {
        failed_ = failed::yes;
        fail_category = &why.category();
        id_ = static_cast<std::uint32_t>(why.value());
        return;
    }
    std::error_code const code = why;
    failed_ = failed::with_std_code;
    std_fail_category = &code.category();
    id_ = static_cast<std::uint32_t>(code.value());
}

error_code lease_state::failure() const noexcept
{
    auto const value = static_cast<int>(static_cast<std::uint32_t>(id_));
    switch (failed_) {
    case failed::no:
        break;
    case failed::yes:
        return {value, *fail_category};
    case failed::with_std_code:
        return std::error_code(value, *std_fail_category);
    }
    return {};
}

// The word ----------------------------------------------------------------------------------------

lease_state::end_result lease_state::end(reason why) noexcept
{
    auto seen = word_.load(std::memory_order_relaxed);
    do
        if (seen & reason_mask)
            return end_result::ended_before;
    while (!word_.compare_exchange_weak(
        seen, seen | static_cast<std::uint64_t>(why), std::memory_order_acq_rel));
    return seen < one_work ? end_result::drained : end_result::work_left;
}

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
        core_->drained(*this);
}

// Free functions ----------------------------------------------------------------------------------

lease_ptr make_claim(core_ptr core, acquire_options const& options)
{
    return lease_state::make(std::move(core), options);
}

lease_ptr renew_claim(lease_ptr claim)
{
    // Copies of a deferred acquire share one claim.
    return claim->is_shared() ? claim->fresh() : std::move(claim);
}

error_code failure_of(lease_state const& claim) noexcept
{
    return claim.failure();
}

core_ptr const& core_of(lease_state const& lease) noexcept
{
    return lease.core();
}

void acquire(lease_state& claim, lease_completion& op, wait_policy const& p) noexcept
{
    lease_ptr const keep(&claim);  // the handler may run before this returns, and release it
    claim.acquiring = &op;
    claim.begin(p);
    claim.core()->acquire(claim);
}

void cancel_acquire(lease_state& claim) noexcept
{
    claim.core()->cancel_acquire(claim);
}

error_code ended(lease_state const& lease) noexcept
{
    return code_of(lease.why_ended());
}

void release(lease_state& lease) noexcept
{
    lease.core()->release(lease);
}

void release(lease_state& lease, plain_completion& op) noexcept
{
    if (lease.pool() == pool_of_this_thread()) {
        op.error = errc::would_deadlock;
        return lease.core()->post_handler(op, "async_release");
    }
    lease.core()->await_drain(lease, op);
}

void cancel_drain_wait(lease_state& lease) noexcept
{
    lease.core()->cancel_drain_wait(lease);
}

bool renew(lease_state& lease, steady_duration duration) noexcept
{
    if (duration <= steady_duration::zero() || duration > longest_duration ||
        lease.why_ended() != lease_state::reason::live)
        return false;
    auto const now = steady_time::clock::now();
    auto const to = saturating_add(now, duration);
    auto const before = lease.expiry.renew(to);
    if (!before)
        return false;
    lease.core()->count_renewal();
    // A later expiry needs no event: the ledger finds it when the former expiry comes. If the
    // former expiry has passed already, the ledger would not look again before the hard expiry.
    if (to < *before || *before <= now)
        lease.core()->renewed(lease);
    return true;
}

std::uint64_t id_of(lease_state const& lease) noexcept
{
    return lease.id();
}

std::string_view owner_of(lease_state const& lease) noexcept
{
    return lease.owner();
}

steady_time leased_at(lease_state const& lease) noexcept
{
    return lease.since();
}

steady_time soft_expiry_of(lease_state const& lease) noexcept
{
    return lease.expiry.get();
}

steady_time hard_expiry_of(lease_state const& lease) noexcept
{
    auto const soft = lease.expiry.get();
    if (soft == steady_time::min())
        return soft;
    return saturating_add(soft, lease.core()->options().grace);
}

bool begin_work(lease_state& lease) noexcept
{
    return lease.begin_work();
}

void add_work(lease_state& lease) noexcept
{
    lease.add_work();
}

void end_work(lease_state& lease) noexcept
{
    lease.end_work();
}

bool begin_post(lease_state& lease) noexcept
{
    return lease.pool()->begin_post();
}

void end_post(lease_state& lease) noexcept
{
    lease.pool()->end_post();
}

boost::asio::io_context& context_of(lease_state const& lease) noexcept
{
    return lease.pool()->context();
}

std::size_t workers_of(lease_state const& lease) noexcept
{
    return lease.pool()->workers();
}

void report_unhandled(lease_state& lease, std::exception_ptr error) noexcept
{
    lease.core()->report_unhandled(lease.id(), std::move(error));
}

void post_handler(lease_completion& op) noexcept
{
    op.lease->core()->post_handler(op, "async_acquire", op.lease.get());
}

}  // namespace leasepool::detail
