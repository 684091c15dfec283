// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_HOLDUP_METER_HPP
#define CHECKSUM_TREE_HOLDUP_METER_HPP

#include <leasepool/histogram.hpp>

#include <boost/asio/io_context.hpp>

#include <stop_token>
#include <thread>

// Measures for how long an io_context is held up by what runs on it.
//
// A thread of its own posts a function to the io_context every millisecond, as if a request came in,
// and the function notes how long it took until it ran. A timer on the io_context itself would be
// simpler, but would miss all the requests that come in while it is held up but one. So the
// distribution is that of requests which come at any time.
class holdup_meter {
public:
    explicit holdup_meter(boost::asio::io_context& io);

    // No more probes. Those that are posted already still refer to the meter.
    void stop();

    // In nanoseconds. To be read on the io_context's thread.
    leasepool::histogram const& delays() const noexcept { return delays_; }

private:
    void probe(std::stop_token stop);

    boost::asio::io_context& io_;
    leasepool::histogram delays_;
    std::jthread thread_;
};

#endif
