// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_ALL_OF_HPP
#define CHECKSUM_TREE_ALL_OF_HPP

#include <boost/asio/awaitable.hpp>

#include <vector>

// Runs coroutines side by side and returns when all have ended. The first exception cancels the
// others and is thrown; a cancellation from outside cancels all.
boost::asio::awaitable<void> all_of(std::vector<boost::asio::awaitable<void>> tasks);

#endif
