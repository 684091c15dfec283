// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_WATCHED_PROCESS_HPP
#define LEASEPOOL_PROCESS_WATCHED_PROCESS_HPP

#include "process/child/exit_status.hpp"
#include "process/child/launcher.hpp"
#include "process/child/process_reaper.hpp"

#include "core/async/task_memory.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/types.h>

namespace leasepool::detail {

/// A child, shared by its owner and the process reaper, which waits for its end.
///
/// When the process has exited, its group is killed, while the number of the leader cannot be in use
/// again; then the owner is notified. It reads what the pipes still contain, and reaps.
///
/// The process is a `boost::process::v2::basic_process`, which is neither waited for with
/// `async_wait` nor destroyed while the child lives: `async_wait` reaps at once, so the group could
/// not be killed any more, and may block in `waitpid`; the destructor does block.
///
/// Thread-safe. Does nothing in a process that was forked from the one that started the child.
class watched_process : public std::enable_shared_from_this<watched_process> {
public:
    /// @param exited called when the process has exited, once, on the thread of the reaper. Must not
    ///     block or throw. Not called after `leave`, except when it is called just then.
    watched_process(process_reaper& reaper, std::function<void()> exited);
    ~watched_process();
    watched_process(watched_process const&) = delete;
    watched_process& operator=(watched_process const&) = delete;

    /// Takes over a process that was started, and waits for its end. Called once, before all others.
    void watch(launcher::process&& started, int exit_descriptor) noexcept;

    pid_t pid() const noexcept { return pid_; }
    /// Returns how the process ended, if it has.
    std::optional<exit_status> status() const noexcept;
    /// Sends a signal to the process group. `no_such_process` once the process is reaped, so the
    /// signal does not reach a process that has the number after it.
    boost::system::error_code signal(int number) noexcept;
    /// Reaps the process if it has exited; else does nothing.
    void reap() noexcept;
    /// Ends the ownership: kills the process group. The reaper reaps the process when it has exited.
    void leave() noexcept;

private:
    struct handler;

    bool inherited() const noexcept;
    void wait() noexcept;
    void wait_for(std::chrono::milliseconds pause) noexcept;
    void look() noexcept;
    void reap_leader() noexcept;
    void reap_group() noexcept;

    process_reaper& reaper_;
    unsigned const generation_;
    mutable std::mutex mutex_;
    std::function<void()> exited_;
    task_memory memory_{1};  // for the one operation that waits
    boost::asio::posix::stream_descriptor exit_;
    boost::asio::steady_timer pause_;
    launcher::process process_;
    pid_t pid_ = -1;
    int exit_descriptor_ = -1;
    std::optional<exit_status> status_;
    bool reaped_ = false;
    bool left_ = false;
};

}  // namespace leasepool::detail

#endif
