// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_SUPPORT_HPP
#define LEASEPOOL_TEST_SUPPORT_HPP

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <ostream>
#include <stdexcept>
#include <utility>

namespace leasepool {

inline std::ostream& boost_test_print_type(std::ostream& to, errc e)
{
    return to << error_code(e);
}

inline std::ostream& boost_test_print_type(std::ostream& to, condition c)
{
    return to << boost::system::error_condition(c);
}

}  // namespace leasepool

namespace leasepool::test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

using thread_manager = manager<thread_backend>;
using thread_lease = lease<thread_backend>;

/// Runs a coroutine on an io_context until that is out of work, and rethrows what it threw. A
/// manager that is left started, or work that is left outstanding, would keep it running for ever.
template <class Coroutine>
void run(asio::io_context& io, Coroutine&& body)
{
    bool done = false;
    std::exception_ptr error;
    asio::co_spawn(io, std::forward<Coroutine>(body), [&](std::exception_ptr e) {
        error = std::move(e);
        done = true;
        if (error)
            io.stop();  // a failed test is to say so, not to hang
    });
    io.run();
    io.restart();
    if (error)
        std::rethrow_exception(error);
    BOOST_REQUIRE(done);
}

/// Runs a coroutine on an io_context to its end, and rethrows what it threw. A manager may be left
/// started.
template <class Coroutine>
void run_to_end(asio::io_context& io, Coroutine&& body)
{
    bool done = false;
    std::exception_ptr error;
    asio::co_spawn(io, std::forward<Coroutine>(body), [&](std::exception_ptr e) {
        error = std::move(e);
        done = true;
    });
    io.restart();
    while (!done)
        io.run_one();
    if (error)
        std::rethrow_exception(error);
}

/// Blocks threads until it is opened. Opens itself when it goes, so that a failed test does not
/// hang.
class gate {
public:
    ~gate()
    {
        open();
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ == 0; });
    }

    void open()
    {
        std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }

    /// Blocks until it is open.
    void pass()
    {
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return open_; });
        --waiting_;
        changed_.notify_all();
    }

    /// Blocks until `n` threads are at the gate.
    void await(int n = 1)
    {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::chrono::minutes{2}, [&] { return waiting_ >= n; }))
            throw std::runtime_error("nobody came to the gate");
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    int waiting_ = 0;
};

}  // namespace leasepool::test

#endif
