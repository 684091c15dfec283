// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_COUNTED_HEAP_HPP
#define LEASEPOOL_BENCH_COUNTED_HEAP_HPP

#include <cstddef>

namespace leasepool::bench {

/// While it lives, this program keeps book of its heap: of what was allocated since, the bytes that
/// were asked for and have not been given back. One at a time.
///
/// It sees operator new, and std::aligned_alloc, which is what Asio's own allocators call.
class counted_heap {
public:
    counted_heap();
    ~counted_heap();
    counted_heap(counted_heap const&) = delete;
    counted_heap& operator=(counted_heap const&) = delete;

    std::size_t bytes_in_use() const;
    /// How many allocations there were, on all threads.
    std::size_t allocations() const;
};

}  // namespace leasepool::bench

#endif
