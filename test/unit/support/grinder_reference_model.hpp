// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_GRINDER_REFERENCE_MODEL_HPP
#define LEASEPOOL_TEST_UNIT_GRINDER_REFERENCE_MODEL_HPP

#include "core/grinder/grinder_state.hpp"
#include "unit/support/ledger_reference_model.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace leasepool::detail::test {

/// The naive model of a grinder's state: it is told every event and every action, says whether the
/// action is allowed, and, once there is nothing further to do, whether anything was left undone.
/// Nodes are numbers, times are ticks, every question is a scan.
class grinder_reference_model {
public:
    using tick = std::int64_t;
    using kind = grinder_state::action::kind;
    using life = grinder_state::phase;
    using is = grinder_state::batch::phase;
    static constexpr tick never = std::numeric_limits<tick>::max();
    static constexpr int nobody = -1;
    static constexpr int item_count = 12;
    static constexpr int batch_count = 10;

    struct batch {
        is phase = is::fresh;
        std::vector<int> items;  // assigned, or with its lease
        int first = nobody;      // as long as it is there
        int ran = 0;
        tick since = 0;
        bool withdrawn = false;
        bool fruitless = false;
    };

    explicit grinder_reference_model(grinder_state::options const& opts) : opts_(opts) {}

    static tick plus(tick at, tick by) { return by > never - at ? never : at + by; }

    batch& at(int n) { return batches[static_cast<std::size_t>(n)]; }
    batch const& at(int n) const { return batches[static_cast<std::size_t>(n)]; }

    // Scans
    std::vector<int> unassigned() const
    {
        auto all = returned;
        all.insert(all.end(), queue.begin(), queue.end());
        return all;
    }
    std::size_t assigned() const
    {
        std::size_t n = 0;
        for (auto const& b : batches)
            if (b.phase == is::acquiring)
                n += b.items.size();
        return n;
    }
    std::size_t pending() const { return unassigned().size() + assigned(); }
    std::size_t batches_that_are(is what) const
    {
        return static_cast<std::size_t>(std::ranges::count(batches, what, &batch::phase));
    }
    std::size_t under_way() const
    {
        return batches_that_are(is::acquiring) + batches_that_are(is::working) +
            batches_that_are(is::canceled);
    }
    bool outside(int which) const
    {
        auto const in = [=](std::vector<int> const& list) {
            return std::ranges::count(list, which) != 0;
        };
        return !in(waiting) && !in(queue) && !in(returned) &&
            std::ranges::none_of(batches, [&](batch const& b) { return in(b.items); });
    }
    bool empty() const
    {
        return pending() == 0 && waiting.empty() && batches_that_are(is::fresh) == batches.size();
    }
    /// When a batch is to go; `never` if none may, or none has to.
    tick begin_at() const
    {
        if (unassigned().empty() || under_way() >= opts_.max_concurrent_batches ||
            (phase != life::running && phase != life::draining))
            return never;
        if (phase == life::draining || !returned.empty() || queue.size() >= opts_.batch_size)
            return std::numeric_limits<tick>::min();
        return plus(since(queue.front()), opts_.max_wait.count());
    }
    tick since(int which) const { return submitted[static_cast<std::size_t>(which)]; }

    // Events
    bool start()
    {
        if (phase == life::stopped) {
            phase = life::running;
            stop_at = never;
        }
        return phase == life::running;
    }
    void stop(tick deadline)
    {
        if (phase == life::stopped)
            return;
        if (phase == life::running)
            phase = life::draining;
        stop_at = std::min(stop_at, deadline);
    }
    errc submit(int which, tick now, bool wait)
    {
        if (phase != life::running)
            return errc::not_running;
        bool const full = !waiting.empty() || pending() >= opts_.max_pending;
        if (full && !wait)
            return errc::queue_full;
        submitted[static_cast<std::size_t>(which)] = now;
        fruitless[static_cast<std::size_t>(which)] = 0;
        (full ? waiting : queue).push_back(which);
        return errc{};
    }
    bool cancel(int which)
    {
        bool found =
            std::erase(waiting, which) + std::erase(queue, which) + std::erase(returned, which) !=
            0;
        for (auto& b : batches)
            if (b.phase == is::acquiring)
                found = std::erase(b.items, which) != 0 || found;
        if (found)
            admit();
        return found;
    }
    void granted(int n, tick now)
    {
        auto& b = at(n);
        b.since = now;
        if (phase == life::canceling) {
            b.phase = is::canceled;
            returned.insert(returned.end(), b.items.begin(), b.items.end());
            b.items.clear();
            return;
        }
        b.phase = is::working;
        while (b.items.size() < opts_.max_batch && !unassigned().empty())
            b.items.push_back(pop());
        b.first = b.items.empty() ? nobody : b.items.front();
        admit();
    }
    std::vector<int> acquire_failed(int n)
    {
        auto const lost = at(n).items;
        at(n) = {};
        admit();
        return lost;
    }
    std::vector<int> not_begun()
    {
        std::vector<int> lost;
        while (lost.size() < opts_.max_batch && !unassigned().empty())
            lost.push_back(pop());
        admit();
        return lost;
    }
    bool returned_from(int which, int n)
    {
        auto& b = at(n);
        std::erase(b.items, which);
        if (b.first == which)
            b.fruitless = true;
        if (phase == life::canceling || phase == life::stopped)
            return false;
        if (b.fruitless &&
            ++fruitless[static_cast<std::size_t>(which)] == grinder_state::patience_with_leases)
            return false;
        returned.push_back(which);
        return true;
    }
    void lost(int n)
    {
        if (at(n).phase == is::working || at(n).phase == is::canceled)
            at(n).phase = is::lost;
    }
    /// The oldest item at its lease has run.
    int ran(int n)
    {
        auto const which = at(n).items.front();
        at(n).items.erase(at(n).items.begin());
        ++at(n).ran;
        return which;
    }

    // Actions
    void begun(int n, tick now)
    {
        require(begin_at() <= now, "a batch went too early, or too many");
        batch b;
        b.phase = is::acquiring;
        while (b.items.size() < opts_.max_batch && !unassigned().empty())
            b.items.push_back(pop());
        at(n) = b;
    }
    void failed(int which)
    {
        require(phase == life::canceling, "an item failed for nothing");
        auto const all = unassigned();
        require(which == (all.empty() ? waiting.front() : all.front()), "items fail out of order");
        std::erase(returned, which);
        std::erase(queue, which);
        std::erase(waiting, which);
    }
    void withdrawn(int n)
    {
        auto& b = at(n);
        require(b.phase == is::acquiring && !b.withdrawn, "withdrew what it must not");
        require(phase == life::canceling || (b.items.empty() && unassigned().empty()),
            "withdrew for nothing");
        b.withdrawn = true;
    }
    void canceled(int n)
    {
        require(phase == life::canceling && at(n).phase == is::working, "canceled for nothing");
        at(n).phase = is::canceled;
    }
    void stopped()
    {
        require(phase == life::draining || phase == life::canceling, "stopped for nothing");
        require(empty(), "stopped with something left");
        phase = life::stopped;
    }
    /// Before a poll.
    void time_is(tick now)
    {
        if (phase == life::draining && stop_at <= now)
            phase = life::canceling;
    }

    /// There was nothing to do.
    void settled(tick now) const
    {
        require(begin_at() == never || begin_at() > now, "a batch did not go");
        require(phase != life::draining || stop_at == never || stop_at > now,
            "the deadline was not seen");
        require(phase == life::stopped || phase == life::running || !empty(), "did not stop");
        for (auto const& b : batches) {
            require(phase != life::canceling || b.phase != is::working, "a batch was not canceled");
            require(b.phase != is::acquiring || b.withdrawn ||
                    (phase != life::canceling && !(b.items.empty() && unassigned().empty())),
                "an acquire was not withdrawn");
        }
        if (phase == life::canceling)
            require(unassigned().empty() && waiting.empty(), "an item was not failed");
        else
            require(waiting.empty() || pending() >= opts_.max_pending, "room was not given");
    }
    tick next() const
    {
        if (phase == life::stopped)
            return never;
        return std::min(begin_at(), phase == life::draining ? stop_at : never);
    }

    std::array<batch, batch_count> batches{};
    std::array<tick, item_count> submitted{};
    std::array<int, item_count> fruitless{};
    std::vector<int> waiting;
    std::vector<int> queue;
    std::vector<int> returned;
    life phase = life::stopped;
    tick stop_at = never;

private:
    int pop()
    {
        auto& from = returned.empty() ? queue : returned;
        auto const which = from.front();
        from.erase(from.begin());
        return which;
    }
    void admit()
    {
        while (!waiting.empty() && pending() < opts_.max_pending && phase != life::canceling) {
            queue.push_back(waiting.front());
            waiting.erase(waiting.begin());
        }
    }

    grinder_state::options const opts_;
};

}  // namespace leasepool::detail::test

#endif
