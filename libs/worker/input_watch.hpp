// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_INPUT_WATCH_HPP
#define LEASEPOOL_LIBS_WORKER_INPUT_WATCH_HPP

#include <memory>

namespace leasepool::worker {

/// Tells, on a thread of its own, what happens on the pipes while this thread runs a job.
///
/// Arming and disarming wake nobody, so that a job costs no switch of threads as long as nothing
/// comes while it runs. The thread has every signal blocked.
class input_watch {
public:
    class listener {
    public:
        /// There is something to read, or its end was reached. Once for each `arm`. May also come
        /// just after `disarm`, or for what somebody else has read meanwhile.
        virtual void on_input() noexcept = 0;
        /// Nobody reads the output any more. Only after `watch_output`.
        virtual void on_no_reader() noexcept = 0;

    protected:
        ~listener() = default;
    };

    /// Ends the thread, after the call of the listener that is under way.
    virtual ~input_watch() = default;

    /// Any thread, also inside a call of the listener.
    virtual void arm() noexcept = 0;
    virtual void disarm() noexcept = 0;

    /// The input has ended: from now on there is only its reader to be watched. Inside `on_input`, or
    /// while disarmed.
    virtual void watch_output() noexcept = 0;
};

/// By epoll, which can be armed without a wake-up. Linux.
/// @throws std::system_error if there are no descriptors or no thread to be had.
std::unique_ptr<input_watch> make_epoll_watch(int in, int out, input_watch::listener& told);

/// By poll, which has to be woken to be armed. Everywhere.
/// @throws std::system_error
std::unique_ptr<input_watch> make_poll_watch(int in, int out, input_watch::listener& told);

inline std::unique_ptr<input_watch> make_input_watch(int in, int out, input_watch::listener& told)
{
#if defined(__linux__)
    return make_epoll_watch(in, out, told);
#else
    return make_poll_watch(in, out, told);
#endif
}

}  // namespace leasepool::worker

#endif
