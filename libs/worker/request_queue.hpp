// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_REQUEST_QUEUE_HPP
#define LEASEPOOL_LIBS_WORKER_REQUEST_QUEUE_HPP

#include "wire/message.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace leasepool::worker {

/// The requests of a worker that have not begun, and the id of the one that runs. `session` owns it
/// and guards it.
///
/// Requests begin one at a time, in the order in which they arrived. After a `cancel` the queue is
/// paused: it accepts no request until `resume`. The class only decides. It runs no job and sends
/// no answer.
class request_queue {
public:
    /// Queues a request. Returns false, and does nothing, if the queue is paused: then the caller
    /// answers the request with "not begun".
    [[nodiscard]] bool add(wire::request&& from);

    struct canceled {
        bool running;                          ///< the job with this id runs: ask it to stop
        std::vector<std::uint64_t> not_begun;  ///< answer these with "not begun", in this order
    };
    /// Pauses the queue and removes all requests from it.
    [[nodiscard]] canceled cancel(std::uint64_t id);

    /// Ends the pause.
    void resume() noexcept { paused_ = false; }

    /// Removes the first request, which counts as running from then on. Returns none if the queue
    /// is empty.
    /// @pre no job runs
    std::optional<wire::request> begin_next();

    /// Records that the job that ran has ended.
    void end_running() noexcept { running_.reset(); }

    bool empty() const noexcept { return waiting_.empty(); }
    bool has_running() const noexcept { return running_.has_value(); }

    /// Removes all requests.
    void clear() noexcept { waiting_.clear(); }

private:
    std::deque<wire::request> waiting_;
    std::optional<std::uint64_t> running_;
    bool paused_ = false;
};

}  // namespace leasepool::worker

#endif
