// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_NOTIFICATIONS_HPP
#define LEASEPOOL_WIRE_NOTIFICATIONS_HPP

#include "limits.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// @file
/// The params of the notifications of doc/protocol.md, and the data of its errors, as structs. Both
/// ends of the pipe use them.
///
/// `to_params` and `to_data` make a JSON value from a struct. A function `read_…` reads one. For
/// params it returns a text that describes the first fault if the value cannot be read. Unknown
/// members are ignored.

namespace leasepool::wire {

/// A struct, or the text of a fault.
template <class T>
using read_result = std::variant<T, std::string>;

/// Params of `leasepool/ready`, the first message of a worker.
struct ready {
    std::int64_t version;
    std::int64_t pid;
    std::vector<std::string> methods;
    std::vector<std::string> capabilities;

    /// Returns whether the worker has this capability.
    bool can(std::string_view capability) const noexcept;
};
boost::json::value to_params(ready const& from);
/// If the version is not `protocol_version`, reads only the version. The caller has to check it.
read_result<ready> read_ready(boost::json::value const& params);

/// Params of `leasepool/log`: a log record of a worker. Outside a job it has no id.
struct log_line {
    std::string severity;  ///< "debug", "info", "warning" or "error"; others mean "info"
    std::string message;
    std::optional<std::uint64_t> id;
};
/// The message must be valid UTF-8, see `detail::repaired_utf8`.
boost::json::value to_params(log_line const& from);
read_result<log_line> read_log(boost::json::value const& params);

/// Params of `leasepool/progress`. The job decides what the value is.
struct progress {
    std::uint64_t id;
    boost::json::value value;
};
boost::json::value to_params(progress const& from);
read_result<progress> read_progress(boost::json::value&& params);

/// Params of `leasepool/cancel`, which asks a job to stop and pauses the worker.
struct cancel {
    std::uint64_t id;
};
boost::json::value to_params(cancel const& from);
read_result<cancel> read_cancel(boost::json::value const& params);

/// Makes the params of `leasepool/limits`.
boost::json::value to_params(limits const& from);
/// Replaces limits that are too small by the minimum.
read_result<limits> read_limits(boost::json::value const& params);

/// `error.data` of `bad_arguments`, `bad_result` and `result_too_large`.
struct conversion_error {
    std::string at;        ///< a JSON pointer into the params or the result; empty: all of it
    std::string expected;  ///< a text for the message of an error: "a number"
    std::string got;       ///< what came instead: `the string "x"`; may be empty
};
/// Replaces invalid UTF-8.
boost::json::value to_data(conversion_error const& from);
/// A member that is missing or is not a string is empty in the result.
conversion_error read_conversion_error(boost::json::value const& data);

/// `error.data` of `job_threw`.
struct thrown {
    std::string type;  ///< the exception's type, as the worker's language names it
    std::string what;  ///< its text
};
/// Replaces invalid UTF-8.
boost::json::value to_data(thrown const& from);
/// A member that is missing or is not a string is empty in the result.
thrown read_thrown(boost::json::value const& data);

}  // namespace leasepool::wire

#endif
