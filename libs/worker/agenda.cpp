// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "agenda.hpp"

#include <boost/assert.hpp>

#include <utility>

namespace leasepool::worker {

bool agenda::add(wire::request&& wanted)
{
    if (barred_)
        return false;
    waiting_.push_back(std::move(wanted));
    return true;
}

agenda::canceled agenda::cancel(std::uint64_t id)
{
    barred_ = true;
    canceled out{running_ == id, {}};
    out.not_begun.reserve(waiting_.size());
    for (auto const& each : waiting_)
        out.not_begun.push_back(each.id);
    waiting_.clear();
    return out;
}

std::optional<wire::request> agenda::begin()
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
