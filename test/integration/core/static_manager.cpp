// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A program whose manager is in static storage and works until the end: made before everything of
// the library, destroyed after main, on the main thread or on one of a pool. It must end with code 0,
// soon. Arguments: `return`; `exit_on_pool`, to call exit() on a thread of a pool; `busy`, to leave
// a function running that returns when it is asked to stop; `left`, not to destroy the manager.

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <utility>

namespace {

namespace asio = boost::asio;
using thread_manager = leasepool::manager<leasepool::thread_backend>;
using thread_lease = leasepool::lease<leasepool::thread_backend>;

asio::io_context context;
auto pools =
    std::make_unique<thread_manager>(context, leasepool::thread_backend({.workers_per_pool = 2}),
        leasepool::manager_options{.max_pools = 1, .min_pools = 1});
thread_manager* left = nullptr;  // so that it counts as reachable

void run_to_end(asio::awaitable<void> body)
{
    bool done = false;
    asio::co_spawn(context, std::move(body), [&](std::exception_ptr error) {
        done = true;
        if (error)
            std::abort();
    });
    context.restart();
    while (!done)
        context.run_one();
}

asio::awaitable<thread_lease> begin()
{
    co_await pools->async_start();
    co_return co_await pools->async_acquire();
}

}  // namespace

int main(int argc, char** argv)
{
    std::string_view const how = argc > 1 ? argv[1] : "return";
    thread_lease lease;
    auto const body = [&]() -> asio::awaitable<void> { lease = co_await begin(); };
    run_to_end(body());
    if (how == "exit_on_pool") {
        lease.async_run([] { std::exit(0); }, [](std::exception_ptr) {});
        std::promise<void>().get_future().wait_for(std::chrono::hours{1});
        return 2;
    }
    if (how == "busy") {
        std::promise<void> running;
        lease.async_run(
            [&running](std::stop_token token) {
                std::mutex mutex;
                std::unique_lock lock(mutex);
                std::condition_variable_any asked;
                running.set_value();
                asked.wait(lock, token, [] { return false; });
            },
            [](std::exception_ptr) {});
        running.get_future().get();
    }
    if (how == "left")
        left = pools.release();
    return 0;
}
