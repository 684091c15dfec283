// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_HEADER_JOB_HPP
#define ISOLATED_PARSE_HEADER_JOB_HPP

#include <leasepool/job.hpp>

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <string>

// What is in a header.
struct header_facts {
    std::uint64_t bytes = 0;
    // Macros without parameters.
    std::uint64_t macros = 0;
    // Those of them that are constants.
    std::map<std::string, std::int64_t> constants;
};
BOOST_DESCRIBE_STRUCT(header_facts, (), (bytes, macros, constants))

// Reads and evaluates a header. It takes no precautions, so for some headers it takes all memory, all
// the stack, or for ever. Throws std::system_error if the file cannot be read.
header_facts evaluate_header(std::string const& path);

inline constexpr leasepool::job evaluate_header_job{"evaluate_header", &evaluate_header};

#endif
