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

namespace leasepool::wire {

/// A job to run; it wants one answer.
struct request {
    std::uint64_t id;
    std::string method;
    boost::json::value params;  ///< an array or an object; null: none
};

/// Something to know, which nobody answers.
struct notification {
    std::string method;
    boost::json::value params;  ///< an array or an object; null: none
};

/// The answer that a job returned.
struct result {
    std::uint64_t id;
    boost::json::value value;
};

/// The answer that it did not.
struct error {
    std::optional<std::uint64_t> id;  ///< none: of a request that its reader could not read
    int number;                       ///< an `error_number`, or one unknown to this version
    std::string message;
    boost::json::value data;  ///< null: none
};

/// A line that is no message.
struct violation {
    error_number why;                 ///< `not_json` or `invalid_message`
    std::optional<std::uint64_t> id;  ///< if it had a valid one, so that it can be answered
    std::string text;                 ///< for people: what is wrong, and the line it is wrong in
};

/// What a line says.
using message = std::variant<request, notification, result, error, violation>;

}  // namespace leasepool::wire

#endif
