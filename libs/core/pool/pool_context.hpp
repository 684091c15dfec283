// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_POOL_CONTEXT_HPP
#define LEASEPOOL_CORE_POOL_CONTEXT_HPP

#include "core/async/task_memory.hpp"
#include "core/support/os.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>

namespace leasepool::detail {

/// A base class, so that it is destroyed after the context: functions queued in the context may lie
/// in this memory until the context ends.
struct pool_tasks {
    task_memory tasks;
};

/// The execution context of a pool of threads.
///
/// Executors of leases keep this object alive, and functions queued in it may hold such executors.
/// That is a cycle, so the manager ends the context explicitly. After that the context still takes
/// functions and never runs them.
class pool_context final : public pool_tasks, public boost::asio::io_context {
public:
    pool_context(std::size_t workers, int concurrency)
        : pool_tasks{task_memory(workers)}, boost::asio::io_context(concurrency)
    {
    }

    /// Ends the context. Called after its threads are gone. May be called more than once: Asio's
    /// own thread_pool also shuts its context down more than once.
    void end() noexcept { shutdown(); }

    /// Returns whether this process is a fork of the process that made the context. The threads of
    /// the context do not exist in such a process.
    bool inherited() const noexcept { return fork_generation() != generation_; }

private:
    unsigned const generation_ = fork_generation();
};

}  // namespace leasepool::detail

#endif
