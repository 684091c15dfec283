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

/// A base, so that it goes after the context: what is queued there may lie in it until the end.
struct pool_tasks {
    task_memory tasks;
};

/// The execution context of a pool of threads.
///
/// Executors of leases keep the object alive, and what is queued on it may hold such executors: a
/// cycle. So the manager ends it explicitly; after that it takes functions and never runs them.
class pool_context final : public pool_tasks, public boost::asio::io_context {
public:
    pool_context(std::size_t workers, int concurrency)
        : pool_tasks{task_memory(workers)}, boost::asio::io_context(concurrency)
    {
    }

    /// After its threads are gone. May be called more than once, as by Asio's own thread_pool.
    void end() noexcept { shutdown(); }

    /// Whether this process is a fork of the one that made it: its threads do not exist here.
    bool inherited() const noexcept { return fork_generation() != generation_; }

private:
    unsigned const generation_ = fork_generation();
};

}  // namespace leasepool::detail

#endif
