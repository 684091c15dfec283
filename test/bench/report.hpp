// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_REPORT_HPP
#define LEASEPOOL_BENCH_REPORT_HPP

#include "driver.hpp"

#include <iosfwd>
#include <vector>

namespace leasepool::bench {

void print_header(std::ostream& to);
void print(std::ostream& to, result const& r);

/// A list of {"name", "ours", "reference", "reference_name", "unit", "ratio", "better", "goal",
/// "ok", "unjudged"}. Without a reference that and its name are null, and the ratio is our figure.
/// "unjudged" is a list of {"name", "figure", "ratio"}.
void write_json(std::ostream& to, std::vector<result> const& results);

}  // namespace leasepool::bench

#endif
