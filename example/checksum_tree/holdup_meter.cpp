// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "holdup_meter.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

using std::chrono::steady_clock;

holdup_meter::holdup_meter(boost::asio::io_context& io)
    : io_(io), thread_([this](std::stop_token stop) { probe(std::move(stop)); })
{
}

void holdup_meter::stop()
{
    thread_.request_stop();
    thread_.join();
}

void holdup_meter::probe(std::stop_token stop)
{
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any stopped;
    auto next = steady_clock::now();
    while (!stopped.wait_until(lock, stop, next, [&] { return stop.stop_requested(); })) {
        auto const posted = steady_clock::now();
        boost::asio::post(io_, [this, posted] {
            auto const delay = std::chrono::nanoseconds(steady_clock::now() - posted);
            delays_.record(static_cast<std::uint64_t>(delay.count()));
        });
        next = posted + std::chrono::milliseconds(1);
    }
}
