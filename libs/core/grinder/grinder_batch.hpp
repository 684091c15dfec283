// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_GRINDER_BATCH_HPP
#define LEASEPOOL_CORE_GRINDER_BATCH_HPP

#include "core/async/event_node.hpp"
#include "core/grinder/grinder_state.hpp"
#include "core/lease/lease_record.hpp"
#include "core/pool/pool_record.hpp"

#include <leasepool/detail/grinder_interface.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace leasepool::detail {

class grinder_core;

/// A batch of a work grinder: its acquire, then its lease and the items with it. `grinder_core`
/// makes it; it is the sink of its items.
///
/// It refers to itself from its acquire until no item is left.
class grinder_batch final : public grinder_state::batch,
                            public event_node<grinder_batch>,
                            private lease_follower {
public:
    enum event : std::uint32_t { is_settled = 1, lost = 2, done = 4 };

    grinder_batch(grinder_ptr core, std::uint64_t number) noexcept;

    std::uint64_t number() const noexcept { return number_; }
    lease_record& lease() const noexcept { return record_of(*acquire_.lease); }

    // Any thread.

    std::size_t handed() const noexcept { return handed_; }
    /// Returns how many of the items that were handed over have run to their end.
    std::size_t ran() const noexcept { return ran_.load(); }
    /// Returns how many of these threw.
    std::size_t threw() const noexcept { return threw_.load(); }

    void finished(run_operation& op) noexcept override;
    void dropped(run_operation& op) noexcept override;

    // strand

    void acquire(lease_ptr claim) noexcept;
    void withdraw() noexcept;
    /// Hands `n` items to the lease; at least one.
    void hand_over(grinder_state::item_list& items, std::size_t n) noexcept;
    /// Takes back the items that have not begun, and asks the rest to stop.
    void cancel() noexcept;

    strand& home() noexcept;
    void last_reference_dropped() noexcept { delete this; }
    void on_events(std::uint32_t bits) noexcept;
    void on_discard(std::uint32_t bits) noexcept;

private:
    struct acquire_operation final : lease_completion {
        explicit acquire_operation(grinder_batch& b) noexcept : lease_completion(&go, {}, {}), of(b)
        {
        }
        static void go(completion* self, step what);
        grinder_batch& of;
    };

    grinder_core& core() const noexcept;
    void lease_revoked() noexcept override { signal(lost); }
    void settled() noexcept;
    /// Counts one item as done, in whichever way it ended.
    void count_out() noexcept;

    grinder_ptr const core_;
    acquire_operation acquire_;
    std::uint64_t const number_;
    std::size_t handed_ = 0;
    bool counted_ = false;  // as work of the lease
    std::atomic<std::size_t> remaining_{0};
    std::atomic<std::size_t> ran_{0};
    std::atomic<std::size_t> threw_{0};
};

}  // namespace leasepool::detail

#endif
