// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_CHILD_HPP
#define LEASEPOOL_PROCESS_CHILD_HPP

#include "process/child/exit_status.hpp"
#include "process/child/spawn.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <optional>
#include <sys/types.h>

namespace leasepool::detail {

/// Owns a program that was started: its process, and the pipes to it as I/O objects.
///
/// When it is destroyed, also while its execution context is destroyed, the pipes are closed and the
/// process group is killed. The process reaper reaps the process. Nothing blocks.
///
/// When the process has exited, and `exited` was called (see `watched_process`): cancel the reads
/// that are outstanding, read what the pipes still contain, but not until their end, because a
/// process that has left the group may keep them open for ever; then call `reap`.
///
/// The pipes are pipes and no sockets because programs treat sockets differently: /dev/stdin cannot
/// be opened, and `bash -c` takes a socket for a remote login and reads ~/.bashrc. Asio raises
/// SIGPIPE when it writes to a pipe without a reader; use `write_without_sigpipe`.
///
/// Not thread-safe. Must not outlive the execution context.
class child {
public:
    using stream = boost::asio::posix::stream_descriptor;

    /// None: may only be assigned to, tested and destroyed.
    child() = default;
    /// @param from has a process.
    /// @throws boost::system::system_error. The process is killed then.
    child(boost::asio::any_io_executor const& ex, started_program&& from);
    child(child&&) = default;
    child& operator=(child&& other) noexcept;
    ~child() { drop(); }

    bool valid() const noexcept { return process_ != nullptr; }

    /// Returns the number of the program, or of its launcher; also that of its process group.
    pid_t pid() const noexcept { return process_->pid(); }

    stream& standard_input() noexcept { return streams_->input; }
    stream& standard_output() noexcept { return streams_->output; }
    stream& standard_error() noexcept { return streams_->errors; }

    /// See `watched_process`.
    std::optional<exit_status> status() const noexcept { return process_->status(); }
    boost::system::error_code signal(int number) noexcept { return process_->signal(number); }
    void reap() noexcept { process_->reap(); }

    /// Does what the destructor does. `valid()` is false after it.
    void drop() noexcept;

private:
    struct streams {
        stream input;
        stream output;
        stream errors;
    };

    std::shared_ptr<watched_process> process_;
    std::unique_ptr<streams> streams_;
};

}  // namespace leasepool::detail

#endif
