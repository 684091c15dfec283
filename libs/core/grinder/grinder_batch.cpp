// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/grinder/grinder_batch.hpp"

#include "core/grinder/grinder_core.hpp"

#include <utility>

// A batch on the way to its lease and back. `grinder_core` begins it, on the manager's strand; the
// queue of the pool returns its items, on any thread.

namespace leasepool::detail {

grinder_batch::grinder_batch(grinder_ptr core, std::uint64_t number) noexcept
    : core_(std::move(core)), acquire_(*this), number_(number)
{
}

grinder_core& grinder_batch::core() const noexcept
{
    return static_cast<grinder_core&>(*core_);
}

strand& grinder_batch::home() noexcept
{
    return core().home();
}

// The lease ---------------------------------------------------------------------------------------

void grinder_batch::acquire(lease_ptr claim) noexcept
{
    add_ref();
    acquire_.lease = std::move(claim);
    lease().acquire(acquire_);
}

void grinder_batch::withdraw() noexcept
{
    lease().cancel_acquire();
}

void grinder_batch::acquire_operation::go(completion* self, step)
{
    // This operation has no handler to post. The manager settles it, or destroys it if its context
    // is gone.
    static_cast<acquire_operation*>(self)->of.signal(is_settled);
}

void grinder_batch::settled() noexcept
{
    if (auto const why = lease().failure()) {
        core().acquire_failed(*this, why);
        drop_ref();
        return;
    }
    core().granted(*this);
    if (handed_ == 0)
        drop_ref();  // no item was left for it
}

void grinder_batch::hand_over(grinder_state::item_list& items, std::size_t n) noexcept
{
    auto& pool = *lease().pool();
    core().manager().follow(lease(), this);
    run_queue::list ops;
    while (!items.empty()) {
        auto& item = items.front();
        items.pop_front();
        ops.push_back(item);
    }
    handed_ = n;
    remaining_.store(n);
    counted_ = lease().begin_new_work(n);
    if (counted_)
        return pool.push_all(ops);
    auto const why = lease().ended();
    while (!ops.empty()) {
        auto& op = ops.front();
        ops.pop_front();
        op.error = why;
        finished(op);
    }
}

void grinder_batch::cancel() noexcept
{
    // Once the lease is drained, its pool may belong to another lease.
    if (!core().manager().holds_pool(lease()))
        return;
    auto& functions = lease().pool()->functions();
    run_queue::list back;
    functions.take_back(*this, back);
    while (!back.empty()) {
        auto& op = back.front();
        back.pop_front();
        finished(op);
    }
    functions.ask_to_stop(errc::not_running);
}

// Its items ---------------------------------------------------------------------------------------

void grinder_batch::finished(run_operation& op) noexcept
{
    auto& item = static_cast<grinder_item&>(op);
    if (item.begun) {
        // Counted before the handler can run and ask for the stats.
        ran_.fetch_add(1, std::memory_order_relaxed);
        if (item.exception || item.error)
            threw_.fetch_add(1, std::memory_order_relaxed);
        core().complete(item);
    }
    else if (!core().take_back(item, *this))
        core().complete(item);
    count_out();
}

void grinder_batch::dropped(run_operation& op) noexcept
{
    auto& item = static_cast<grinder_item&>(op);
    core().forget(item, *this);
    core().drop(item);
    count_out();
}

void grinder_batch::count_out() noexcept
{
    if (remaining_.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    // The work of all items ends on the lease at once. This saves one atomic operation for each
    // item.
    if (counted_)
        lease().end_work(handed_);
    signal(done);
}

void grinder_batch::on_events(std::uint32_t bits) noexcept
{
    if (bits & is_settled)
        settled();
    if ((bits & lost) && !(bits & done))
        core().batch_lost(*this);
    if (bits & done) {
        core().manager().follow(lease(), nullptr);
        core().batch_done(*this);
        core().poll();
        drop_ref();
    }
}

void grinder_batch::on_discard(std::uint32_t bits) noexcept
{
    if (bits & is_settled) {
        core().give_up(*this);
        lease().release();
        drop_ref();
    }
    if (bits & done) {
        core().batch_done(*this);
        drop_ref();
    }
}

}  // namespace leasepool::detail
