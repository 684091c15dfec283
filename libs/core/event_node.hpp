// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_EVENT_NODE_HPP
#define LEASEPOOL_CORE_EVENT_NODE_HPP

#include "strand.hpp"

#include <atomic>
#include <cstdint>

namespace leasepool::detail {

/// An object to which things happen on any thread and which handles them on the strand.
///
/// The events are bits; those that come while it is queued already are handled together. It keeps a
/// reference to itself while it is queued. `Derived` has `on_events(bits)`, `on_discard(bits)`, an
/// intrusive reference count, and `strand& home()`.
template <class Derived>
class event_node : public strand_node {
public:
    void signal(std::uint32_t bits, strand::inline_run how = strand::inline_run::never) noexcept
    {
        if (events_.fetch_or(bits, std::memory_order_acq_rel) != 0)
            return;
        intrusive_ptr_add_ref(self());
        self()->home().submit(*this, how);
    }

protected:
    ~event_node() = default;

private:
    Derived* self() noexcept { return static_cast<Derived*>(this); }

    void run_on_strand() noexcept final
    {
        self()->on_events(events_.exchange(0, std::memory_order_acq_rel));
        intrusive_ptr_release(self());
    }

    void discard() noexcept final
    {
        self()->on_discard(events_.exchange(0, std::memory_order_acq_rel));
        intrusive_ptr_release(self());
    }

    std::atomic<std::uint32_t> events_{0};
};

}  // namespace leasepool::detail

#endif
