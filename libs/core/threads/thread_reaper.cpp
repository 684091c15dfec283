// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/threads/thread_reaper.hpp"

#include "core/support/os.hpp"

#include <thread>

// The thread that joins the threads of all pools of the thread backend. thread_backend.cpp calls
// it.

namespace leasepool::detail {

void thread_reaper::start()
{
    std::lock_guard lock(mutex_);
    if (started_)
        return;
    all_signals_blocked const inherited;
    start_thread([this] { run(); }).detach();
    started_ = true;
}

void thread_reaper::hand_over(client& which) noexcept
{
    std::lock_guard lock(mutex_);
    handed_over_.push_back(which);
    arrived_.notify_one();
}

void thread_reaper::run() noexcept
{
    set_current_thread_name("leasepool-reap");
    std::unique_lock lock(mutex_);
    for (;;) {
        arrived_.wait(lock, [this] { return !handed_over_.empty(); });
        auto& which = handed_over_.front();
        handed_over_.pop_front();
        lock.unlock();
        which.join_threads();
        lock.lock();
    }
}

}  // namespace leasepool::detail
