// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/progress_queue.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <utility>

// The values of a job's progress between the job and its callback.

namespace leasepool::detail {

namespace {

namespace json = boost::json;

/// Returns about how much memory a value takes.
std::size_t memory_of(json::value const& of) noexcept
{
    auto sum = sizeof of;
    if (auto const* const text = of.if_string())
        sum += text->size();
    else if (auto const* const array = of.if_array())
        for (auto const& element : *array)
            sum += memory_of(element);
    else if (auto const* const object = of.if_object())
        for (auto const& member : *object)
            sum += sizeof member - sizeof of + member.key().size() + memory_of(member.value());
    return sum;
}

}  // namespace

progress_queue::progress_queue(job_options::progress_callback&& callback)
    : callback_(std::move(callback))
{
}

bool progress_queue::push(json::value&& value)
{
    auto const bytes = memory_of(value) + sizeof(waiting);
    waiting_list added;
    try {
        added.push_back({std::move(value), bytes});
    }
    catch (...) {
        std::lock_guard const held(mutex_);
        ++dropped_;
        throw;
    }
    waiting_list old;  // is destroyed without the lock

    std::lock_guard const held(mutex_);
    waiting_.splice(waiting_.end(), added);
    bytes_ += bytes;
    while (bytes_ > max_bytes && waiting_.size() > 1)
        drop_oldest(old);
    if (posted_ >= waiting_.size())
        return false;
    ++posted_;
    return true;
}

void progress_queue::drop_oldest(waiting_list& to) noexcept
{
    bytes_ -= waiting_.front().bytes;
    to.splice(to.end(), waiting_, waiting_.begin());
    ++dropped_;
}

void progress_queue::not_called() noexcept
{
    waiting_list old;  // is destroyed without the lock
    std::lock_guard const held(mutex_);
    --posted_;
    while (waiting_.size() > posted_)
        drop_oldest(old);
}

void progress_queue::deliver_one()
{
    waiting_list taken;
    {
        std::lock_guard const held(mutex_);
        --posted_;
        if (waiting_.empty())
            return;
        bytes_ -= waiting_.front().bytes;
        taken.splice(taken.end(), waiting_, waiting_.begin());
    }
    callback_(taken.front().value);
}

std::size_t progress_queue::take_dropped() noexcept
{
    std::lock_guard const held(mutex_);
    return std::exchange(dropped_, 0);
}

}  // namespace leasepool::detail
