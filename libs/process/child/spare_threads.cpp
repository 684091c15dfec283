// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/spare_threads.hpp"

#include "core/support/os.hpp"
#include "core/support/process_wide.hpp"

#include <exception>
#include <thread>
#include <utility>

// Threads for calls that take long. `spawn` and `process_pool` post to them.

namespace leasepool::detail {

spare_threads& spare_threads::instance()
{
    return process_wide<spare_threads>();
}

void spare_threads::post(std::function<void()> f)
{
    std::lock_guard const lock(mutex_);
    calls_.push_back(std::move(f));
    if (calls_.size() > idle_) {
        try {
            all_signals_blocked const inherited;
            start_thread([this] { run(); }).detach();
        }
        catch (...) {
            calls_.pop_back();
            throw;
        }
    }
    posted_.notify_one();
}

void spare_threads::run() noexcept
{
    set_current_thread_name("leasepool-spare");
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        posted_.wait(lock, [this] { return !calls_.empty(); });
        --idle_;
        auto call = std::move(calls_.front());
        calls_.pop_front();
        lock.unlock();
        call();
        call = nullptr;  // destroyed without the lock
        lock.lock();
    }
}

}  // namespace leasepool::detail
