// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/job.hpp>

#include <vector>

struct point {
    int x = 0;
};

// In a container: it is the element that cannot be converted.
int count(std::vector<point> points);
constexpr leasepool::job count_job{"count", &count};
