// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_INLINE_BACKEND_HPP
#define LEASEPOOL_BENCH_INLINE_BACKEND_HPP

#include <leasepool/backend.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace leasepool::bench {

/// Pools that cost next to nothing, to have 10 000 of them and to measure the manager alone.
struct inline_backend {
    struct pool_type {
        pool_site site;
        void execute(pool_task&& task) { task(); }
        std::size_t workers() const noexcept { return 1; }
        void close() noexcept { site.closed(); }
    };

    std::string_view name() const noexcept { return "inline"; }
    std::size_t workers_per_pool() const noexcept { return 1; }
    std::unique_ptr<pool_type> make_pool(pool_site site)
    {
        site.ready();
        return std::make_unique<pool_type>(std::move(site));
    }
};

static_assert(function_backend<inline_backend>);

}  // namespace leasepool::bench

#endif
