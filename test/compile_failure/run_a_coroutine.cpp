// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>

// A coroutine would be destroyed unstarted on the pool's thread.
void f(leasepool::lease<leasepool::thread_backend>& lease)
{
    lease.async_run([]() -> boost::asio::awaitable<void> { co_return; }, [](auto...) {});
}
