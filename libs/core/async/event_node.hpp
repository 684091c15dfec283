// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_EVENT_NODE_HPP
#define LEASEPOOL_CORE_EVENT_NODE_HPP

#include "core/async/strand.hpp"

#include <atomic>
#include <cstdint>

namespace leasepool::detail {

/// A reference-counted object. Any thread signals its events, and it handles them on the strand.
///
/// The events are eight bits. Events that are signaled while the object is queued are handled
/// together. The object keeps a reference to itself while it is queued. `Derived` has
/// `on_events(bits)`, `on_discard(bits)`, `last_reference_dropped()`, and `strand& home()`.
/// `Derived` keeps the owner of that strand alive.
template <class Derived>
class event_node : public strand_node {
public:
    /// Signals events. The caller keeps the object alive during the call.
    void signal(std::uint32_t bits) noexcept
    {
        if (events_.fetch_or(static_cast<std::uint8_t>(bits), std::memory_order_acq_rel) != 0)
            return;
        add_ref();
        self()->home().submit(*this);
    }

    void add_ref() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }

    void drop_ref() noexcept
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            self()->last_reference_dropped();
    }

    /// Adds a reference. Returns false if there is no reference any more.
    bool try_add_ref() noexcept
    {
        auto seen = references_.load(std::memory_order_relaxed);
        while (seen != 0)
            if (references_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire))
                return true;
        return false;
    }

protected:
    ~event_node() = default;

private:
    Derived* self() noexcept { return static_cast<Derived*>(this); }

    void run_on_strand() noexcept final
    {
        self()->on_events(events_.exchange(0, std::memory_order_acq_rel));
        drop_ref();
    }

    void discard() noexcept final
    {
        self()->on_discard(events_.exchange(0, std::memory_order_acq_rel));
        drop_ref();
    }

    std::atomic<std::uint32_t> references_{0};
    std::atomic<std::uint8_t> events_{0};
};

}  // namespace leasepool::detail

#endif
