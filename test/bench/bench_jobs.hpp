// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_BENCH_JOBS_HPP
#define LEASEPOOL_BENCH_BENCH_JOBS_HPP

#include <leasepool/job.hpp>

#include <cstdint>
#include <string>

namespace leasepool::bench {

inline int add(int a, int b)
{
    return a + b;
}

inline std::uint64_t length(std::string const& text)
{
    return text.size();
}

inline constexpr job add_job{"add", &add};
inline constexpr job length_job{"length", &length};

}  // namespace leasepool::bench

#endif
