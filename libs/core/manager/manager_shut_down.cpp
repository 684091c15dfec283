// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/manager_core.hpp"
#include "core/manager/manager_outcome.hpp"

#include <thread>
#include <utility>

// The end of a manager, on whichever thread it ends. `manager::~manager` and the shutdown of the
// context call it.
//
// Two rules determine the order. Functions refer to objects of their callers, often in the frame of
// a coroutine, so no handler is destroyed before every function has returned. And a handler may own
// the manager itself, so its destruction may call `shut_down` again.

namespace leasepool::detail {
namespace {

/// Marks that this thread is shutting the manager down. The objects that it calls and destroys may
/// own that manager.
using shutting_down = thread_scope<manager_core, struct shutting_down_tag>;

bool is_own_thread(manager_core const& core) noexcept
{
    auto const* const here = pool_of_this_thread();
    return here && &here->core() == &core;
}

}  // namespace

void manager_core::shut_down(bool context_gone) noexcept
{
    if (shutting_down::count_here(*this) != 0)
        return;
    if (!strand_.close()) {
        // The manager and the context may end at the same time. The second of them waits for the
        // first, unless the first waits for this thread.
        if (is_own_thread(*this) || strand_.entered_by_this_thread() ||
            delivering_scope::count_here(*this) != 0)
            return;
        std::unique_lock lock(joining_mutex_);
        joined_.wait(lock, [&] { return ended_; });
        return;
    }
    shutting_down const scope(*this);
    core_ptr const keep(this);
    context_gone_.store(context_gone);
    reporter_.end();
    end_changes();
    work_.reset();
    timer_.reset();
    end_leases(context_gone);
    if (!context_gone)
        end_operations();

    if (is_own_thread(*this))
        try {
            std::thread([keep] { keep->finish_shut_down(); }).detach();
            return;
        }
        catch (...) {
            // No thread can be started to join the workers. The workers are left running, and
            // everything that they use stays alive.
            intrusive_ptr_add_ref(this);
            return;
        }
    finish_shut_down();
}

/// Ends changes by other threads. After this only this thread uses the ledger, and other threads
/// deliver nothing.
void manager_core::end_changes() noexcept
{
    std::unique_lock lock(mutex_);
    shut_ = true;
    shutting_.store(true);
    int const own = delivering_scope::count_here(*this);
    delivered_.wait(lock, [&] { return delivering_.load() == own || strand_.inherited(); });
    telling_.splice(telling_.end(), reports_);
    while (!telling_.empty()) {
        auto& lease = telling_.front().lease;
        telling_.pop_front();
        lock.unlock();
        intrusive_ptr_release(&lease);
        lock.lock();
    }
}

void manager_core::finish_shut_down() noexcept
{
    {
        shutting_down const scope(*this);
        join_pools();
        if (context_gone())
            end_operations();
        forget_pools();
    }
    std::lock_guard lock(joining_mutex_);
    ended_ = true;
    joined_.notify_all();
}

void manager_core::context_ended() noexcept
{
    context_gone_.store(true);
    drop_executors();
}

void manager_core::end_leases(bool context_gone) noexcept
{
    for (auto& pool : pools_) {
        if (auto* const holder = pool.holder())
            record_of(*holder).end(lease_record::reason::stopped);
        pool.functions().cancel_all({.error = errc::not_running, .keep = context_gone});
    }
}

void manager_core::end_operations() noexcept
{
    tell_listeners();
    // First the operations that the ledger knows, then those that have not reached it.
    outcome done;
    {
        std::lock_guard lock(mutex_);
        for (auto& pool : pools_)
            if (auto* const holder = pool.holder())
                settle_drain(record_of(*holder), errc::not_running, done);
        ledger_.forget_all([&](ledger::claim& waiting) {
            refuse(record_of(waiting), errc::not_running, done);
            intrusive_ptr_release(&record_of(waiting));  // its operation still refers to it
        });
        while (auto* const op = static_cast<lease_completion*>(deferred_.pop_front()))
            refuse(record_of(*op->lease), errc::not_running, done);
        commands_begun_ = commands_;
        delivering_.fetch_add(1);
    }
    delivering_scope const here(*this);
    deliver(done);
    answer_all(starts_, errc::not_running);
    answer_all(stops_, {});
    strand_.discard_pending();
}

bool manager_core::attach(shutdown_listener& listener)
{
    std::lock_guard lock(listeners_mutex_);
    if (takes_listeners_)
        listeners_.push_back(listener);
    return takes_listeners_;
}

void manager_core::detach(shutdown_listener& listener) noexcept
{
    std::lock_guard lock(listeners_mutex_);
    if (listener.is_linked())
        listeners_.erase(listeners_.iterator_to(listener));
}

void manager_core::tell_listeners() noexcept
{
    for (;;) {
        shutdown_listener* listener = nullptr;
        {
            std::lock_guard lock(listeners_mutex_);
            takes_listeners_ = false;
            if (listeners_.empty())
                return;
            listener = &listeners_.front();
            listeners_.pop_front();
            if (!listener->try_share())
                continue;  // another thread is about to detach it
        }
        listener->manager_ended(context_gone());
        listener->unshare();
    }
}

void manager_core::join_pools() noexcept
{
    for (auto& pool : pools_)
        pool.take_pool().reset();
}

void manager_core::forget_pools() noexcept
{
    for (auto& pool : pools_)
        pool.functions().destroy_kept();
    for (auto& pool : pools_)
        pool.end_context();
    while (!pools_.empty()) {
        auto& pool = pools_.front();
        pools_.pop_front();
        if (auto* const holder = static_cast<lease_record*>(pool.holder()))
            intrusive_ptr_release(holder);
        intrusive_ptr_release(&pool);
    }
}

}  // namespace leasepool::detail
