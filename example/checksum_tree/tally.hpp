// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_TALLY_HPP
#define CHECKSUM_TREE_TALLY_HPP

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

// How many there were, and the first few by name.
class noted {
public:
    void add(std::string what)
    {
        if (++count_ <= 5)
            first_.push_back(std::move(what));
    }
    std::size_t count() const noexcept { return count_; }
    std::vector<std::string> const& first() const noexcept { return first_; }

private:
    std::size_t count_ = 0;
    std::vector<std::string> first_;
};

// What has been done so far. Touched on the thread of the io_context only.
struct tally {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t links = 0;
    noted special;
    noted unreadable;

    // From 0 to 1. Each folder's share of the whole is divided equally among what is in it, because
    // nobody knows how much there is before all of it has been seen.
    double done = 0;
};

#endif
