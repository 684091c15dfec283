// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_GRINDER_STATE_HPP
#define LEASEPOOL_CORE_GRINDER_STATE_HPP

#include "core/ledger/ledger.hpp"

#include <leasepool/detail/grinder_item.hpp>
#include <leasepool/error.hpp>
#include <leasepool/histogram.hpp>
#include <leasepool/options.hpp>

#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>

namespace leasepool::detail {

/// Every decision of a work grinder: when a batch goes and what it takes, who waits for room, what
/// becomes of items whose lease ended before they began, what a stop does.
///
/// It reads no clock, starts no thread, does no I/O, calls nobody and allocates nothing. The shell
/// (`grinder_core`) reports events, each with the time; after those that do not say otherwise it
/// calls `poll` until there is nothing left to do and performs every action it gets.
///
/// Events and polls are O(1), but for those that give out items, which are O(1) an item. Items and
/// batches are nodes owned by the shell; each must stay where it is until the state has let go of
/// it.
class grinder_state {
    using item_hook = boost::intrusive::list_base_hook<
        boost::intrusive::link_mode<boost::intrusive::normal_link>>;

public:
    using item = grinder_item;
    using place = item_marks::place;
    using item_list = boost::intrusive::list<item, boost::intrusive::base_hook<item_hook>,
        boost::intrusive::constant_time_size<false>>;

    /// Items that go to one lease.
    class batch : public run_sink,
                  public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::safe_link>,
                      boost::intrusive::tag<grinder_state>> {
    public:
        enum class phase : std::uint8_t {
            fresh,      ///< not known to the state
            acquiring,  ///< waits for a lease
            working,    ///< its items are with its lease
            canceled,   ///< what had not begun was asked back; the rest is with its lease
            lost,       ///< its lease ended; what began still runs
        };

        phase state() const noexcept { return phase_; }
        /// Items assigned to it, or with its lease, those that are done included.
        std::size_t size() const noexcept { return size_; }
        /// Since when it waits for its lease, or has it.
        steady_time since() const noexcept { return since_; }
        /// Those assigned to it.
        item_list const& items() const noexcept { return items_; }

    protected:
        batch() = default;
        ~batch() = default;

    private:
        friend class grinder_state;
        item_list items_;
        item* first_ = nullptr;  // that it handed over; a lease begins with that one
        std::size_t size_ = 0;
        steady_time since_{};
        phase phase_ = phase::fresh;
        bool fruitless_ = false;  // its first item came back
        bool withdrawn_ = false;
    };

    struct options {
        std::size_t batch_size = 20;
        std::size_t max_batch = std::numeric_limits<std::size_t>::max();
        steady_duration max_wait = std::chrono::seconds{10};
        std::size_t max_pending = 10'000;
        std::size_t max_concurrent_batches = 1;
    };

    struct action {
        enum class kind : std::uint8_t {
            none,
            begin,     ///< a lease is to be acquired for a new batch: report `begun` or `not_begun`
            fail,      ///< `which` gets `errc::not_running`; the state has let go of it
            withdraw,  ///< cancel the acquire of `of`: report `acquire_failed`
            cancel,  ///< take back what has not begun of `of`, ask the rest to stop: report `returned`
            stopped,  ///< the stop is done
        };
        kind what = kind::none;
        item* which = nullptr;
        batch* of = nullptr;

        explicit operator bool() const noexcept { return what != kind::none; }
    };

    enum class phase : std::uint8_t { stopped, running, draining, canceling };

    /// Totals since the construction.
    struct totals {
        std::uint64_t submitted = 0;
        std::uint64_t refused = 0;
        std::uint64_t canceled = 0;  // here; those handed over are counted elsewhere
        std::uint64_t returned = 0;
        std::uint64_t batches = 0;  // that got a lease
        std::uint64_t handed = 0;   // items, as often as each was handed over
        std::uint64_t failed_batches = 0;
        std::uint64_t failed = 0;  // items, here
        histogram queue_time;
    };

    static constexpr steady_time never = steady_time::max();

    /// An item comes back un-begun from so many leases that began nothing, then it gets the reason.
    static constexpr std::uint8_t patience_with_leases = 3;

    explicit grinder_state(options const& opts) noexcept;
    ~grinder_state();
    grinder_state(grinder_state const&) = delete;
    grinder_state& operator=(grinder_state const&) = delete;

    // Events -----------------------------------------------------------------------------------

    /// False while it stops. No effect when it runs already.
    bool start() noexcept;

    /// Begins or tightens a stop: no more items are taken. Until `deadline` those there are go at
    /// once, then nothing begins any more. No effect when stopped.
    void stop(steady_time deadline) noexcept;

    /// Success: it is in the queue, or waits for room if `wait`. Otherwise the state does not know
    /// it: `not_running`, `queue_full`. Poll if `next_deadline` is earlier than it was.
    errc submit(item& what, steady_time now, bool wait) noexcept;

    /// Takes an item back that is not handed over. False: it is not here.
    bool cancel(item& what) noexcept;

    /// Answers `begin`: `b` waits for a lease. It gets the items that it goes for.
    void begun(batch& b, steady_time now) noexcept;
    /// Answers `begin`: the lease could not even be asked for. `out` gets the items it was for.
    void not_begun(item_list& out) noexcept;
    /// `out` gets the items of `b`. Let go of.
    void acquire_failed(batch& b, item_list& out) noexcept;
    /// `b` has its lease. `out` gets its items and what else is in the queue, as many as it may
    /// take; maybe none. `done` follows.
    void granted(batch& b, steady_time now, item_list& out) noexcept;

    /// `what` came back from the lease of `b`, un-begun. True: it is in the queue again. False: it
    /// is not to be tried again, and the state does not know it.
    /// Precondition: its batch was not reported done.
    bool returned(item& what, batch& b) noexcept;
    /// The same for an item that is not to be tried again in any case.
    void left(item& what, batch& b) noexcept;
    /// The lease of `b` ended; what began may run for however long.
    void lost(batch& b) noexcept;
    /// Nothing of `b` is left at its lease. Let go of.
    void done(batch& b) noexcept;

    // Decisions --------------------------------------------------------------------------------

    action poll(steady_time now) noexcept;

    /// When to poll again if nothing happens before; a time that has passed: there is something to
    /// do. `never`: only an event can bring work.
    steady_time next_deadline() const noexcept;

    // State ------------------------------------------------------------------------------------

    phase state() const noexcept { return phase_; }
    /// Items in the queue: submitted, and not with a lease.
    std::size_t pending() const noexcept { return pending_size_; }
    /// Items that wait for room.
    std::size_t waiting() const noexcept { return waiting_size_; }
    /// Batches that wait for a lease.
    std::size_t acquiring() const noexcept { return acquiring_.size(); }
    /// Batches whose items are with a lease.
    std::size_t working() const noexcept { return working_.size() + canceled_.size(); }
    /// Batches whose lease ended while something ran.
    std::size_t lost() const noexcept { return lost_.size(); }
    /// When the oldest item that is not with a lease was submitted; `never`: there is none.
    steady_time oldest() const noexcept;
    totals const& so_far() const noexcept { return totals_; }

    /// Calls f(batch const&) for each batch that has, or had, a lease.
    template <class F>
    void for_each_batch(F&& f) const
    {
        for (auto* batches : {&working_, &canceled_, &lost_})
            for (auto const& b : *batches)
                f(b);
    }

    /// Is stopped, without actions: lets go of all items, which `out` gets, and of batches that wait
    /// for a lease. Those that have one are still reported done.
    void forget_all(item_list& out) noexcept;

private:
    using batch_list = boost::intrusive::list<batch,
        boost::intrusive::base_hook<boost::intrusive::list_base_hook<
            boost::intrusive::link_mode<boost::intrusive::safe_link>,
            boost::intrusive::tag<grinder_state>>>>;
    using kind = action::kind;

    /// Items in the queue that no batch has been begun for.
    std::size_t unassigned() const noexcept { return unassigned_size_; }
    bool may_begin() const noexcept
    {
        return unassigned() != 0 &&
            acquiring_.size() + working_.size() + canceled_.size() <
            options_.max_concurrent_batches;
    }
    /// Items of which none is overdue are to go all the same. If there are any.
    bool is_due() const noexcept;
    bool is_empty() const noexcept;
    void admit() noexcept;
    std::size_t take(std::size_t at_most, item_list& out, place to, batch* by) noexcept;
    action fail_next() noexcept;
    action poll_canceling() noexcept;
    action finish_stop() noexcept;
    batch_list& list_of(batch& b) noexcept;
    void forget(batch& b) noexcept;

    options const options_;
    phase phase_ = phase::stopped;
    steady_time stop_at_ = never;

    item_list waiting_;   // for room; FIFO
    item_list pending_;   // unassigned; FIFO
    item_list returned_;  // unassigned; FIFO; before those that are pending
    std::size_t waiting_size_ = 0;
    std::size_t unassigned_size_ = 0;
    std::size_t pending_size_ = 0;  // unassigned and assigned

    batch_list acquiring_;  // FIFO
    batch_list working_;    // by time of grant
    batch_list canceled_;
    batch_list lost_;

    totals totals_;
};

}  // namespace leasepool::detail

#endif
