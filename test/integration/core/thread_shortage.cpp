// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A program in which no thread can be started, at first and again later. A test of its own, because
// the library starts a thread for itself that then lasts.

#include "integration/support/support.hpp"

#include "core/pool/stop_requests.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <pthread.h>
#include <stop_token>
#include <system_error>
#include <thread>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// While it lives no thread can be started: each would get a stack larger than the address space.
class no_threads {
public:
    no_threads()
    {
        pthread_getattr_default_np(&before_);
        pthread_attr_t huge;
        pthread_attr_init(&huge);
        pthread_attr_setstacksize(&huge, std::size_t{1} << 60);
        pthread_setattr_default_np(&huge);
        pthread_attr_destroy(&huge);
        BOOST_CHECK_THROW(std::thread([] {}).join(), std::system_error);
    }
    ~no_threads()
    {
        pthread_setattr_default_np(&before_);
        pthread_attr_destroy(&before_);
    }
    no_threads(no_threads const&) = delete;
    no_threads& operator=(no_threads const&) = delete;

private:
    pthread_attr_t before_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(shortage_of_threads)

// First of all, when the library has no thread.
BOOST_AUTO_TEST_CASE(start_fails_with_the_reason_and_succeeds_when_there_are_threads)
{
    asio::io_context io;
    thread_manager pools(
        io, thread_backend({.workers_per_pool = 2}), {.max_pools = 1, .backoff = 1ms});
    {
        no_threads const now;
        BOOST_CHECK_EXCEPTION(
            run_to_end(io, [&]() -> asio::awaitable<void> { co_await pools.async_start(); }),
            boost::system::system_error, [](boost::system::system_error const& e) {
                return e.code() == std::errc::resource_unavailable_try_again;
            });
        thread_manager others(io, thread_backend());
    }
    run_to_end(io, [&]() -> asio::awaitable<void> {
        co_await pools.async_start();
        co_await pools.async_run([] {});
        co_await pools.async_stop();
    });
}

BOOST_AUTO_TEST_CASE(pool_closes_and_a_manager_ends_without_a_new_thread)
{
    asio::io_context io;
    std::array<std::optional<thread_manager>, 2> pools;
    for (auto& each : pools) {
        each.emplace(io, thread_backend({.workers_per_pool = 2}), manager_options{.max_pools = 1});
        run_to_end(io, [&]() -> asio::awaitable<void> { co_await each->async_start(); });
    }
    no_threads const now;
    run_to_end(io, [&]() -> asio::awaitable<void> { co_await pools[0]->async_stop(); });
    pools[1].reset();
    BOOST_TEST(pools[0]->total() == 0u);
}

BOOST_AUTO_TEST_CASE(request_to_stop_is_made_inside_the_call)
{
    std::stop_source source;
    std::thread::id called_on;
    std::stop_callback const on_stop(
        source.get_token(), [&] { called_on = std::this_thread::get_id(); });
    no_threads const now;
    leasepool::detail::request_stop_elsewhere({}, source);
    BOOST_TEST((called_on == std::this_thread::get_id()));
}

BOOST_AUTO_TEST_SUITE_END()
