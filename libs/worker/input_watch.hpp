// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_INPUT_WATCH_HPP
#define LEASEPOOL_LIBS_WORKER_INPUT_WATCH_HPP

#include <chrono>
#include <memory>

namespace leasepool::worker {

/// The watcher: a thread that waits for input while the main thread runs jobs. `session` owns it
/// and is its listener.
///
/// With epoll, arming and disarming wake no thread. So a job costs no switch of threads if no
/// message arrives while it runs. With poll, `arm` wakes the watcher. The watcher has every signal
/// blocked.
class input_watch {
public:
    /// Its functions are called on the watcher's thread.
    class listener {
    public:
        /// Called when the input is readable or has ended, at most once for each `arm`. May also be
        /// called just after `disarm`, or when the bytes have been read meanwhile. With epoll it
        /// may be called once without `arm`, when the other end of the pipe is closed.
        virtual void on_input() noexcept = 0;
        /// Called when the other end of the output is closed. Only after `watch_output`.
        virtual void on_no_reader() noexcept = 0;
        /// Called once when the deadline of `watch_output` has passed.
        virtual void on_deadline() noexcept = 0;

    protected:
        ~listener() = default;
    };

    /// Ends the thread. Waits for a call of the listener that is in progress.
    virtual ~input_watch() = default;

    // Any thread, also inside a call of the listener. If a descriptor that the watch needs is
    // closed, these functions and the destructor do not return: see `exit_without_descriptors`.

    /// Reports once when the input is readable or has ended.
    virtual void arm() noexcept = 0;
    /// Cancels `arm`.
    virtual void disarm() noexcept = 0;

    /// Watches only the other end of the output from now on, and reports when the deadline has
    /// passed. `time_point::max()`: there is no deadline. Called at most once, when no more input is
    /// read, inside `on_input` or while disarmed.
    virtual void watch_output(std::chrono::steady_clock::time_point deadline) noexcept = 0;
};

/// Makes a watch that uses epoll, which can be armed without a wake-up. Only on Linux.
/// @throws std::system_error if a descriptor or a thread cannot be obtained.
std::unique_ptr<input_watch> make_epoll_watch(int in, int out, input_watch::listener& to);

/// Makes a watch that uses poll, which must be woken to be armed. On all systems.
/// @throws std::system_error if a descriptor or a thread cannot be obtained.
std::unique_ptr<input_watch> make_poll_watch(int in, int out, input_watch::listener& to);

/// Makes the best watch for this system.
inline std::unique_ptr<input_watch> make_input_watch(int in, int out, input_watch::listener& to)
{
#if defined(__linux__)
    return make_epoll_watch(in, out, to);
#else
    return make_poll_watch(in, out, to);
#endif
}

}  // namespace leasepool::worker

#endif
