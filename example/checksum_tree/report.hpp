// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef CHECKSUM_TREE_REPORT_HPP
#define CHECKSUM_TREE_REPORT_HPP

#include "tally.hpp"

#include <leasepool/histogram.hpp>
#include <leasepool/stats.hpp>

#include <chrono>

// All to stderr: stdout is for checksums.
void report_totals(tally const& totals, std::chrono::duration<double> elapsed, bool interrupted);
void report_holdups(leasepool::histogram const& delays);
void report_leases(leasepool::stats const& stats);
void report_problems(tally const& totals);

#endif
