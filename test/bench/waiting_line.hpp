// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_WAITING_LINE_HPP
#define LEASEPOOL_BENCH_WAITING_LINE_HPP

#include "inline_backend.hpp"

#include <leasepool/manager.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <utility>

namespace leasepool::bench {

/// A manager with one pool, and a line of acquires of constant length that wait for it: who gets the
/// lease first queues again, then gives it back.
///
/// The waiters are plain handlers of one pointer, not coroutines: a coroutine's frame is memory of
/// the user's, which the caches would have to carry as well, and would blur what the manager adds.
class waiting_line {
public:
    explicit waiting_line(std::size_t length)
        : length_(length),
          pools_(io_, inline_backend(), {.max_pools = 1, .max_waiters = length + 1})
    {
        pools_.async_start(boost::asio::detached);
        pools_.async_acquire({}, [this](error_code error, lease<inline_backend> first) {
            if (error)
                throw std::runtime_error("no pool: " + error.message());
            held_ = std::move(first);
        });
        while (!held_.valid())
            io_.run_one();
    }

    waiting_line(waiting_line const&) = delete;
    waiting_line& operator=(waiting_line const&) = delete;

    /// Lets everybody queue.
    void fill()
    {
        for (std::size_t i = 0; i < length_; ++i)
            queue();
        while (pools_.waiters() < length_)
            io_.run_one();
    }

    /// Grants for as long as `more()`, called at each grant, says so.
    void run(std::function<bool()> more)
    {
        more_ = std::move(more);
        std::exchange(held_, {}).release();
        io_.run();
    }

    struct waiter {
        waiting_line* line;
        void operator()(error_code error, lease<inline_backend> granted) const
        {
            if (!error)
                line->next(std::move(granted));
        }
    };

private:
    void queue() { pools_.async_acquire({.owner = "vendor-sdk"}, waiter{this}); }

    void next(lease<inline_backend> granted)
    {
        if (stopping_)
            return;
        if (more_())
            queue();
        else {
            stopping_ = true;
            pools_.async_stop({.mode = stop_mode::cancel}, boost::asio::detached);
        }
        granted.release();
    }

    std::size_t length_;
    std::function<bool()> more_;
    bool stopping_ = false;
    boost::asio::io_context io_{1};
    manager<inline_backend> pools_;
    lease<inline_backend> held_;
};

}  // namespace leasepool::bench

#endif
