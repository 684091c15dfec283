// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_LARGE_ANSWERS_HPP
#define LEASEPOOL_BENCH_LARGE_ANSWERS_HPP

#include <leasepool/job.hpp>

#include <boost/json/value.hpp>

#include <cstdint>

namespace leasepool::bench {

// Of a worker that writes its answers as text, so that it has no part in what they cost.

/// A string of about this many bytes, or an array of small values whose text is as long.
inline constexpr job<boost::json::value(std::uint64_t)> text_job{"text"};
inline constexpr job<boost::json::value(std::uint64_t)> numbers_job{"numbers"};
inline constexpr job<boost::json::value(std::uint64_t)> objects_job{"objects"};

/// An object with this many keys that all fall into one bucket of a Boost.JSON before 1.90 if the
/// lowest byte of the address of its table is `salt`. The number of keys is a power of two.
inline constexpr job<boost::json::value(std::uint64_t, std::uint64_t)> colliding_keys_job{
    "colliding_keys"};

/// Runs a worker that has these jobs, until the end of its input.
/// @returns the exit status of the program.
int run_large_answers();

}  // namespace leasepool::bench

#endif
