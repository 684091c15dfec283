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

/// That a lease was granted, or has come back, on its way to the user's log and observer.
struct lease_report : boost::intrusive::slist_base_hook<> {
    enum class kind : std::uint8_t { granted, returned };

    lease_report(lease_state& l, kind k) noexcept : lease(l), what(k) {}

    lease_state& lease;
    steady_duration elapsed{};
    kind const what;
};

/// Learns that a lease was revoked. With the manager's lock held, on its strand.
class lease_follower {
public:
    virtual void lease_revoked() noexcept = 0;

protected:
    ~lease_follower() = default;
};

/// An acquire while it waits, then the lease, then the work that is left of it: one object.
///
/// Whether it has ended, and how much work is outstanding on it, is one atomic word, so that the
/// last piece of work and the end agree on which of them reports that it is drained.
class lease_state final : public ledger::claim {
    // First, in the base's padding: there may be very many of these. No bit-fields: one may be
    // written while another thread reads its neighbor.
    std::uint8_t const owner_size_;
    bool invalid_ = false;
    bool wait_ = true;
    enum class failed : std::uint8_t { no, yes, with_std_code } failed_ = failed::no;

public:
    /// Why it ended.
    enum class reason : std::uint8_t { live, released, expired, broken, stopped };

    /// With the owner's name behind it, in one allocation.
    static lease_ptr make(core_ptr core, acquire_options const& options);
    /// The same claim, unused.
    lease_ptr fresh() const;

    core_ptr const& core() const noexcept { return core_; }
    std::string_view owner() const noexcept;
    std::source_location const& where() const noexcept { return where_; }
    std::uint64_t id() const noexcept { return id_; }

    // The word.

    reason why_ended() const noexcept
    {
        return static_cast<reason>(word_.load(std::memory_order_acquire) & reason_mask);
    }

    enum class end_result { ended_before, work_left, drained };
    /// Ends it, unless it has ended.
    end_result end(reason why) noexcept;

    /// Counts a piece of work in, unless it has ended and nothing is outstanding.
    bool begin_work() noexcept;
    /// The same, but only while it has not ended.
    bool begin_new_work(std::size_t pieces = 1) noexcept;
    void add_work() noexcept { word_.fetch_add(one_work, std::memory_order_relaxed); }
    void end_work(std::size_t pieces = 1) noexcept;

    // The pool. Set once, by the grant.

    pool_record* pool() const noexcept { return static_cast<pool_record*>(on()); }
    void granted(std::uint64_t id) noexcept;

    // The operations that wait for it. Under the manager's lock.

    union {
        lease_completion* acquiring = nullptr;               // before the grant
        plain_completion* awaiting_drain;                    // after it
        boost::system::error_category const* fail_category;  // if there was none
        std::error_category const* std_fail_category;
    };
    /// The number of the start or stop that it waits for, see `manager_core::acquire`; 0: none.
    std::uint32_t deferred_behind = 0;
    bool canceled_while_deferred = false;
    /// `awaiting_drain` is an operation that waits.
    bool drain_is_awaited = false;
    lease_follower* follower = nullptr;
    /// Room for the reports of its grant and its return; null if nothing is reported.
    lease_report* reports() noexcept;

    /// Instead of a grant. The operation that gets to know is the only one to use the claim then.
    void fail(error_code why) noexcept;
    error_code failure() const noexcept;

    // Before the grant: what the acquire asked for. `expiry` says until when it waits, and `id` is
    // that of the pool on whose thread it was begun, or 0.

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

inline lease_state& lease_of(ledger::claim& who) noexcept
{
    return static_cast<lease_state&>(who);
}

}  // namespace leasepool::detail

#endif
