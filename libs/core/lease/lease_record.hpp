// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_LEASE_RECORD_HPP
#define LEASEPOOL_CORE_LEASE_RECORD_HPP

#include "core/ledger/ledger.hpp"
#include "core/pool/pool_record.hpp"

#include <leasepool/detail/lease_state.hpp>

#include <boost/intrusive/slist_hook.hpp>

#include <atomic>
#include <cstdint>
#include <source_location>
#include <string_view>
#include <system_error>

namespace leasepool::detail {

class lease_record;

/// The report that a lease was granted or has come back. It is queued until the log and the
/// observer of the user get it.
struct lease_report : boost::intrusive::slist_base_hook<> {
    enum class kind : std::uint8_t { granted, returned };

    lease_report(lease_record& l, kind k) noexcept : lease(l), what(k) {}

    lease_record& lease;
    steady_duration elapsed{};
    kind const what;
};

/// Is notified when a lease is revoked. Called with the lock of the manager held, on its strand.
class lease_follower {
public:
    virtual void lease_revoked() noexcept = 0;

protected:
    ~lease_follower() = default;
};

/// The record of one claim and of the lease that it becomes, with the members that the manager
/// keeps in it. One allocation holds the record, the name of the owner, and the room for reports.
class lease_record final : public lease_state, public ledger::claim {
public:
    using lease_state::reason;

    /// Makes a claim with one reference, the caller's. Throws std::bad_alloc.
    static lease_record* make(
        manager_core& core, std::source_location where, std::string_view owner, bool waits);
    void destroy() noexcept;

    manager_core& core() const noexcept;

    // The arguments of the acquire. Before the acquire is begun, `expiry` holds its timeout; while
    // it waits, its deadline.

    bool waits() const noexcept { return waits_; }
    /// Returns whether the arguments are out of bounds.
    bool invalid() const noexcept { return lifetime <= steady_duration::zero(); }

    /// Settles the claim with an error instead of a grant. After that only the operation that
    /// receives the error uses the claim.
    void fail(error_code why) noexcept;

    // The pool. The grant sets it, once.

    pool_record* pool() const noexcept { return static_cast<pool_record*>(on()); }
    void granted(std::uint64_t id) noexcept;

    // The end of the lease.

    reason why_ended() const noexcept
    {
        return static_cast<reason>(word_.load(std::memory_order_acquire) & reason_mask);
    }

    enum class end_result { ended_before, work_left, drained };
    /// Ends the lease, unless it has ended already.
    end_result end(reason why) noexcept;

    // The operations that wait for the claim or the lease. Guarded by the manager's lock. The first
    // two members use the padding of the base class: there may be very many leases.

    bool canceled_while_deferred = false;
    /// The number of the start or stop for which the acquire waits, see `manager_core::acquire`; 0:
    /// none.
    std::uint32_t deferred_behind = 0;
    union {
        lease_completion* acquiring = nullptr;               // before the grant
        plain_completion* awaiting_drain;                    // after it; null: none waits
        boost::system::error_category const* fail_category;  // if the acquire failed
        std::error_category const* std_fail_category;
    };
    lease_follower* follower = nullptr;

    /// Returns the room for the reports of the grant and the return; null if nothing is reported.
    lease_report* reports() noexcept;

private:
    friend class lease_state;

    using lease_state::lease_state;
    ~lease_record();
    char const* owner_chars() const noexcept;
};

using lease_record_ptr = boost::intrusive_ptr<lease_record>;

inline lease_record& record_of(lease_state& which) noexcept
{
    return static_cast<lease_record&>(which);
}

inline lease_record const& record_of(lease_state const& which) noexcept
{
    return static_cast<lease_record const&>(which);
}

inline lease_record& record_of(ledger::claim& which) noexcept
{
    return static_cast<lease_record&>(which);
}

}  // namespace leasepool::detail

#endif
