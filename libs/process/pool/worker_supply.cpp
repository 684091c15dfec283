// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/worker_supply.hpp"

#include "core/support/steady_time.hpp"

#include <algorithm>

namespace leasepool::detail {

void worker_supply::start_failed(time now) noexcept
{
    --starting_;
    // Those that were started together fail together: that is one failure.
    if (failures_ != 0 && now < not_before_)
        return;
    ++failures_;
    auto const most = options_.max_backoff;
    if (failures_ == 1)
        pause_ = std::min(options_.backoff, most);
    else
        pause_ = pause_ > most / 2 ? most : pause_ * 2;
    not_before_ = saturating_add(now, pause_);
}

void worker_supply::ready() noexcept
{
    --starting_;
    ++serving_;
}

void worker_supply::proven() noexcept
{
    failures_ = 0;
    not_before_ = time::min();
}

void worker_supply::left(bool was_due, bool proved, time now) noexcept
{
    --serving_;
    due_ -= was_due ? 1U : 0U;
    if (!proved && !was_due) {
        ++starting_;
        start_failed(now);
    }
}

}  // namespace leasepool::detail
