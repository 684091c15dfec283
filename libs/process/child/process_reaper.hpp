// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_PROCESS_REAPER_HPP
#define LEASEPOOL_PROCESS_PROCESS_REAPER_HPP

#include <boost/asio/io_context.hpp>

#include <mutex>

namespace leasepool::detail {

/// The thread that waits for the ends of all children, and reaps those whose owner is gone. So no
/// destructor waits for a process, and no zombie stays. It starts no program and runs no code of the
/// user.
///
/// There is one in a process (`process_wide`), with the first child. It is never destroyed, because
/// children may be left while static objects are destroyed.
class process_reaper {
public:
    /// @throws std::system_error if the thread cannot be started.
    static process_reaper& instance();

    /// The thread runs this one.
    boost::asio::io_context& watching() noexcept { return watching_; }
    /// This one is never run. It is for the objects of Boost.Process, which need an executor, and
    /// register the same descriptor that the thread waits for.
    boost::asio::io_context& holding() noexcept { return holding_; }

private:
    void start();
    void run() noexcept;

    std::mutex mutex_;
    bool started_ = false;  // under mutex_
    boost::asio::io_context watching_{1};
    boost::asio::io_context holding_{1};
};

}  // namespace leasepool::detail

#endif
