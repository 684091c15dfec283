// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/log_queue.hpp"

#include <new>
#include <utility>

// The bound on the log records of a manager that its log has not taken yet.

namespace leasepool::detail {

std::size_t log_queue::bytes_of(record const& r) noexcept
{
    auto sum = sizeof r + r.message.size();
    for (auto const& field : r.fields)
        sum += sizeof field + field.value.size();
    return sum;
}

void log_queue::add(
    severity level, std::string_view message, std::vector<log_field>&& fields) noexcept
{
    std::list<record> added;
    try {
        added.push_back({level, std::string(message), std::move(fields)});
    }
    catch (std::bad_alloc const&) {
        return count_dropped();
    }
    std::list<record> old;  // is destroyed without the lock

    std::lock_guard const held(mutex_);
    bytes_ += bytes_of(added.front());
    records_.splice(records_.end(), added);
    while (records_.size() > max_records || (bytes_ > max_bytes && records_.size() > 1)) {
        bytes_ -= bytes_of(records_.front());
        old.splice(old.end(), records_, records_.begin());
        ++dropped_;
    }
}

void log_queue::count_dropped() noexcept
{
    std::lock_guard const held(mutex_);
    ++dropped_;
}

bool log_queue::take(std::list<record>& to) noexcept
{
    std::lock_guard const held(mutex_);
    if (records_.empty())
        return false;
    bytes_ -= bytes_of(records_.front());
    to.splice(to.end(), records_, records_.begin());
    to.back().dropped_before = dropped_ - std::exchange(reported_, dropped_);
    return true;
}

void log_queue::clear() noexcept
{
    std::list<record> old;  // is destroyed without the lock
    std::lock_guard const held(mutex_);
    old.swap(records_);
    bytes_ = 0;
}

std::uint64_t log_queue::dropped() const noexcept
{
    std::lock_guard const held(mutex_);
    return dropped_;
}

}  // namespace leasepool::detail
