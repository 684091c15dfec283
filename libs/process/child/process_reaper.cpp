// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/process_reaper.hpp"

#include "core/support/os.hpp"
#include "core/support/process_wide.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <thread>

// The thread of the process reaper. `spawn` starts it; it calls `watched_process`.

namespace leasepool::detail {

process_reaper& process_reaper::instance()
{
    auto& only = process_wide<process_reaper>();
    only.start();
    return only;
}

void process_reaper::start()
{
    std::lock_guard const lock(mutex_);
    if (started_)
        return;
    all_signals_blocked const inherited;
    start_thread([this] { run(); }).detach();
    started_ = true;
}

void process_reaper::run() noexcept
{
    set_current_thread_name("leasepool-child");
    auto const work = boost::asio::make_work_guard(watching_);
    watching_.run();
}

}  // namespace leasepool::detail
