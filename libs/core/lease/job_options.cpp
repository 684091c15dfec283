// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/job_options.hpp>

#include <stdexcept>

namespace leasepool {

job_options& job_options::timeout(duration limit)
{
    if (limit <= duration::zero())
        throw std::invalid_argument("leasepool::job_options: timeout must be greater than zero");
    limit_ = limit;
    return *this;
}

}  // namespace leasepool
