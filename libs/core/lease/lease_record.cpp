// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/lease/lease_record.hpp"

#include "core/manager/manager_core.hpp"

#include <algorithm>
#include <new>
#include <system_error>

// The memory of a claim and its lease, and their changes by the manager: the grant, the failure of
// an acquire, the end of the lease.

namespace leasepool::detail {

lease_record* lease_record::make(
    manager_core& core, std::source_location where, std::string_view owner, bool waits)
{
    auto const room = core.reports_leases() ? 2 * sizeof(lease_report) : 0;
    // Asio's recycling allocator is not used, because it rounds sizes up, and there may be very
    // many leases.
    void* const memory = ::operator new(sizeof(lease_record) + room + owner.size());
    auto* const made = ::new (memory) lease_record(&core, where, owner.size(), waits);
    if (room != 0) {
        ::new (static_cast<void*>(made->reports()))
            lease_report(*made, lease_report::kind::granted);
        ::new (static_cast<void*>(made->reports() + 1))
            lease_report(*made, lease_report::kind::returned);
    }
    std::copy(owner.begin(), owner.end(), const_cast<char*>(made->owner_chars()));
    return made;
}

void lease_record::destroy() noexcept
{
    this->~lease_record();
    // The size is not passed: clang supports sized deallocation only if it is asked to.
    ::operator delete(static_cast<void*>(this));
}

lease_record::~lease_record()
{
    if (auto* const granted = pool())
        intrusive_ptr_release(granted);
}

manager_core& lease_record::core() const noexcept
{
    return static_cast<manager_core&>(*manager_);
}

lease_report* lease_record::reports() noexcept
{
    return core().reports_leases() ? reinterpret_cast<lease_report*>(this + 1) : nullptr;
}

char const* lease_record::owner_chars() const noexcept
{
    auto const* const behind = reinterpret_cast<char const*>(this + 1);
    return core().reports_leases() ? behind + 2 * sizeof(lease_report) : behind;
}

void lease_record::granted(std::uint64_t id) noexcept
{
    id_ = id;
    intrusive_ptr_add_ref(pool());
}

void lease_record::fail(error_code why) noexcept
{
    // A code that was made from a std::error_code cannot be rebuilt from its value and category.
    if (error_code(why.value(), why.category()) == why) {
        failed_ = failed::yes;
        fail_category = &why.category();
        id_ = static_cast<std::uint32_t>(why.value());
        return;
    }
    std::error_code const code = why;
    failed_ = failed::with_std_code;
    std_fail_category = &code.category();
    id_ = static_cast<std::uint32_t>(code.value());
}

lease_record::end_result lease_record::end(reason why) noexcept
{
    auto seen = word_.load(std::memory_order_relaxed);
    do
        if (seen & reason_mask)
            return end_result::ended_before;
    while (!word_.compare_exchange_weak(
        seen, seen | static_cast<std::uint64_t>(why), std::memory_order_acq_rel));
    return seen < one_work ? end_result::drained : end_result::work_left;
}

}  // namespace leasepool::detail
