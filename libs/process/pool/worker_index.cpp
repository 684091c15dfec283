// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/worker_index.hpp"

// The order of the workers of a pool. `process_pool` updates it after each event of a worker.

namespace leasepool::detail {

worker_index::~worker_index()
{
    deadlines_.clear();
    with_room_.clear();
}

void worker_index::update(worker_link& worker, time now) noexcept
{
    // While its output is handled, its clocks wait: they must not overtake an answer.
    auto const deadline = worker.is_read() ? link_state::never : worker.state.next_deadline();
    if (deadline != worker.deadline || !worker.deadline_hook.is_linked()) {
        if (worker.deadline_hook.is_linked())
            deadlines_.erase(deadlines_.iterator_to(worker));
        worker.deadline = deadline;
        if (deadline != link_state::never)
            deadlines_.insert(worker);
    }
    if (worker.load_hook.is_linked())
        with_room_.erase(with_room_.iterator_to(worker));
    worker.load = worker.state.in_flight();
    if (worker.state.room(now))
        with_room_.insert(with_room_.lower_bound(worker.load), worker);
}

void worker_index::remove(worker_link& worker) noexcept
{
    if (worker.deadline_hook.is_linked())
        deadlines_.erase(deadlines_.iterator_to(worker));
    if (worker.load_hook.is_linked())
        with_room_.erase(with_room_.iterator_to(worker));
}

worker_link* worker_index::least_loaded() noexcept
{
    return with_room_.empty() ? nullptr : &*with_room_.begin();
}

worker_link* worker_index::first_due() noexcept
{
    return deadlines_.empty() ? nullptr : &*deadlines_.begin();
}

}  // namespace leasepool::detail
