// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/job.hpp>

#include <string_view>

int length(std::string_view text);
constexpr leasepool::job length_job{"length", &length};
