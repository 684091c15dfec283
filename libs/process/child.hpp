// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_PROCESS_CHILD_HPP
#define LEASEPOOL_LIBS_PROCESS_CHILD_HPP

#include "exit_status.hpp"
#include "held_process.hpp"
#include "input_pipe.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <sys/types.h>
#include <utility>

namespace leasepool::detail {

/// The ends of a child's standard streams that stay here; all non-blocking.
struct parent_ends {
    unique_fd input;
    unique_fd output;
    unique_fd errors;
};

/// Owns a running program: its process and the pipes to it. Made by `spawn`.
///
/// When it is destroyed, wherever that happens, also while its execution context is being destroyed,
/// the pipes are closed, the process group is sent SIGKILL, and the process is reaped: at once if it
/// has exited, else by a thread that waits for it. Nothing blocks.
///
/// The order at the end of a process whose `child` still exists is:
///  1. `async_exit` completes; by then what was left of the group has been sent SIGKILL, so that no
///     grandchild can hold the pipes open, but the process is not reaped: its number is its own;
///  2. cancel the reads that are outstanding, wait for their handlers, then take what is still in
///     the pipes with `read_available`. Not until their end, which a process that has left the
///     group could put off for ever;
///  3. `reap`, or destroy it.
///
/// Thread safety: as for any I/O object, distinct ones may be used at the same time, one may not.
/// The executor is to be a strand, or one thread's, and handlers are to run on it too, because
/// `async_exit` and writing, like all composed operations, go on where their handler runs. It must
/// not outlive its execution context.
class child {
    struct state;

public:
    using executor_type = boost::asio::any_io_executor;

    /// None: only to be assigned to and destroyed.
    child() = default;
    /// @throws boost::system::system_error with nothing left running.
    child(executor_type const& ex, launch_plan const& plan, child_ends const& theirs,
        parent_ends ours);
    ~child() { drop(); }
    child(child&& other) noexcept = default;
    child& operator=(child&& other) noexcept;

    bool valid() const noexcept { return state_ != nullptr; }
    executor_type get_executor() { return state_->errors.get_executor(); }

    /// Of the program, or of its launcher; also the number of its process group.
    pid_t pid() const noexcept { return state_->process.pid(); }

    input_pipe& standard_input() noexcept { return state_->input; }
    boost::asio::posix::stream_descriptor& standard_output() noexcept { return state_->output; }
    boost::asio::posix::stream_descriptor& standard_error() noexcept { return state_->errors; }

    /// Waits until the process has exited, and has its group killed then. It is not reaped. One such
    /// operation at a time; once it has exited, every further one completes soon, with the same.
    ///
    /// @par Completion Signature
    /// `void(error_code, exit_status)`, never inside this call
    /// @par Errors
    /// `operation_aborted` if it was canceled or the child dropped.
    /// @par Per-Operation Cancellation
    /// terminal, partial, total; ends the wait only.
    template <class Token = boost::asio::deferred_t>
    auto async_exit(Token&& token = {})
    {
        return boost::asio::async_compose<Token, void(boost::system::error_code, exit_status)>(
            exit_op{state_}, token, state_->errors);
    }

    /// Returns how the process ended, if it has. The first call after its end kills its group. For
    /// callers that watch `exit_descriptor`, which becomes readable at the end, and may become
    /// readable without a reason.
    std::optional<exit_status> look() noexcept { return state_->process.look(); }
    boost::asio::posix::stream_descriptor& exit_descriptor() noexcept
    {
        return state_->process.exit_descriptor();
    }

    /// Sends a signal to the whole process group. Without effect once it is reaped
    /// (`no_such_process`): it never hits a process that has got the number since.
    boost::system::error_code kill(int signal) noexcept { return state_->process.signal(signal); }

    /// Asks the group to end: SIGTERM.
    boost::system::error_code request_stop() noexcept;

    /// Removes the process if it has exited; else without effect. What is in the pipes can still be
    /// read.
    void reap() noexcept { state_->process.reap(); }

    /// As its destructor does. `valid()` is false then.
    void drop() noexcept;

private:
    struct state {
        state(executor_type const& ex, launch_plan const& plan, child_ends const& theirs,
            parent_ends ours);

        input_pipe input;
        boost::asio::posix::stream_descriptor output;
        boost::asio::posix::stream_descriptor errors;
        boost::asio::steady_timer pause;
        held_process process;  // last: when it has been started nothing can fail any more
        bool dropped = false;
    };

    struct exit_op {
        std::shared_ptr<state> child;
        enum { initial, posted, waiting, pausing } stage = initial;

        template <class Self>
        void operator()(Self& self, boost::system::error_code ec = {})
        {
            if (child->dropped)
                ec = boost::asio::error::operation_aborted;
            auto const status = ec ? std::nullopt : child->process.look();
            if (stage == initial && !ec && !status)
                self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            auto& of = *child;
            switch (stage) {
            case initial:
                if (ec || status) {
                    stage = posted;
                    return boost::asio::post(of.errors.get_executor(), std::move(self));
                }
                break;
            case waiting:
                if (ec || status)
                    break;
                // A wake-up without reason, or a tracer that has not let go of it: the descriptor
                // stays readable, and waiting for it would turn in circles.
                stage = pausing;
                of.pause.expires_after(std::chrono::milliseconds(10));
                return of.pause.async_wait(std::move(self));
            case posted:
            case pausing:
                break;
            }
            if (ec || status) {
                // Whatever the handler does with the child, this does not keep it alive meanwhile.
                child.reset();
                return self.complete(ec, status.value_or(exit_status{}));
            }
            stage = waiting;
            of.process.exit_descriptor().async_wait(
                boost::asio::posix::descriptor_base::wait_read, std::move(self));
        }
    };

    std::shared_ptr<state> state_;
};

}  // namespace leasepool::detail

#endif
