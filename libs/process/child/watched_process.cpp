// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/watched_process.hpp"

#include "process/child/os_process.hpp"

#include "core/support/os.hpp"

#include <boost/asio/post.hpp>
#include <boost/assert.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <thread>
#include <utility>

// The end of a child. `child` is its owner; the process reaper calls `look` when it has exited.

namespace leasepool::detail {
namespace {

// How often to look where no descriptor tells, or after it has told wrongly.
constexpr auto look_every = std::chrono::milliseconds(10);

}  // namespace

struct watched_process::handler {
    using allocator_type = task_allocator;
    allocator_type get_allocator() const noexcept { return task_allocator(&process->memory_); }

    void operator()(boost::system::error_code = {}) const noexcept { process->look(); }

    std::shared_ptr<watched_process> process;
};

watched_process::watched_process(process_reaper& reaper, std::function<void()> exited)
    : reaper_(reaper), generation_(fork_generation()), exited_(std::move(exited)),
      exit_(reaper.watching()), pause_(reaper.watching()), process_(reaper.holding().get_executor())
{
}

watched_process::~watched_process() = default;

bool watched_process::inherited() const noexcept
{
    return fork_generation() != generation_;
}

void watched_process::watch(launcher::process&& started, int exit_descriptor) noexcept
{
    BOOST_ASSERT(exit_descriptor >= 0);
    std::lock_guard const lock(mutex_);
    process_ = std::move(started);
    pid_ = process_.id();
    exit_descriptor_ = exit_descriptor;
    try {
        exit_.assign(exit_descriptor);
    }
    catch (std::exception const&) {
        // Without memory for the registration there is no event, so the process is looked at.
        return wait_for(look_every);
    }
    wait();
}

void watched_process::wait() noexcept
{
    try {
        exit_.async_wait(
            boost::asio::posix::descriptor_base::wait_read, handler{shared_from_this()});
    }
    catch (std::exception const&) {
        wait_for(look_every);
    }
}

void watched_process::wait_for(std::chrono::milliseconds pause) noexcept
{
    for (;;)
        try {
            pause_.expires_after(pause);
            return pause_.async_wait(handler{shared_from_this()});
        }
        catch (std::exception const&) {
            // There is no memory for the timer, so this thread of ours waits.
            std::this_thread::sleep_for(look_every);
        }
}

/// On the thread of the reaper.
void watched_process::look() noexcept
{
    std::function<void()> exited;
    {
        std::lock_guard const lock(mutex_);
        if (status_) {
            reap_group();
            return;
        }
        status_ = look_at(pid_);
        // The wake-up had no reason, or a tracer has not let go of the process. Then the descriptor
        // stays readable, so waiting for it would not wait.
        if (!status_)
            return wait_for(look_every);
        if (exit_.is_open())
            exit_.release();
        bool const reserved = status_->how != exit_status::kind::unknown;
        signal_group(exit_descriptor_, pid_, reserved, SIGKILL);
        if (!reserved)
            reaped_ = true;
        if (left_)
            reap_leader();
        exited = std::move(exited_);
        exited_ = nullptr;
    }
    if (exited)
        exited();
}

std::optional<exit_status> watched_process::status() const noexcept
{
    std::lock_guard const lock(mutex_);
    return status_;
}

boost::system::error_code watched_process::signal(int number) noexcept
{
    if (inherited())
        return make_error_code(boost::system::errc::no_such_process);
    std::lock_guard const lock(mutex_);
    if (reaped_)
        return make_error_code(boost::system::errc::no_such_process);
    return signal_group(exit_descriptor_, pid_, true, number);
}

void watched_process::reap() noexcept
{
    if (inherited())
        return;
    std::lock_guard const lock(mutex_);
    if (status_)
        reap_leader();
}

void watched_process::leave() noexcept
{
    if (inherited())
        return;
    std::function<void()> exited;
    std::lock_guard const lock(mutex_);
    left_ = true;
    exited.swap(exited_);
    if (status_)
        reap_leader();
    else
        signal_group(exit_descriptor_, pid_, true, SIGKILL);
}

void watched_process::reap_leader() noexcept
{
    if (!process_.is_open())
        return;
    if (!std::exchange(reaped_, true)) {
        boost::system::error_code ignored;
        process_.running(ignored);  // calls waitpid, which does not wait here
        if (adopts_orphans())
            try {
                boost::asio::post(reaper_.watching(), handler{shared_from_this()});
            }
            catch (std::exception const&) {
                // Without memory the orphans stay zombies.
            }
    }
    process_.detach();
    exit_descriptor_ = -1;
}

/// Those that were killed with the group have become children of this process: reaps them.
void watched_process::reap_group() noexcept
{
    if (reap_exited_of_group(pid_))
        wait_for(look_every);
}

}  // namespace leasepool::detail
