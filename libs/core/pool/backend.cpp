// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/backend.hpp>

#include "core/manager/manager_core.hpp"
#include "core/pool/pool_record.hpp"

#include <new>
#include <string>
#include <utility>

// The functions of `pool_site`, which a backend calls to notify its manager, and of `pool_task`,
// which a backend runs. They forward to the pool record and the manager.

namespace leasepool {

using detail::pool_record;

void detail::intrusive_ptr_add_ref(pool_record* p) noexcept
{
    p->add_ref();
}

void detail::intrusive_ptr_release(pool_record* p) noexcept
{
    p->drop_ref();
}

void detail::report_unhandled(pool_site const& site, std::exception_ptr error) noexcept
{
    site.pool_->core().report_unhandled(0, std::move(error));
}

void detail::count_dropped_progress(pool_site const& site, std::size_t count) noexcept
{
    site.pool_->core().count_dropped_progress(count);
}

pool_site::pool_site(boost::intrusive_ptr<pool_record> pool) noexcept : pool_(std::move(pool)) {}
pool_site::pool_site(pool_site const&) noexcept = default;
pool_site::pool_site(pool_site&&) noexcept = default;
pool_site& pool_site::operator=(pool_site const&) noexcept = default;
pool_site& pool_site::operator=(pool_site&&) noexcept = default;
pool_site::~pool_site() = default;

std::uint64_t pool_site::id() const noexcept
{
    return pool_->id();
}

void pool_site::ready() const noexcept
{
    pool_->signal(pool_record::ready);
}

void pool_site::failed(std::exception_ptr why) const noexcept
{
    pool_->give_reason(std::move(why));
    pool_->signal(pool_record::failed);
}

void pool_site::broken(std::exception_ptr why) const noexcept
{
    pool_->give_reason(std::move(why));
    pool_->signal(pool_record::broken);
}

void pool_site::has_workers(bool any) const noexcept
{
    pool_->core().pool_workers(*pool_, any);
}

boost::asio::any_io_executor pool_site::get_executor() const
{
    return pool_->core().executor();
}

void pool_site::log(
    severity level, std::string_view message, std::vector<log_field> fields) const noexcept
{
    try {
        fields.insert(fields.begin(), {"pool", std::to_string(id())});
    }
    catch (std::bad_alloc const&) {
        // The record is logged without this field.
    }
    pool_->core().log(level, message, std::move(fields));
}

void pool_site::closed() const noexcept
{
    pool_->signal(pool_record::closed);
}

pool_task::pool_task(boost::intrusive_ptr<pool_record> pool) noexcept : pool_(std::move(pool)) {}
pool_task::pool_task(pool_task&& other) noexcept = default;

pool_task& pool_task::operator=(pool_task&& other) noexcept
{
    pool_task(std::move(other)).pool_.swap(pool_);
    return *this;
}

pool_task::~pool_task()
{
    if (pool_)
        pool_->task_lost();
}

void pool_task::operator()() noexcept
{
    if (auto const pool = std::exchange(pool_, nullptr))
        pool->run_task();
}

}  // namespace leasepool
