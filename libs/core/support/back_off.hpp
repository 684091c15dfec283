// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_BACK_OFF_HPP
#define LEASEPOOL_CORE_BACK_OFF_HPP

#include <algorithm>
#include <chrono>
#include <thread>

// The posts that must not fail use it when there is no memory.

namespace leasepool::detail {

/// Sleeps between the attempts to allocate memory. Each pause is twice the one before, up to a
/// limit.
class back_off {
public:
    void sleep()
    {
        std::this_thread::sleep_for(pause_);
        pause_ = std::min(2 * pause_, std::chrono::microseconds{10'000});
    }

private:
    std::chrono::microseconds pause_{1};
};

}  // namespace leasepool::detail

#endif
