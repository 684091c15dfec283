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
/// The params of the protocol's own notifications. Each is written by `to_params` and read by a
/// function `read_…`, which returns for people what is wrong if it cannot be read. Members that
/// are not known are passed over.

namespace leasepool::wire {

template <class T>
using read_result = std::variant<T, std::string>;

/// The first message of a worker.
struct ready {
    std::int64_t version;
    std::int64_t pid;
    std::vector<std::string> methods;
    std::vector<std::string> capabilities;

    bool can(std::string_view capability) const noexcept;
};
boost::json::value to_params(ready const& from);
/// A version other than ours is read, for the caller to refuse by its number; of it, nothing else
/// is looked at.
read_result<ready> read_ready(boost::json::value const& params);

/// What a worker has to say. Outside a job there is no id.
struct log_line {
    std::string severity;  ///< "debug", "info", "warning" or "error"; others count as "info"
    std::string message;
    std::optional<std::uint64_t> id;
};
/// Invalid UTF-8 in the message is replaced.
boost::json::value to_params(log_line const& from);
read_result<log_line> read_log(boost::json::value const& params);

/// How far a job is; the value is the job's own affair.
struct progress {
    std::uint64_t id;
    boost::json::value value;
};
boost::json::value to_params(progress const& from);
read_result<progress> read_progress(boost::json::value const& params);

/// Asks a job to stop, and bars the worker from beginning any.
struct cancel {
    std::uint64_t id;
};
boost::json::value to_params(cancel const& from);
read_result<cancel> read_cancel(boost::json::value const& params);

boost::json::value to_params(limits const& from);
read_result<limits> read_limits(boost::json::value const& params);

/// `error.data` of `bad_arguments` and `bad_result`.
struct conversion_error {
    std::string at;        ///< a JSON pointer into the params or the result; empty: all of it
    std::string expected;  ///< for people
};
boost::json::value to_data(conversion_error const& from);
/// Lenient, as it only explains: what is missing is empty.
conversion_error read_conversion_error(boost::json::value const& data);

/// `error.data` of `job_threw`.
struct thrown {
    std::string type;  ///< as the worker's language names it
    std::string what;
};
/// Invalid UTF-8 is replaced.
boost::json::value to_data(thrown const& from);
/// Lenient, as it only explains: what is missing is empty.
thrown read_thrown(boost::json::value const& data);

}  // namespace leasepool::wire

#endif
