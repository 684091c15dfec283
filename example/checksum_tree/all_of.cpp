// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "all_of.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace asio = boost::asio;

asio::awaitable<void> all_of(std::vector<asio::awaitable<void>> tasks)
{
    if (tasks.empty())
        co_return;

    auto const executor = co_await asio::this_coro::executor;
    auto const begin = [&](asio::awaitable<void> task) {
        return asio::co_spawn(executor, std::move(task), asio::deferred);
    };
    std::vector<decltype(begin(std::move(tasks.front())))> operations;
    for (auto& task : tasks)
        operations.push_back(begin(std::move(task)));

    auto const [order, errors] =
        co_await asio::experimental::make_parallel_group(std::move(operations))
            .async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
    for (auto const index : order) {
        if (errors[index])
            std::rethrow_exception(errors[index]);
    }
}
