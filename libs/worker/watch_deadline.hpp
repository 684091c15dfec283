// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_WATCH_DEADLINE_HPP
#define LEASEPOOL_LIBS_WORKER_WATCH_DEADLINE_HPP

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>

namespace leasepool::worker {

/// The time at which a watcher stops to wait. The watches own it; it may be set on any thread.
class watch_deadline {
    using clock = std::chrono::steady_clock;

public:
    void set(clock::time_point at) noexcept { at_ = at.time_since_epoch().count(); }
    void reset() noexcept { at_ = none; }

    bool has_passed() const noexcept
    {
        return at_ != none && clock::now().time_since_epoch().count() >= at_;
    }

    /// Returns the timeout for poll and epoll_wait in milliseconds, rounded up; -1: none.
    int timeout() const noexcept
    {
        auto const at = at_.load();
        if (at == none)
            return -1;
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(
            clock::time_point(clock::duration(at)) - clock::now());
        constexpr std::chrono::milliseconds longest(std::numeric_limits<int>::max());
        return static_cast<int>(std::clamp(left, std::chrono::milliseconds(0), longest).count());
    }

    /// Returns the time after this duration; if it cannot be represented, none.
    static clock::time_point after(clock::duration duration) noexcept
    {
        auto const now = clock::now();
        return duration < clock::time_point::max() - now ? now + duration
                                                         : clock::time_point::max();
    }

private:
    static constexpr clock::rep none = std::numeric_limits<clock::rep>::max();

    std::atomic<clock::rep> at_ = none;
};

}  // namespace leasepool::worker

#endif
