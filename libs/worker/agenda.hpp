// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_AGENDA_HPP
#define LEASEPOOL_LIBS_WORKER_AGENDA_HPP

#include "wire/message.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace leasepool::worker {

/// Decides what becomes of requests: they begin in their order, one at a time, and none while the bar
/// of a `cancel` is up.
///
/// Pure: it does nothing, it says what is to be done.
class agenda {
public:
    /// False: the bar is up, and the request is to be answered "not begun".
    [[nodiscard]] bool add(wire::request&& wanted);

    struct canceled {
        bool running;                          ///< it is the job that runs: ask it to stop
        std::vector<std::uint64_t> not_begun;  ///< to be answered so, in the order they came
    };
    /// Raises the bar.
    [[nodiscard]] canceled cancel(std::uint64_t id);

    /// Takes the bar away.
    void resume() noexcept { barred_ = false; }

    /// The next request, which runs from now on; none: nothing waits.
    /// @pre no job runs
    std::optional<wire::request> begin();

    /// The job that runs has ended.
    void end() noexcept { running_.reset(); }

    bool waits() const noexcept { return !waiting_.empty(); }
    bool runs() const noexcept { return running_.has_value(); }

    /// Forgets what waits.
    void clear() noexcept { waiting_.clear(); }

private:
    std::deque<wire::request> waiting_;
    std::optional<std::uint64_t> running_;
    bool barred_ = false;
};

}  // namespace leasepool::worker

#endif
