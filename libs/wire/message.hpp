// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_MESSAGE_HPP
#define LEASEPOOL_WIRE_MESSAGE_HPP

#include "protocol.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

/// @file
/// The messages of doc/protocol.md. `reader` makes them from lines, for both ends of the pipe.

namespace leasepool::wire {

/// Asks a worker to run a job. The worker sends one answer.
struct request {
    std::uint64_t id;
    std::string method;
    boost::json::value params;  ///< an array or an object; null: none
};

/// A message that has no answer.
struct notification {
    std::string method;
    boost::json::value params;  ///< an array or an object; null: none
};

/// The answer of a job that has returned.
struct result {
    std::uint64_t id;
    boost::json::value value;
};

/// The answer of a job that has not returned a result, or to a line that cannot be read.
struct error {
    std::optional<std::uint64_t> id;  ///< none: the answer is to a line whose id could not be read
    int number;                       ///< an `error_number`, or another number
    std::string message;
    boost::json::value data;  ///< null: none
};

/// A line that breaks the protocol.
struct violation {
    error_number why;                 ///< `not_json` or `invalid_message`
    std::optional<std::uint64_t> id;  ///< the id in the line, if it has a valid one
    std::string text;                 ///< a description for the answer or for the error of a job
};

/// The content of a line.
using message = std::variant<request, notification, result, error, violation>;

}  // namespace leasepool::wire

#endif
