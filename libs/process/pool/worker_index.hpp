// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_WORKER_INDEX_HPP
#define LEASEPOOL_PROCESS_WORKER_INDEX_HPP

#include "process/pool/worker_link.hpp"

#include <boost/intrusive/set.hpp>

#include <cstddef>

namespace leasepool::detail {

/// The workers of a pool, ordered by their next deadline, and, those that have room for a job, by
/// their number of jobs. So an event of one worker costs O(log workers). Does not allocate.
class worker_index {
public:
    using time = link_state::time;

    worker_index() = default;
    ~worker_index();
    worker_index(worker_index const&) = delete;
    worker_index& operator=(worker_index const&) = delete;

    /// Takes note of a new state of the worker.
    void update(worker_link& worker, time now) noexcept;
    /// Removes the worker, which must be done before it is destroyed.
    void remove(worker_link& worker) noexcept;

    /// Returns the worker that has room, and of these the fewest jobs; null: there is none. Of several
    /// it is the one that was updated last: its memory is most likely in the caches.
    worker_link* least_loaded() noexcept;
    /// Returns the worker with the earliest deadline; null: no worker has one.
    worker_link* first_due() noexcept;

private:
    struct by_deadline {
        using type = time;
        type operator()(worker_link const& worker) const noexcept { return worker.deadline; }
    };
    struct by_load {
        using type = std::size_t;
        type operator()(worker_link const& worker) const noexcept { return worker.load; }
    };
    template <class Key, boost::intrusive::set_member_hook<> worker_link::*Hook>
    using ordered = boost::intrusive::multiset<worker_link,
        boost::intrusive::member_hook<worker_link, boost::intrusive::set_member_hook<>, Hook>,
        boost::intrusive::key_of_value<Key>, boost::intrusive::constant_time_size<false>>;

    ordered<by_deadline, &worker_link::deadline_hook> deadlines_;
    ordered<by_load, &worker_link::load_hook> with_room_;
};

}  // namespace leasepool::detail

#endif
