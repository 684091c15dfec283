// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_THREAD_REAPER_HPP
#define LEASEPOOL_CORE_THREAD_REAPER_HPP

#include <boost/intrusive/slist.hpp>

#include <condition_variable>
#include <mutex>

// The pools of the thread backend hand their threads over to it.

namespace leasepool::detail {

/// The thread that joins the threads of all pools of this process, so that no other thread has to
/// do it.
///
/// It runs no code of the user. It gets threads that have run their last function and the
/// destructors of their `thread_local` objects (see `call_at_thread_exit`), so a destructor that
/// hangs delays only its own pool. Every signal is blocked on it. It is started before the first
/// thread of a pool and lasts as long as the process. It is detached, and does not delay the exit
/// of the process.
class thread_reaper {
public:
    /// An object with threads to join.
    class client : public boost::intrusive::slist_base_hook<> {
    public:
        /// Joins the threads. Called on the reaper thread, which does not use the object after
        /// that.
        virtual void join_threads() noexcept = 0;

    protected:
        ~client() = default;
    };

    /// Starts the thread, unless it runs already.
    /// @throws std::system_error, std::bad_alloc.
    void start();

    /// Makes the reaper join the threads of `which`, after those that were handed over before. Any
    /// thread, after `start`.
    void hand_over(client& which) noexcept;

private:
    [[noreturn]] void run() noexcept;

    std::mutex mutex_;
    std::condition_variable arrived_;
    bool started_ = false;
    boost::intrusive::slist<client, boost::intrusive::cache_last<true>> handed_over_;
};

}  // namespace leasepool::detail

#endif
