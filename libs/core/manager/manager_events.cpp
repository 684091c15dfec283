// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/manager_core.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

// The handlers of events, on the strand: pools become ready, fail, break and close; the wanted
// number of pools changes; the timer fires.

namespace leasepool::detail {
namespace {

namespace asio = boost::asio;

/// Returns the error code for waiting acquires and starts, made from the exception with which a
/// pool failed.
error_code code_of(std::exception_ptr const& why) noexcept
{
    try {
        if (why)
            std::rethrow_exception(why);
    }
    catch (boost::system::system_error const& e) {
        return e.code();
    }
    catch (std::system_error const& e) {
        return e.code();
    }
    catch (...) {
        return errc::worker_start_failed;
    }
    return errc::worker_start_failed;
}

}  // namespace

void manager_core::on_events(std::uint32_t bits) noexcept
{
    if (bits & timer_fired) {
        timer_waits_ = false;
        std::lock_guard lock(mutex_);
        armed_for_ = ledger::never;
    }
    if (bits & scale_changed)
        read_size();
    if (bits & records_waiting)
        deliver_record();
}

void manager_core::on_pool_events(pool_record& pool, std::uint32_t bits) noexcept
{
    using phase = ledger::pool::phase;
    auto const now = steady_time::clock::now();
    std::unique_lock lock(mutex_);
    if (pool.state() == phase::starting) {
        if (bits & pool_record::failed) {
            lock.unlock();
            return pool_not_made(pool, true);
        }
        if (bits & pool_record::ready) {
            if (pool.has_broken()) {
                lock.unlock();
                return pool_not_made(pool, false);
            }
            pool.was_ready = true;
            ++totals_.pools_created;
            ledger_.pool_ready(pool, now);
            lock.unlock();
            reporter_.pool_created(pool.id());
            lock.lock();
            if (shut_)
                return;
        }
        else if (bits & pool_record::broken)
            return ledger_.pool_broken(pool, now);  // reported when it is ready, or has failed
    }
    if ((bits & pool_record::broken) && !pool.has_broken() && pool.state() != phase::fresh) {
        ++totals_.pools_failed;
        if (!pool.proven())
            make_error_ = code_of(pool.reason());
        ledger_.pool_broken(pool, now);
        lock.unlock();
        reporter_.pool_failed(pool.id(), pool.reason(), "a pool broke");
        lock.lock();
        if (shut_)
            return;
    }
    if ((bits & pool_record::closed) && pool.state() == phase::closing) {
        ledger_.pool_closed(pool);
        bool const was_ready = pool.was_ready;
        if (was_ready)
            ++totals_.pools_closed;
        lock.unlock();
        auto const id = pool.id();
        drop_pool(pool);
        if (was_ready)
            reporter_.pool_closed(id);
    }
}

void manager_core::pool_not_made(pool_record& pool, bool failed) noexcept
{
    auto const why = pool.reason();
    auto const id = pool.id();
    auto const now = steady_time::clock::now();
    {
        std::lock_guard lock(mutex_);
        make_error_ = code_of(why);
        ++totals_.pools_failed;
        if (failed)
            ledger_.pool_failed(pool, now);
        else
            ledger_.pool_ready(pool, now);  // it closes the broken pool
    }
    if (failed)
        drop_pool(pool);
    reporter_.pool_failed(id, why, "a pool could not be made");
}

void manager_core::read_size() noexcept
{
    using phase = ledger::phase;
    auto const accepts = [this] {
        std::lock_guard lock(mutex_);
        return !shut_ && (ledger_.state() == phase::starting || ledger_.state() == phase::running);
    };
    if (!accepts())
        return;
    long long units = 0;
    if (options_.size_provider)
        try {
            units = std::max(0LL, options_.size_provider());
        }
        catch (...) {
            if (accepts())
                reporter_.size_provider_failed(std::current_exception());
        }
    auto const per_pool = static_cast<unsigned long long>(options_.units_per_pool);
    auto const n = static_cast<unsigned long long>(units);
    auto const wanted = n / per_pool + (n % per_pool != 0);
    std::lock_guard lock(mutex_);
    if (!shut_)
        ledger_.resize(static_cast<std::size_t>(
            std::clamp<unsigned long long>(wanted, options_.min_pools, options_.max_pools)));
}

namespace {

/// The handler of the timer, in memory of the manager.
struct timer_handler {
    using allocator_type = task_allocator;
    allocator_type get_allocator() const noexcept { return task_allocator(memory); }
    // Also called when the wait was canceled: the timer is then armed again, for an earlier time.
    void operator()(error_code) const noexcept { core->signal(manager_core::timer_fired); }

    core_ptr core;
    task_memory* memory;
};

}  // namespace

void manager_core::arm_timer(steady_time at) noexcept
{
    // One wait at a time, because its memory is one block.
    if (timer_waits_) {
        timer_->cancel();
        return;
    }
    try {
        timer_->expires_at(at);
        timer_->async_wait(timer_handler{core_ptr(this), &timer_memory_});
        timer_waits_ = true;
    }
    catch (std::bad_alloc const&) {
        // There may be no other event, so try again until there is memory.
        strand_.pause();
        signal(timer_fired);
    }
}

}  // namespace leasepool::detail
