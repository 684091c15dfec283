// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The whole library, in the order in which one meets it. Read it from `walk` on.

#include <leasepool.hpp>
#include <leasepool/process_backend.hpp>
#include <leasepool/remote_error.hpp>
#include <leasepool/worker.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;
using leasepool::condition;

// What a server would rather not do on its own threads ----------------------------------------------

std::string ask_the_vendor()  // a call that blocks
{
    std::this_thread::sleep_for(1ms);
    return "the vendor says hello";
}

std::uint64_t collatz_steps(std::uint64_t n)  // work for a CPU
{
    std::uint64_t steps = 0;
    for (; n != 1; ++steps)
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    return steps;
}

[[noreturn]] void spin(leasepool::job_context& context)  // code that never ends
{
    context.log(leasepool::severity::warning, "round and round");
    for (volatile bool forever = true; forever;) {}
    throw std::logic_error("eternity has ended");
}

// A job is a function with a name, so that a worker process can be told to run it.
constexpr leasepool::job collatz_job{"collatz_steps", &collatz_steps};
constexpr leasepool::job spin_job{"spin", &spin};

// 1. Functions on threads ---------------------------------------------------------------------------

asio::awaitable<void> on_threads()
{
    auto const executor = co_await asio::this_coro::executor;
    leasepool::manager pools(executor, leasepool::thread_backend({.workers_per_pool = 2}),
        leasepool::manager_options{.max_pools = 1});
    co_await pools.async_start();
    {
        auto lease = co_await pools.async_acquire({.owner = "walk", .timeout = 5s});
        std::cout << co_await lease.async_run(&ask_the_vendor) << '\n';

        // An exception is the caller's, and does the pool no harm.
        auto const failing = []() -> int { throw std::runtime_error("out of paper"); };
        try {
            co_await lease.async_run(failing);
        }
        catch (std::runtime_error const& e) {
            std::cout << "it threw: " << e.what() << '\n';
        }

        // A lease is an executor as well: here a whole coroutine moves to its threads.
        auto const session = []() -> asio::awaitable<std::string> { co_return ask_the_vendor(); };
        auto const said = co_await asio::co_spawn(lease, session(), asio::use_awaitable);
        std::cout << "on the lease, " << said << '\n';

        // There is one pool, and it is taken.
        auto const [error, none] =
            co_await pools.async_acquire({.wait = false}, asio::as_tuple(asio::use_awaitable));
        std::cout << "a second lease: " << (error == condition::busy ? "busy" : "?") << '\n';
    }  // here it goes back

    auto const stats = co_await pools.async_stats();
    std::cout << stats.acquired << " lease, " << stats.runs << " runs, of which failed "
              << stats.runs_failed << '\n';
    co_await pools.async_stop();
}

// 2. Jobs on worker processes, which may crash or hang ----------------------------------------------

asio::awaitable<void> on_processes()
{
    auto const executor = co_await asio::this_coro::executor;
    leasepool::process_backend_options workers{.workers_per_pool = 2, .kill_grace = 100ms};
    leasepool::manager_options options{.max_pools = 1};
    options.log = [](leasepool::log_record const& record) {
        if (record.level == leasepool::severity::warning && record.message == "round and round")
            std::cout << "a worker logs: " << record.message << '\n';
    };
    leasepool::manager pools(
        executor, leasepool::process_backend(std::move(workers)), std::move(options));
    co_await pools.async_start();
    {
        auto lease = co_await pools.async_acquire({.owner = "walk"});
        std::cout << "27 takes " << co_await lease.async_run(collatz_job(27)) << " steps\n";

        try {
            co_await lease.async_run(leasepool::job_options().timeout(300ms), spin_job());
        }
        catch (boost::system::system_error const& e) {
            std::cout << "the spinning job: " << (e.code() == condition::timeout ? "timeout" : "?")
                      << ", and its worker is gone\n";
        }
        // Another worker was there, and one takes the place of the dead.
        std::cout << "97 takes " << co_await lease.async_run(collatz_job(97)) << " steps\n";
    }
    co_await pools.async_stop();
}

// 3. Many small pieces of work ----------------------------------------------------------------------

asio::awaitable<void> many_small_ones()
{
    auto const executor = co_await asio::this_coro::executor;
    // The backend, by name: with "thread" all the same happens on threads.
    leasepool::manager pools(
        executor, leasepool::any_backend("process"), leasepool::manager_options{.max_pools = 2});
    leasepool::work_grinder grinder(
        pools, leasepool::grinder_options{.batch_size = 100, .max_wait = 10ms});
    co_await pools.async_start();
    co_await grinder.async_start();

    // From a plain thread, as well as from a coroutine.
    auto const from_a_thread = [&] {
        std::vector<std::future<std::uint64_t>> steps;
        for (std::uint64_t n = 1; n != 1001; ++n)
            steps.push_back(grinder.async_submit(collatz_job(n), asio::use_future));
        std::uint64_t sum = 0;
        for (auto& each : steps)
            sum += each.get();
        return sum;
    };
    std::promise<std::uint64_t> sum;
    std::thread plain([&] { sum.set_value(from_a_thread()); });
    std::cout << "871 takes " << co_await grinder.async_submit(collatz_job(871)) << " steps\n";
    // The thread waits for what this one delivers: it must not be waited for before.
    while ((co_await grinder.async_stats()).completed != 1001) {}
    plain.join();
    std::cout << "1 to 1000 take " << sum.get_future().get() << " steps\n";

    co_await grinder.async_stop();
    co_await pools.async_stop();
}

asio::awaitable<void> walk()
{
    co_await on_threads();
    co_await on_processes();
    co_await many_small_ones();
}

int main(int argc, char** argv)
{
    // A worker is this program again; so this stands first.
    if (leasepool::is_worker(argc, argv))
        return leasepool::run_worker(argc, argv, collatz_job, spin_job);

    asio::io_context io;
    asio::co_spawn(io, walk(), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// the vendor says hello
// it threw: out of paper
// on the lease, the vendor says hello
// a second lease: busy
// 1 lease, 2 runs, of which failed 1
// 27 takes 111 steps
// a worker logs: round and round
// the spinning job: timeout, and its worker is gone
// 97 takes 118 steps
// 871 takes 178 steps
// 1 to 1000 take 59542 steps
