// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_CARETAKER_HPP
#define LEASEPOOL_LIBS_PROCESS_CARETAKER_HPP

#include "descriptors.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <sys/types.h>
#include <vector>

namespace leasepool::detail {

/// A child whose owner is gone. It was sent SIGKILL and will end soon, or, if it has privileges that
/// this program lacks, when it likes.
struct left_process {
    pid_t pid = -1;
    unique_fd exit;  // from watch_exit; empty: look now and then
    std::unique_ptr<left_process> next;
};

/// The thread that reaps what others have left, so that no destructor waits for a process and no
/// zombie stays. As it lives as long as the program, it also starts the children that are to have a
/// parent-death signal, which would else come when the thread that started them ends.
///
/// There is one in a program, from the first child on; it is never destroyed, because children may
/// be left while static objects are. It handles no signals. It does not survive a fork without exec:
/// do not start children on both sides of one.
class caretaker {
public:
    /// @throws std::system_error if the thread cannot be started.
    static caretaker& instance();

    /// Any thread.
    void adopt(std::unique_ptr<left_process> left) noexcept;

    /// Runs `work` on the thread and waits for it; on the thread itself, at once.
    /// @throws what `work` throws.
    void run(std::function<void()> const& work);

    /// Runs `work`, which must not throw, on the thread, soon.
    /// @throws std::bad_alloc
    void post(std::function<void()> work);

private:
    caretaker();

    [[noreturn]] void live() noexcept;
    void take_orders();
    void look_after() noexcept;
    void wait();
    void wake() noexcept;

    pipe_ends alarm_;
    std::mutex mutex_;
    std::vector<std::function<void()>> orders_;  // under mutex_
    std::unique_ptr<left_process> arrived_;      // under mutex_
    std::unique_ptr<left_process> kept_;         // the thread's own
};

}  // namespace leasepool::detail

#endif
