// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_START_THREADS_HPP
#define LEASEPOOL_PROCESS_START_THREADS_HPP

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace leasepool::detail {

/// The threads that start programs. A start blocks its thread until the program is executed, which
/// may take for ever. So each start has a thread of its own: an idle one, or a new one.
///
/// The threads never end, because the parent-death signal of a child is sent when the *thread* that
/// has started it ends. So there are as many as programs have ever been started at the same time.
/// There is one such object in a process (`process_wide`), which is never destroyed.
class start_threads {
public:
    static start_threads& instance();

    /// Runs `start`, which must not throw, on one of the threads.
    /// @throws std::bad_alloc; std::system_error if there is no thread and none can be created.
    ///     Then `start` does not run.
    void post(std::function<void()> start);

private:
    void run() noexcept;

    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<std::function<void()>> starts_;
    std::size_t threads_ = 0;
    std::size_t idle_ = 0;
};

}  // namespace leasepool::detail

#endif
