// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_TURN_CLOCK_HPP
#define LEASEPOOL_CORE_TURN_CLOCK_HPP

#include <chrono>

namespace leasepool::detail {

/// While it lives, what this thread does counts as done at one time: the clock is read once, when it
/// is first asked for. Reading it costs more than most of what a submission does.
class turn_clock {
public:
    using time = std::chrono::steady_clock::time_point;

    turn_clock() noexcept;
    ~turn_clock();
    turn_clock(turn_clock const&) = delete;
    turn_clock& operator=(turn_clock const&) = delete;

    static time now() noexcept;

private:
    turn_clock* const outer_;
    time read_{};
};

}  // namespace leasepool::detail

#endif
