// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A lease that is no scope's: it is kept in an object, and given back by hand.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <exception>
#include <iostream>

namespace asio = boost::asio;
using thread_manager = leasepool::manager<leasepool::thread_backend>;

struct session {
    leasepool::lease<leasepool::thread_backend> lease;
    std::atomic<int> samples = 0;
};

void print_counts(thread_manager const& pools)
{
    std::cout << "available " << pools.available() << ", leased " << pools.leased() << ", total "
              << pools.total() << '\n';
}

asio::awaitable<void> manual(thread_manager& pools)
{
    co_await pools.async_start();

    session s;
    s.lease = co_await pools.async_acquire({.owner = "session"});
    print_counts(pools);

    auto const doubled = co_await s.lease.async_run([] { return 2 * 21; });
    std::cout << "doubled: " << doubled << '\n';

    // A lease is an executor, too: here for functions that nobody waits for one by one.
    for (int i = 0; i < 10; ++i)
        asio::post(s.lease, [&s] { ++s.samples; });

    // From here on new work is refused; what was posted still runs, and this waits for it.
    co_await s.lease.async_release();
    std::cout << "samples: " << s.samples << '\n';
    print_counts(pools);

    s.lease.release();  // again: harmless
    std::cout << "still held: " << (s.lease ? "yes" : "no") << '\n';

    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    leasepool::manager pools(
        io, leasepool::thread_backend({.workers_per_pool = 2}), {.max_pools = 1});

    asio::co_spawn(io, manual(pools), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// available 0, leased 1, total 1
// doubled: 42
// samples: 10
// available 1, leased 0, total 1
// still held: no
