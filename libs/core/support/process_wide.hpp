// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_PROCESS_WIDE_HPP
#define LEASEPOOL_CORE_PROCESS_WIDE_HPP

#include "core/support/os.hpp"

#include <atomic>
#include <memory>

namespace leasepool::detail {

/// Returns the one T of this process, and makes it at the first call.
///
/// It is never destroyed, because managers in static storage, and threads that run at the end of
/// the program, use it. A forked child gets a T of its own, because the threads that serve the
/// parent's T, and would unlock its mutex, do not exist in the child.
///
/// @throws std::bad_alloc, std::system_error, and the exceptions of the constructor of T.
template <class T>
T& process_wide()
{
    struct instance {
        T object;
        unsigned generation = 0;
    };
    static std::atomic<instance*> current{nullptr};
    auto const generation = fork_generation();
    auto* seen = current.load(std::memory_order_acquire);
    while (!seen || seen->generation != generation) {
        auto made = std::make_unique<instance>();
        made->generation = generation;
        if (current.compare_exchange_strong(seen, made.get(), std::memory_order_acq_rel))
            return made.release()->object;
    }
    return seen->object;
}

}  // namespace leasepool::detail

#endif
