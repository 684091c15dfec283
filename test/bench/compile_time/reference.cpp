// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Never linked, only compiled: what ours.cpp does, as far as that goes by hand with Asio alone: a
// channel of thread pools bounds them and hands them out, a post there and a post back run the
// function and return its result or exception.
//
// Why it is fair: it includes only the headers it needs, writes the least code that is correct, and
// leaves out what it has no means for (owners, expiry, cancellation, draining, statistics).

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <list>
#include <string>
#include <type_traits>
#include <utility>

namespace asio = boost::asio;

std::string vendor_status(int device);

class thread_pools {
    using channel =
        asio::experimental::concurrent_channel<void(boost::system::error_code, asio::thread_pool*)>;

public:
    thread_pools(asio::io_context& io, std::size_t count) : free_(io, count)
    {
        for (std::size_t i = 0; i < count; ++i)
            release(all_.emplace_back(4));
    }

    auto async_acquire() { return free_.async_receive(asio::use_awaitable); }
    void release(asio::thread_pool& pool) { free_.try_send(boost::system::error_code(), &pool); }

private:
    channel free_;
    std::list<asio::thread_pool> all_;
};

template <class Function>
auto async_run(asio::thread_pool& pool, Function function)
{
    using result = std::invoke_result_t<Function>;
    auto initiation = [&pool](auto handler, Function f) {
        auto work = asio::make_work_guard(handler);
        asio::post(pool,
            [handler = std::move(handler), work = std::move(work), f = std::move(f)]() mutable {
                std::exception_ptr error;
                result value{};
                try {
                    value = f();
                }
                catch (...) {
                    error = std::current_exception();
                }
                asio::post(work.get_executor(),
                    [handler = std::move(handler), error = std::move(error),
                        value = std::move(value)]() mutable {
                        std::move(handler)(std::move(error), std::move(value));
                    });
            });
    };
    return asio::async_initiate<asio::use_awaitable_t<> const, void(std::exception_ptr, result)>(
        std::move(initiation), asio::use_awaitable, std::move(function));
}

asio::awaitable<void> serve(thread_pools& pools, int device)
{
    auto* const pool = co_await pools.async_acquire();
    std::string status;
    std::exception_ptr error;
    try {
        auto call = [device] { return vendor_status(device); };
        status = co_await async_run(*pool, call);
    }
    catch (...) {
        error = std::current_exception();
    }
    pools.release(*pool);
    if (error)
        std::rethrow_exception(error);
    std::puts(status.c_str());
}

asio::awaitable<void> run(asio::io_context& io)
{
    thread_pools pools(io, 4);
    co_await serve(pools, 1);
}

int main()
{
    asio::io_context io;
    asio::co_spawn(io, run(io), asio::detached);
    io.run();
}
