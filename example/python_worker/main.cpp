// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Jobs written in Python, called from C++ with types: python_worker python3 worker.py

#include <leasepool.hpp>
#include <leasepool/process_backend.hpp>
#include <leasepool/remote_error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using process_manager = leasepool::manager<leasepool::process_backend>;
using words = std::vector<std::pair<std::string, int>>;

// The functions are in worker.py: name and signature are all that is known of them here.
constexpr leasepool::job<double(std::string)> richness{"richness"};
constexpr leasepool::job<words(std::string, int)> top_words{"top_words"};

// A mistake: richness takes one argument.
constexpr leasepool::job<double(std::string, int)> wrong_richness{"richness"};

std::string const text =
    "the quick brown fox jumps over the lazy dog, and the dog does not mind the fox at all";

asio::awaitable<void> ask(process_manager& pools)
{
    co_await pools.async_start();
    auto lease = co_await pools.async_acquire({.owner = "text"});

    std::cout << "richness: " << co_await lease.async_run(richness(text)) << '\n';
    for (auto const& [word, number] : co_await lease.async_run(top_words(text, 2)))
        std::cout << "  " << number << " x " << word << '\n';

    // An exception in Python arrives with its type and its text, and the worker goes on.
    try {
        co_await lease.async_run(richness(""));
    }
    catch (leasepool::remote_error const& e) {
        std::cout << e.type() << ": " << e.message() << '\n';
    }
    // A declaration that does not fit the function does not end it either.
    try {
        co_await lease.async_run(wrong_richness(text, 1));
    }
    catch (boost::system::system_error const& e) {
        if (e.code() == leasepool::errc::bad_arguments)
            std::cout << "bad arguments: " << e.what() << '\n';
    }
    std::cout << "richness: " << co_await lease.async_run(richness("fish fish fish fish")) << '\n';

    lease.release();
    co_await pools.async_stop();
}

int main(int argc, char** argv)
{
    if (argc < 2) {
        std::cerr << "usage: " << argv[0] << " WORKER [ARGUMENT...]\n";
        return 2;
    }
    asio::io_context io;
    leasepool::process_backend python({
        .command = std::vector<std::string>(argv + 1, argv + argc),
        .workers_per_pool = 1,
    });
    process_manager pools(io, python, {.max_pools = 1});

    asio::co_spawn(io, ask(pools), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();
}

// Output:
// richness: 0.736842
//   4 x the
//   2 x fox
// ZeroDivisionError: ...division by zero...
// bad arguments: job "richness": the arguments: expected ...
// richness: 0.25
