// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "request_queue.hpp"

#include <boost/assert.hpp>

#include <utility>

// The order of the requests of a worker, and the pause after a cancel. `session` calls it; it calls
// no other part.

namespace leasepool::worker {

bool request_queue::add(wire::request&& from)
{
    if (paused_)
        return false;
    waiting_.push_back(std::move(from));
    return true;
}

request_queue::canceled request_queue::cancel(std::uint64_t id)
{
    paused_ = true;
    canceled out{running_ == id, {}};
    out.not_begun.reserve(waiting_.size());
    for (auto const& each : waiting_)
        out.not_begun.push_back(each.id);
    waiting_.clear();
    return out;
}

std::optional<wire::request> request_queue::begin_next()
{
    BOOST_ASSERT(!running_);
    if (waiting_.empty())
        return std::nullopt;
    std::optional<wire::request> next(std::move(waiting_.front()));
    waiting_.pop_front();
    running_ = next->id;
    return next;
}

}  // namespace leasepool::worker
