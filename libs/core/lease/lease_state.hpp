// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_LEASE_STATE_HPP
#define LEASEPOOL_CORE_LEASE_STATE_HPP

#include "core/ledger/ledger.hpp"
#include "core/pool/pool_record.hpp"

#include <leasepool/detail/lease_state.hpp>

#include <boost/intrusive/slist_hook.hpp>

#include <atomic>
#include <cstdint>
#include <source_location>
#include <string_view>
#include <system_error>
#include <utility>

namespace leasepool::detail {

/// The report that a lease was granted or has come back. It is queued until the log and the
/// observer of the user get it.
struct lease_report : boost::intrusive::slist_base_hook<> {
    enum class kind : std::uint8_t { granted, returned };

    lease_report(lease_state& l, kind k) noexcept : lease(l), what(k) {}

    lease_state& lease;
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

/// One object for an acquire while it waits, then for the lease, then for the work that is left of
/// the lease.
///
/// One atomic word holds whether the lease has ended and how much work is outstanding on it. So the
/// last piece of work and the end of the lease agree which of them reports that the lease is
/// drained.
class lease_state final : public ledger::claim {
    // These come first, to use the padding of the base class: there may be very many leases. They
    // are not bit-fields, because one may be written while another thread reads its neighbor.
    std::uint8_t const owner_size_;
    bool invalid_ = false;
    bool wait_ = true;
    enum class failed : std::uint8_t { no, yes, with_std_code } failed_ = failed::no;

public:
    /// The reason why the lease has ended.
    enum class reason : std::uint8_t { live, released, expired, broken, stopped };

    /// Makes a claim, with the name of the owner behind it in the same allocation.
    static lease_ptr make(core_ptr core, acquire_options const& options);
    /// Makes an unused copy of the claim.
    lease_ptr fresh() const;

    core_ptr const& core() const noexcept { return core_; }
    std::string_view owner() const noexcept;
    std::source_location const& where() const noexcept { return where_; }
    std::uint64_t id() const noexcept { return id_; }

    // The word: the reason of the end, and the number of outstanding pieces of work.

    reason why_ended() const noexcept
    {
        return static_cast<reason>(word_.load(std::memory_order_acquire) & reason_mask);
    }

    enum class end_result { ended_before, work_left, drained };
    /// Ends the lease, unless it has ended already.
    end_result end(reason why) noexcept;

    /// Counts one piece of work as outstanding. Returns false if the lease has ended and no work is
    /// outstanding.
    bool begin_work() noexcept;
    /// Counts work as outstanding. Returns false if the lease has ended.
    bool begin_new_work(std::size_t pieces = 1) noexcept;
    void add_work() noexcept { word_.fetch_add(one_work, std::memory_order_relaxed); }
    void end_work(std::size_t pieces = 1) noexcept;

    // The pool. The grant sets it, once.

    pool_record* pool() const noexcept { return static_cast<pool_record*>(on()); }
    void granted(std::uint64_t id) noexcept;

    // The operations that wait for the claim or the lease. Guarded by the manager's lock.

    union {
        lease_completion* acquiring = nullptr;               // before the grant
        plain_completion* awaiting_drain;                    // after it
        boost::system::error_category const* fail_category;  // if the acquire failed
        std::error_category const* std_fail_category;
    };
    /// The number of the start or stop for which the acquire waits, see `manager_core::acquire`; 0:
    /// none.
    std::uint32_t deferred_behind = 0;
    bool canceled_while_deferred = false;
    /// Whether `awaiting_drain` is an operation that waits.
    bool drain_is_awaited = false;
    lease_follower* follower = nullptr;
    /// Returns the room for the reports of the grant and the return; null if nothing is reported.
    lease_report* reports() noexcept;

    /// Settles the claim with an error instead of a grant. After that only the operation that
    /// receives the error uses the claim.
    void fail(error_code why) noexcept;
    error_code failure() const noexcept;

    // Before the grant these hold the arguments of the acquire. `expiry` is the time until which it
    // waits. `id` is the id of the pool on whose thread it was begun, or 0.

    bool waits() const noexcept { return wait_; }
    bool invalid() const noexcept { return invalid_; }
    void begin(wait_policy const& p) noexcept;

    void add_ref() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void drop_ref() noexcept
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            destroy();
    }
    bool is_shared() const noexcept { return references_.load(std::memory_order_acquire) != 1; }

private:
    static constexpr std::uint64_t reason_mask = 7;
    static constexpr std::uint64_t one_work = 8;

    lease_state(core_ptr core, std::source_location where, std::size_t owner_size) noexcept;
    ~lease_state();
    static lease_state* allocate(core_ptr core, std::source_location where, std::string_view owner);
    void destroy() noexcept;
    char const* owner_chars() const noexcept;

    std::atomic<std::uint32_t> references_{0};
    std::atomic<std::uint64_t> word_{0};
    core_ptr const core_;
    std::uint64_t id_ = 0;
    std::source_location const where_;
};

inline lease_state& lease_of(ledger::claim& which) noexcept
{
    return static_cast<lease_state&>(which);
}

}  // namespace leasepool::detail

#endif
