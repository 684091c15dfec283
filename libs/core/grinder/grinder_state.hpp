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

/// Makes every decision of a work grinder: when a batch begins and which items it takes, which
/// items wait for room, what happens to items whose lease ended before they began, what a stop
/// does.
///
/// It reads no clock, starts no thread, does no I/O, calls no function of others and allocates
/// nothing. The shell (`grinder_core`) reports events, each with the time. After each event, unless
/// its comment says otherwise, the shell calls `poll` until there is nothing left to do, and
/// performs every action that it gets.
///
/// An event is O(1), or O(1) for each item that it moves. A poll is O(1), or O(n) in the batches
/// that wait for a lease. Items and batches are nodes that the shell owns. The shell must not move
/// or destroy a node before the state has released it.
class grinder_state {
    using item_hook = boost::intrusive::list_base_hook<
        boost::intrusive::link_mode<boost::intrusive::normal_link>>;

public:
    using item = grinder_item;
    using place = item_marks::place;
    using item_list = boost::intrusive::list<item, boost::intrusive::base_hook<item_hook>,
        boost::intrusive::constant_time_size<false>>;

    /// The items that go to one lease.
    class batch : public run_sink,
                  public boost::intrusive::list_base_hook<
                      boost::intrusive::link_mode<boost::intrusive::safe_link>,
                      boost::intrusive::tag<grinder_state>> {
    public:
        enum class phase : std::uint8_t {
            fresh,      ///< not known to the state
            acquiring,  ///< waits for a lease
            working,    ///< its items are with its lease
            canceled,   ///< items that had not begun were taken back; the rest is with its lease
            lost,       ///< its lease ended; items that began still run
        };

        phase state() const noexcept { return phase_; }
        /// Returns the number of items that are assigned to it or with its lease, including those
        /// that are done.
        std::size_t size() const noexcept { return size_; }
        /// Returns the time since which it waits for its lease or has it.
        steady_time since() const noexcept { return since_; }
        /// Returns the items that are assigned to it.
        item_list const& items() const noexcept { return items_; }

    protected:
        batch() = default;
        ~batch() = default;

    private:
        friend class grinder_state;
        item_list items_;
        item* first_ = nullptr;  // the first item handed over; a lease begins with it
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
            begin,     ///< acquire a lease for a new batch: report `begun` or `not_begun`
            fail,      ///< `which` gets `errc::not_running`; the state has released it
            withdraw,  ///< cancel the acquire of `of`: report `acquire_failed`
            cancel,    ///< take back the items of `of` that have not begun: report `returned`; ask
                       ///< the rest to stop
            stopped,   ///< the stop is done
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
        std::uint64_t canceled = 0;  // before they were handed over; the shell counts the others
        std::uint64_t returned = 0;
        std::uint64_t batches = 0;  // batches that handed items to a lease
        std::uint64_t handed = 0;   // items; each counts every time that it is handed over
        std::uint64_t failed_batches = 0;
        std::uint64_t failed = 0;  // items that failed before they were handed over
        histogram queue_time;
    };

    static constexpr steady_time never = steady_time::max();

    /// An item that has come back from this many leases on which no item began is not tried again.
    /// It completes with the reason.
    static constexpr std::uint8_t patience_with_leases = 3;

    explicit grinder_state(options const& opts) noexcept;
    ~grinder_state();
    grinder_state(grinder_state const&) = delete;
    grinder_state& operator=(grinder_state const&) = delete;

    // Events -----------------------------------------------------------------------------------

    /// Starts. Returns false while a stop is in progress. No effect if it runs already.
    bool start() noexcept;

    /// Begins a stop, or makes its deadline earlier. No more items are taken. Until `deadline`
    /// batches begin at once with the items that there are. After that no item begins. No effect if
    /// it is stopped.
    void stop(steady_time deadline) noexcept;

    /// Submits an item. On success it is in the queue, or waits for room if `wait`. Otherwise
    /// returns `not_running` or `queue_full`, and the state does not know the item. The shell needs
    /// to call `poll` only if `next_deadline` is earlier than before.
    errc submit(item& what, steady_time now, bool wait) noexcept;

    /// Takes back an item that is not handed over. Returns false if it is not here.
    bool cancel(item& what) noexcept;

    /// Answers `begin`: `b` waits for a lease. It gets the items for which it acquires the lease.
    void begun(batch& b, steady_time now) noexcept;
    /// Answers `begin`: the acquire could not be begun. `out` gets the items that the batch would
    /// have had.
    void not_begun(item_list& out) noexcept;
    /// The acquire of `b` has failed. `out` gets the items of `b`. The state releases `b`.
    void acquire_failed(batch& b, item_list& out) noexcept;
    /// `b` has its lease. `out` gets its items and further items of the queue, up to the maximum
    /// size of a batch. `out` may get no item. `done` follows.
    void granted(batch& b, steady_time now, item_list& out) noexcept;

    /// `what` came back from the lease of `b` before it began. Returns true if it is in the queue
    /// again. Returns false if it must not be tried again; the state does not know it then.
    /// Precondition: its batch was not reported done.
    bool returned(item& what, batch& b) noexcept;
    /// `what` came back from the lease of `b` before it began, and must not be tried again.
    void left(item& what, batch& b) noexcept;
    /// The lease of `b` ended. Items that began may still run, for any length of time.
    void lost(batch& b) noexcept;
    /// No item of `b` is left with its lease. The state releases `b`.
    void done(batch& b) noexcept;

    // Decisions --------------------------------------------------------------------------------

    action poll(steady_time now) noexcept;

    /// Returns the time at which to poll again if no event comes before. A time that has passed
    /// means that there is something to do. `never` means that only an event can bring work.
    steady_time next_deadline() const noexcept;

    // State ------------------------------------------------------------------------------------

    phase state() const noexcept { return phase_; }
    /// Returns the number of items in the queue: those that were submitted and are not with a
    /// lease.
    std::size_t pending() const noexcept { return pending_size_; }
    /// Returns the number of items that wait for room.
    std::size_t waiting() const noexcept { return waiting_size_; }
    /// Returns the number of batches that wait for a lease.
    std::size_t acquiring() const noexcept { return acquiring_.size(); }
    /// Returns the number of batches whose items are with a lease.
    std::size_t working() const noexcept { return working_.size() + canceled_.size(); }
    /// Returns the number of batches whose lease ended while an item ran.
    std::size_t lost() const noexcept { return lost_.size(); }
    /// Returns when the oldest item that is not with a lease was submitted; `never`: there is none.
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

    /// Stops without actions. Releases all items, which `out` gets, and all batches that wait for a
    /// lease. Batches that have a lease are still reported done.
    void forget_all(item_list& out) noexcept;

private:
    using batch_list = boost::intrusive::list<batch,
        boost::intrusive::base_hook<boost::intrusive::list_base_hook<
            boost::intrusive::link_mode<boost::intrusive::safe_link>,
            boost::intrusive::tag<grinder_state>>>>;
    using kind = action::kind;

    /// Returns the number of items in the queue for which no batch has been begun.
    std::size_t unassigned() const noexcept { return unassigned_size_; }
    bool may_begin() const noexcept
    {
        return unassigned() != 0 &&
            acquiring_.size() + working_.size() + canceled_.size() <
            options_.max_concurrent_batches;
    }
    /// Returns whether a batch must begin although no item has waited for `max_wait`. Precondition:
    /// there are unassigned items.
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

    item_list waiting_;   // items that wait for room; FIFO
    item_list pending_;   // unassigned; FIFO
    item_list returned_;  // unassigned; FIFO; taken before the pending items
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
