// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_GRINDER_ITEM_HPP
#define LEASEPOOL_DETAIL_GRINDER_ITEM_HPP

#include <leasepool/detail/run_operation.hpp>

#include <cstdint>
#include <utility>

namespace leasepool::detail {

/// One operation of a work grinder: it waits there, and is then handed to a lease as any other
/// function is. `run_operation::queued_at` is the time of its submission until it is handed over.
class grinder_item : public run_operation {
public:
    enum class place : std::uint8_t {
        outside,   ///< not known to the grinder's state
        waiting,   ///< for room in the queue
        pending,   ///< in the queue
        returned,  ///< in the queue again, un-begun: its lease ended
        assigned,  ///< to a batch that waits for its lease
        handed,    ///< to a lease
    };

    // Guarded by the grinder's lock.
    place where = place::outside;
    /// How often it came back from a lease on which nothing began.
    std::uint8_t fruitless = 0;

    /// Something may cancel it, so that it keeps its lease, whose pool has to be asked.
    bool cancellable = false;
    /// Whose it is: a number that the grinder gave to a name; 0: nobody's.
    std::uint32_t owner = 0;

protected:
    grinder_item(function f, caller c, executor_ref&& ex, lease_ptr&& none) noexcept
        : run_operation(f, c, std::move(ex), std::move(none))
    {
    }
    ~grinder_item() = default;
};

}  // namespace leasepool::detail

#endif
