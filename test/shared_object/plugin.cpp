// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/manager.hpp>
#include <leasepool/process_backend.hpp>
#include <leasepool/thread_backend.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

namespace asio = boost::asio;

namespace {

asio::awaitable<int> compute(leasepool::manager<leasepool::thread_backend>& pools)
{
    co_await pools.async_start();
    auto lease = co_await pools.async_acquire();
    auto function = [] { return 42; };
    int const result = co_await lease.async_run(function);
    lease.release();
    co_await pools.async_stop();
    co_return result;
}

}  // namespace

int computed_on_a_lease()
{
    asio::io_context context;
    leasepool::manager pools(context, leasepool::thread_backend());
    auto result = asio::co_spawn(context, compute(pools), asio::use_future);
    context.run();
    return result.get();
}
