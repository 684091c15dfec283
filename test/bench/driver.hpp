// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_DRIVER_HPP
#define LEASEPOOL_BENCH_DRIVER_HPP

#include "row.hpp"

#include <optional>
#include <vector>

namespace leasepool::bench {

struct result {
    row const* of;
    double ours;
    std::optional<double> reference;
    std::vector<double> unjudged;  ///< as many as the row has

    double ratio() const { return reference ? ratio_to(*reference) : ours; }
    /// Two counts that are both 0 are equal.
    double ratio_to(double other) const { return ours == other ? 1 : ours / other; }
    bool ok() const
    {
        return of->want == better::lower ? ratio() <= of->goal : ratio() >= of->goal;
    }
};

/// Runs the sides of a row in turns, `rounds` times, and takes the median of each side.
/// @throws std::runtime_error if a benchmark reports an error.
result measure(row const& what, int rounds);

}  // namespace leasepool::bench

#endif
