// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_CPU_HOGS_HPP
#define LEASEPOOL_BENCH_CPU_HOGS_HPP

#include <cstddef>
#include <stop_token>
#include <thread>
#include <vector>

namespace leasepool::bench {

/// Threads that burn CPU for as long as it lives.
class cpu_hogs {
public:
    explicit cpu_hogs(std::size_t n)
    {
        threads_.reserve(n);
        for (std::size_t i = 0; i != n; ++i)
            threads_.emplace_back([](std::stop_token stop) {
                while (!stop.stop_requested()) {}
            });
    }

private:
    std::vector<std::jthread> threads_;
};

}  // namespace leasepool::bench

#endif
