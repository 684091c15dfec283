// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_REPORT_HPP
#define ISOLATED_PARSE_REPORT_HPP

#include "header_job.hpp"
#include "tally.hpp"
#include "verdict.hpp"

#include <chrono>
#include <string>

// To stdout, a constant a line.
void print_constants(std::string const& path, header_facts const& facts);

// All else to stderr.
void report_failure(std::string const& path, verdict const& failure);
void report_totals(tally const& totals, std::chrono::duration<double> elapsed, bool interrupted);

#endif
