// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_CLIENT_HPP
#define LEASEPOOL_TEST_CLIENT_HPP

#include "stress/tally.hpp"

#include <leasepool.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace leasepool::test {

/// Whether this thread is in a call of one of the library's functions that return at once.
inline thread_local bool in_a_call = false;

/// Where clients leave leases for each other. Small, so that most pools stay in circulation.
class lease_shelf {
public:
    /// Takes it, if there is room.
    bool put(lease<thread_backend>& l)
    {
        std::lock_guard lock(mutex_);
        if (leases_.size() == 3)
            return false;
        leases_.push_back(std::move(l));
        return true;
    }

    lease<thread_backend> take()
    {
        std::lock_guard lock(mutex_);
        if (leases_.empty())
            return {};
        auto l = std::move(leases_.back());
        leases_.pop_back();
        return l;
    }

    void clear()
    {
        std::lock_guard lock(mutex_);
        leases_.clear();
    }

private:
    std::mutex mutex_;
    std::vector<lease<thread_backend>> leases_;
};

/// What the clients share.
struct world {
    world(manager<thread_backend>& m, tally& t, std::uint64_t s, std::uint64_t n)
        : pools(m), on(t), seed(static_cast<std::uint32_t>(s)), operations(n)
    {
    }

    bool over() const { return on.operations.load() >= operations; }

    manager<thread_backend>& pools;
    tally& on;
    std::uint32_t const seed;
    std::uint64_t const operations;
    lease_shelf shelf;
};

std::string what_of(std::exception_ptr const& error);

/// Does operations at random until there have been enough of them. On a strand.
boost::asio::awaitable<void> client(world& w, std::uint64_t number);

}  // namespace leasepool::test

#endif
