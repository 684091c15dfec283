// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_BRIEF_MUTEX_HPP
#define LEASEPOOL_CORE_BRIEF_MUTEX_HPP

#include <mutex>

namespace leasepool::detail {

/// A mutex that is held for some ten nanoseconds at a time: to sleep until it is free, and be woken,
/// takes a hundred times as long. So it is tried again for a while first.
class brief_mutex {
public:
    void lock()
    {
        for (int i = 0; i != most_tries; ++i) {
            if (mutex_.try_lock())
                return;
            pause();
        }
        mutex_.lock();
    }

    bool try_lock() { return mutex_.try_lock(); }
    void unlock() { mutex_.unlock(); }

private:
    // About as long as to fall asleep and be woken.
    static constexpr int most_tries = 100;

    /// Leaves the core, and the bus, to others for a moment.
    static void pause() noexcept
    {
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }

    std::mutex mutex_;
};

}  // namespace leasepool::detail

#endif
