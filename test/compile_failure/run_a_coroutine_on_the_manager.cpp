// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>

void f(leasepool::manager<leasepool::thread_backend>& pools)
{
    pools.async_run([]() -> boost::asio::awaitable<int> { co_return 1; }, [](auto...) {});
}
