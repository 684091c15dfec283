// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Never linked, only compiled: a coroutine takes one of a bounded number of thread pools, runs a
// function there, gets its result on the io thread, and gives the pool back.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <string>

namespace asio = boost::asio;

std::string vendor_status(int device);

asio::awaitable<void> serve(leasepool::manager<leasepool::thread_backend>& pools, int device)
{
    auto lease = co_await pools.async_acquire({.owner = "vendor-sdk"});
    auto call = [device] { return vendor_status(device); };
    auto const status = co_await lease.async_run(call);
    std::puts(status.c_str());
}

asio::awaitable<void> run(asio::io_context& io)
{
    leasepool::manager pools(io, leasepool::thread_backend(), {.max_pools = 4});
    co_await pools.async_start();
    co_await serve(pools, 1);
    co_await pools.async_stop();
}

int main()
{
    asio::io_context io;
    asio::co_spawn(io, run(io), asio::detached);
    io.run();
}
