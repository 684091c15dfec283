// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_HELD_PROCESS_HPP
#define LEASEPOOL_LIBS_PROCESS_HELD_PROCESS_HPP

#include "exit_status.hpp"
#include "launcher.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>
#include <sys/types.h>

namespace leasepool::detail {

/// A child as a process: a `boost::process::v2::basic_process` under rules of our own.
///
/// Boost's `async_wait` reaps as soon as the process has exited, which frees its number before the
/// group was killed, and may block in `waitpid`; its destructor does block. So its exit is watched
/// here, the group is killed while the leader is a zombie, so that no other process can have its
/// number, it is reaped once, without waiting, and a process that still runs is never destroyed but left to the
/// caretaker.
///
/// Not thread-safe.
class held_process {
public:
    /// @throws boost::system::system_error with nothing left, as `launch` does.
    held_process(
        boost::asio::any_io_executor const& ex, launch_plan const& plan, child_ends const& ends);
    ~held_process();
    held_process(held_process const&) = delete;
    held_process& operator=(held_process const&) = delete;

    pid_t pid() const noexcept;

    /// Readable when the process has exited; wakes up without reason, too.
    boost::asio::posix::stream_descriptor& exit_descriptor() noexcept;

    /// How it ended, if it has. The first time that it has, what is left of its group is killed.
    std::optional<exit_status> look() noexcept;

    /// To the whole group. `no_such_process` once it is reaped.
    boost::system::error_code signal(int number) noexcept;

    /// If it has exited, removes it. Without effect else, and the second time.
    void reap() noexcept;

    /// Kills the group and reaps the leader, or leaves it to the caretaker if it is not dead yet.
    /// Cancels waits on the exit descriptor.
    void drop() noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace leasepool::detail

#endif
