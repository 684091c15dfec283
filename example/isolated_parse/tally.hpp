// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef ISOLATED_PARSE_TALLY_HPP
#define ISOLATED_PARSE_TALLY_HPP

#include "header_job.hpp"
#include "verdict.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

// What has come of the headers so far. Touched on the thread of the io_context only.
struct tally {
    std::size_t headers = 0;
    std::uint64_t bytes = 0;
    std::uint64_t macros = 0;
    std::uint64_t constants = 0;
    // How often a value is a constant's.
    std::map<std::int64_t, std::uint64_t> values;
    std::string richest;
    std::size_t richest_constants = 0;

    // How often it went wrong in which way.
    std::map<std::string, std::size_t> failures;
    std::size_t failed = 0;
    std::size_t lost_workers = 0;

    void add(std::string const& path, header_facts const& facts)
    {
        ++headers;
        bytes += facts.bytes;
        macros += facts.macros;
        constants += facts.constants.size();
        for (auto const& [name, value] : facts.constants)
            ++values[value];
        if (facts.constants.size() > richest_constants) {
            richest_constants = facts.constants.size();
            richest = path;
        }
    }

    void add(verdict const& failure)
    {
        ++failed;
        ++failures[failure.what];
        lost_workers += failure.lost_worker ? 1U : 0U;
    }
};

#endif
