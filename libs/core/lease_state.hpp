// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_LEASE_STATE_HPP
#define LEASEPOOL_CORE_LEASE_STATE_HPP

#include "event_node.hpp"
#include "ledger.hpp"
#include "pool_record.hpp"

#include <leasepool/detail/core.hpp>

#include <atomic>
#include <cstdint>
#include <source_location>
#include <string_view>
#include <system_error>
#include <utility>

namespace leasepool::detail {

/// An acquire while it waits, then the lease, then the work that is left of it: one object.
///
/// Whether it has ended, and how much work is outstanding on it, is one atomic word, so that the
/// last piece of work and the end agree on who reports that it is drained.
class lease_state final : public ledger::claim, public event_node<lease_state> {
    // First, in the bases' padding: there may be very many of these. No bit-fields: the strand may
    // write the one while another thread reads the other.
    std::uint8_t const owner_size_;
    bool invalid_ = false;
    bool wait_ = true;
    bool drain_is_awaited_ = false;
    enum class failed : std::uint8_t { no, yes, with_std_code } failed_ = failed::no;

public:
    enum event : std::uint32_t {
        acquire_begun = 1,
        acquire_cancelled = 2,
        let_go = 4,
        drained = 8,
        renewed = 16,
        drain_awaited = 32,
        drain_wait_cancelled = 64,
    };

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

    /// Ends it, unless it has ended. True: by this call.
    bool end(reason why, std::uint32_t report) noexcept;

    /// Counts a piece of work in, unless it has ended and nothing is outstanding.
    bool begin_work() noexcept;
    /// The same, but only while it has not ended.
    bool begin_new_work(std::size_t pieces = 1) noexcept;
    void add_work() noexcept { word_.fetch_add(one_work, std::memory_order_relaxed); }
    void end_work(std::size_t pieces = 1) noexcept;

    // The pool. Set once, by the grant.

    pool_record* pool() const noexcept { return static_cast<pool_record*>(on()); }
    void granted(std::uint64_t id) noexcept;

    // The operations that wait for it. strand, after they are handed over.

    union {
        acquire_completion* acquiring = nullptr;             // before the grant
        plain_completion* awaiting_drain;                    // after it
        boost::system::error_category const* fail_category;  // if there was none
        std::error_category const* std_fail_category;
    };
    /// From then on until it is settled `awaiting_drain` is the strand's.
    void drain_wait_handed_over() noexcept { drain_is_awaited_ = true; }
    bool end_drain_wait() noexcept { return std::exchange(drain_is_awaited_, false); }

    /// Instead of a grant. The operation that gets to know is the only one to use the claim then.
    void fail(error_code why) noexcept;
    error_code failure() const noexcept;

    // Before the grant: what the acquire asked for. `expiry` says until when it waits, and `id` is
    // that of the pool on whose thread it was begun, or 0.

    bool waits() const noexcept { return wait_; }
    bool invalid() const noexcept { return invalid_; }
    void begin(patience const& p) noexcept;

    strand& home() noexcept;
    void last_reference_dropped() noexcept;
    void on_events(std::uint32_t bits) noexcept;
    void on_discard(std::uint32_t bits) noexcept;

private:
    static constexpr std::uint64_t reason_mask = 7;
    static constexpr std::uint64_t one_work = 8;

    lease_state(core_ptr core, std::source_location where, std::size_t owner_size) noexcept;
    ~lease_state();
    static lease_state* allocate(core_ptr core, std::source_location where, std::string_view owner);
    char* owner_chars() noexcept { return reinterpret_cast<char*>(this + 1); }

    std::atomic<std::uint64_t> word_{0};
    core_ptr const core_;
    std::uint64_t id_ = 0;
    std::source_location const where_;
};

/// The claim whose acquire was begun in a call that this thread is in; null: none.
lease_state const* acquire_of_this_call() noexcept;

}  // namespace leasepool::detail

#endif
