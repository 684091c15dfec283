// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_IO_THREADS_HPP
#define LEASEPOOL_TEST_IO_THREADS_HPP

#include "integration/support/support.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace leasepool::test {

/// The value of a future, or a failure if it takes for ever.
template <class T>
T get(std::future<T> future)
{
    if (future.wait_for(std::chrono::minutes{2}) != std::future_status::ready)
        throw std::runtime_error("it never came");
    return future.get();
}

template <class T>
T get(std::promise<T>& promise)
{
    return get(promise.get_future());
}

/// The code with which `f` fails.
template <class F>
error_code code_thrown_by(F&& f)
{
    try {
        f();
    }
    catch (boost::system::system_error const& e) {
        return e.code();
    }
    return {};
}

/// An io_context that threads of its own run, so that the test itself is a plain thread.
class io_threads {
public:
    explicit io_threads(int n = 1) : guard_(io_.get_executor())
    {
        for (int i = 0; i != n; ++i)
            threads_.emplace_back([this] { io_.run(); });
    }
    ~io_threads()
    {
        io_.stop();
        join();
    }

    asio::io_context& context() { return io_; }

    /// Waits until the context is out of work.
    void join()
    {
        guard_.reset();
        for (auto& thread : threads_)
            if (thread.joinable())
                thread.join();
    }

private:
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::vector<std::thread> threads_;
};

/// Stops a coroutine until the test opens it. A coroutine that is still there when the door goes is
/// destroyed.
class door {
public:
    asio::awaitable<void> pass()
    {
        return asio::async_initiate<asio::use_awaitable_t<> const, void()>(
            [this](auto handler) {
                auto const held = std::make_shared<decltype(handler)>(std::move(handler));
                resume_ = [held] { asio::post(std::move(*held)); };
                reached_.set_value();
            },
            asio::use_awaitable);
    }

    /// Blocks until a coroutine stands there.
    void await() { get(reached_); }

    /// Lets it go on, on its own executor.
    void open() { std::exchange(resume_, nullptr)(); }

private:
    std::promise<void> reached_;
    std::function<void()> resume_;
};

template <class Backend>
void start(manager<Backend>& pools)
{
    get(pools.async_start(asio::use_future));
}

template <class Backend>
lease<Backend> acquire(manager<Backend>& pools, acquire_options const& options = {})
{
    return get(pools.async_acquire(options, asio::use_future));
}

/// A manager of one pool, and a lease on it.
class one_lease {
public:
    explicit one_lease(std::size_t workers = 1, manager_options options = {})
        : pools(io.context(), thread_backend({.workers_per_pool = workers}), one_pool(options))
    {
        start(pools);
        lease = acquire(pools);
    }

    io_threads io;
    thread_manager pools;
    thread_lease lease;

private:
    static manager_options one_pool(manager_options options)
    {
        options.min_pools = 1;
        options.max_pools = 1;
        return options;
    }
};

/// A manager of two pools, to be destroyed before its context.
struct heap_manager {
    explicit heap_manager(manager_options options = {}, std::size_t workers = 1)
        : pools(std::make_unique<thread_manager>(
              io.context(), thread_backend({.workers_per_pool = workers}), with_pools(options)))
    {
        start(*pools);
    }

    io_threads io;
    std::unique_ptr<thread_manager> pools;

private:
    static manager_options with_pools(manager_options options)
    {
        options.max_pools = 2;
        return options;
    }
};

}  // namespace leasepool::test

#endif
