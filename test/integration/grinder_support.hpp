// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_GRINDER_SUPPORT_HPP
#define LEASEPOOL_TEST_GRINDER_SUPPORT_HPP

#include "events.hpp"
#include "support.hpp"

#include <leasepool/work_grinder.hpp>

#include <boost/asio/use_future.hpp>

#include <memory>
#include <utility>

namespace leasepool::test {

using thread_grinder = work_grinder<thread_backend>;

/// A manager of threads and a grinder on it.
class mill {
    std::unique_ptr<asio::io_context> own_io_;

public:
    explicit mill(grinder_options options, manager_options of_manager = {},
        thread_backend_options of_threads = {.workers_per_pool = 2})
        : own_io_(std::make_unique<asio::io_context>()), io(*own_io_),
          pools(io, thread_backend(std::move(of_threads)), std::move(of_manager)),
          grinder(pools, std::move(options))
    {
    }
    mill(grinder_options options, manager_options of_manager, thread_backend_options of_threads,
        asio::io_context& context)
        : io(context), pools(io, thread_backend(std::move(of_threads)), std::move(of_manager)),
          grinder(pools, std::move(options))
    {
    }

    /// `body` with both started; both are stopped after it.
    template <class Body>
    void run(Body body)
    {
        run_unstarted([&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            co_await grinder.async_start();
            co_await body();
            co_await grinder.async_stop();
            auto const stats = co_await grinder.async_stats();
            BOOST_TEST(!stats.started);
            BOOST_TEST(stats.submitted == stats.completed + stats.cancelled + stats.failed);
            co_await pools.async_stop();
        });
    }

    template <class Body>
    void run_unstarted(Body body)
    {
        test::run(io, body);
    }

    asio::io_context& io;
    thread_manager pools;
    thread_grinder grinder;
};

}  // namespace leasepool::test

#endif
