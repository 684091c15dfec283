// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_SPARE_THREADS_HPP
#define LEASEPOOL_PROCESS_SPARE_THREADS_HPP

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace leasepool::detail {

/// Threads for calls that take long: the start of a program, which blocks until the program is
/// executed, and the conversion of a large message. Each call has a thread of its own while it runs,
/// an idle one or a new one, so no call delays another.
///
/// The threads never end, because the parent-death signal of a child is sent when the *thread* that
/// has started it ends. So there are as many as there have ever been calls at the same time. There is
/// one such object in a process (`process_wide`), which is never destroyed.
class spare_threads {
public:
    static spare_threads& instance();

    /// Calls `f`, which must not throw, on one of the threads.
    /// @throws std::bad_alloc; std::system_error if no thread is idle and none can be created.
    ///     Then `f` is not called.
    void post(std::function<void()> f);

private:
    void run() noexcept;

    std::mutex mutex_;
    std::condition_variable posted_;
    std::deque<std::function<void()>> calls_;
    std::size_t idle_ = 0;
};

}  // namespace leasepool::detail

#endif
