// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_OFFLOAD_HPP
#define CHECKSUM_TREE_OFFLOAD_HPP

#include <leasepool/lease.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <stop_token>
#include <type_traits>

using thread_lease = leasepool::lease<leasepool::thread_backend>;

// Runs a function that blocks: on a thread of the lease, or, without one, right here, where it
// holds up the io_context for as long as it takes.
template <class Function>
boost::asio::awaitable<std::invoke_result_t<Function&, std::stop_token>> offload(
    thread_lease* lease, Function function)
{
    if (lease)
        co_return co_await lease->async_run(std::ref(function), boost::asio::use_awaitable);

    co_await boost::asio::post(boost::asio::use_awaitable);  // let others have a turn
    co_return function(std::stop_token());
}

#endif
