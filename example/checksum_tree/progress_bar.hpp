// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_PROGRESS_BAR_HPP
#define CHECKSUM_TREE_PROGRESS_BAR_HPP

#include "tally.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>

// Draws how far the work is, ten times a second, if stderr is a terminal.
class progress_bar {
public:
    progress_bar(boost::asio::io_context& io, tally const& totals);

    // Wipes it.
    void stop();

private:
    void draw_later();
    void draw() const;

    boost::asio::steady_timer timer_;
    tally const& totals_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    bool shown_;
};

#endif
