// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/progress_queue.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <iterator>
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

progress_queue::drops progress_queue::push(json::value&& value, bool& missing)
{
    auto const bytes = memory_of(value) + sizeof(waiting);
    std::list<waiting> added;
    added.push_back({std::move(value), bytes});
    std::list<waiting> old;  // is destroyed without the lock
    drops dropped;

    std::lock_guard const held(mutex_);
    waiting_.splice(waiting_.end(), added);
    bytes_ += bytes;
    while (bytes_ > max_bytes && waiting_.size() > 1) {
        bytes_ -= waiting_.front().bytes;
        old.splice(old.end(), waiting_, waiting_.begin());
        ++dropped.count;
    }
    if (dropped.count != 0)
        dropped.first = !std::exchange(has_dropped_, true);
    missing = posted_ < waiting_.size();
    if (missing)
        ++posted_;
    return dropped;
}

void progress_queue::not_posted() noexcept
{
    std::list<waiting> old;  // is destroyed without the lock
    std::lock_guard const held(mutex_);
    if (--posted_ < waiting_.size()) {
        bytes_ -= waiting_.back().bytes;
        old.splice(old.end(), waiting_, std::prev(waiting_.end()));
    }
}

void progress_queue::deliver_one()
{
    std::list<waiting> taken;
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

}  // namespace leasepool::detail
