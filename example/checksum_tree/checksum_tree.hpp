// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_CHECKSUM_TREE_HPP
#define CHECKSUM_TREE_CHECKSUM_TREE_HPP

#include "offload.hpp"
#include "tally.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <filesystem>

struct tree_job {
    std::filesystem::path root;
    // Of the whole work; see tally::done.
    double share = 1;
    // How many files at a time.
    std::size_t in_flight = 1;
    bool print = false;
};

// Checksums one tree on a lease, or without one. Throws only if it is canceled, or out of memory:
// what cannot be read is noted in the tally.
boost::asio::awaitable<void> checksum_tree(thread_lease* lease, tree_job const& job, tally& totals);

#endif
