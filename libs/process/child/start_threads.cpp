// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/start_threads.hpp"

#include "core/support/os.hpp"
#include "core/support/process_wide.hpp"

#include <exception>
#include <thread>
#include <utility>

// The threads that start programs. `spawn` posts to them.

namespace leasepool::detail {

start_threads& start_threads::instance()
{
    return process_wide<start_threads>();
}

void start_threads::post(std::function<void()> start)
{
    std::lock_guard const lock(mutex_);
    starts_.push_back(std::move(start));
    if (starts_.size() > idle_) {
        try {
            all_signals_blocked const inherited;
            std::thread([this] { run(); }).detach();
            ++threads_;
        }
        catch (std::exception const&) {
            // Another thread will run it when its own start is over.
            if (threads_ == 0) {
                starts_.pop_back();
                throw;
            }
        }
    }
    posted_.notify_one();
}

void start_threads::run() noexcept
{
    set_current_thread_name("leasepool-start");
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        posted_.wait(lock, [this] { return !starts_.empty(); });
        --idle_;
        auto start = std::move(starts_.front());
        starts_.pop_front();
        lock.unlock();
        start();
        start = nullptr;  // destroyed without the lock
        lock.lock();
    }
}

}  // namespace leasepool::detail
