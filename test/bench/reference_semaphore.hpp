// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_REFERENCE_SEMAPHORE_HPP
#define LEASEPOOL_BENCH_REFERENCE_SEMAPHORE_HPP

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>

namespace leasepool::bench {

/// A semaphore made of a channel: as many tokens as there are pools, each the number of a pool.
///
/// Why it is fair. It is what people write today to bound something in Asio, and the fastest way
/// that is safe from any thread. The channel's executor is the concrete one of `io_context`, and it
/// is awaited through `deferred`, which is faster here than `use_awaitable` (by a sixth). It has
/// FIFO waiters and cancellation like ours; it knows no owner, no expiry, no statistics, and a token
/// that is forgotten is gone for ever.
class semaphore {
    using channel =
        boost::asio::experimental::concurrent_channel<boost::asio::io_context::executor_type,
            void(boost::system::error_code, std::size_t)>;

public:
    semaphore(boost::asio::io_context& io, std::size_t tokens) : free_(io.get_executor(), tokens)
    {
        for (std::size_t token = 0; token < tokens; ++token)
            release(token);
    }

    auto async_acquire() { return free_.async_receive(boost::asio::deferred); }
    void release(std::size_t token) { free_.try_send(boost::system::error_code(), token); }

private:
    channel free_;
};

}  // namespace leasepool::bench

#endif
