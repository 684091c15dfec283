// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_RAW_WORKER_HPP
#define LEASEPOOL_BENCH_RAW_WORKER_HPP

#include "wire/message.hpp"

#include <functional>
#include <string>

namespace leasepool::bench {

/// Reads requests from stdin to its end, and answers each with one write, with nothing but the codec
/// of the library. `answer(request, out)` appends the answer, with the end of its line.
/// @returns the exit status of the program.
int answer_requests(std::function<void(wire::request const&, std::string&)> const& answer);

}  // namespace leasepool::bench

#endif
