// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Primes across cores: the same jobs on threads or on worker processes, as the command line says.

#include <leasepool.hpp>
#include <leasepool/process_backend.hpp>
#include <leasepool/worker.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <cstdint>
#include <exception>
#include <iostream>
#include <set>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace asio = boost::asio;
using any_manager = leasepool::manager<leasepool::any_backend>;

struct interval {
    std::uint64_t from;
    std::uint64_t below;
};
BOOST_DESCRIBE_STRUCT(interval, (), (from, below))

struct primes {
    std::uint64_t number;
    std::int64_t process;
};
BOOST_DESCRIBE_STRUCT(primes, (), (number, process))

bool is_prime(std::uint64_t n)
{
    for (std::uint64_t d = 2; d * d <= n; ++d)
        if (n % d == 0)
            return false;
    return n >= 2;
}

primes count_primes(interval numbers)
{
    primes found{0, ::getpid()};
    for (auto n = numbers.from; n != numbers.below; ++n)
        found.number += is_prime(n) ? 1U : 0U;
    return found;
}

// Caller and worker know it by its name. Its arguments and its result travel as JSON, if they have to.
constexpr leasepool::job count_primes_job{"count_primes", &count_primes};

asio::awaitable<void> count(any_manager& pools)
{
    co_await pools.async_start();
    auto lease = co_await pools.async_acquire({.owner = "primes"});

    auto const begin = [&](interval numbers) {
        return lease.async_run(count_primes_job(numbers), asio::deferred);
    };
    std::vector<decltype(begin({}))> jobs;
    for (std::uint64_t from = 0; from != 400'000; from += 50'000)
        jobs.push_back(begin({from, from + 50'000}));
    auto const [order, errors, results] =
        co_await asio::experimental::make_parallel_group(std::move(jobs))
            .async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);

    std::uint64_t sum = 0;
    std::set<std::int64_t> processes;
    for (auto const index : order) {
        if (errors[index])
            std::rethrow_exception(errors[index]);
        sum += results[index].number;
        processes.insert(results[index].process);
    }
    std::cout << sum << " primes below 400000\n"
              << "counted by " << order.size() << " jobs, in "
              << (processes.contains(::getpid()) ? "this process\n" : "others\n");

    lease.release();
    co_await pools.async_stop();
}

int main(int argc, char** argv)
{
    // A worker is this program again.
    if (leasepool::is_worker(argc, argv))
        return leasepool::run_worker(argc, argv, count_primes_job);

    if (argc != 3 || std::string_view(argv[1]) != "--backend") {
        std::cerr << "usage: " << argv[0] << " --backend thread|process\n";
        return 2;
    }
    try {
        asio::io_context io;
        any_manager pools(io, leasepool::any_backend(argv[2]), {.max_pools = 1});

        asio::co_spawn(io, count(pools), [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
        io.run();
    }
    catch (boost::system::system_error const& e) {  // no backend of this name, for instance
        std::cerr << e.what() << '\n';
        return 1;
    }
}

// Output with --backend thread:
// 33860 primes below 400000
// counted by 8 jobs, in this process

// Output with --backend process:
// 33860 primes below 400000
// counted by 8 jobs, in others
