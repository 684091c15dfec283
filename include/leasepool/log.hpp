// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LOG_HPP
#define LEASEPOOL_LOG_HPP

#include <leasepool/config.hpp>
#include <leasepool/severity.hpp>

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace leasepool {

/// A named value of a log record.
struct log_field {
    std::string_view name;
    std::string value;
};

/// One event, described for people.
///
/// The views and the span are valid only during the call of the sink.
///
/// Field names: `pool`, `lease`, `owner`, `where` (`file:line` of the acquire), `held_by` and
/// `held_at` (owner and line of the lease under which a waiting acquire was begun), `count`,
/// `error`, `held_ns`, `operation` (of a handler whose executor threw), `job`, `worker` (its process
/// number), `source` (`log` or `stderr`: how a worker sent the text), `grinder` (the name of a work
/// grinder).
struct log_record {
    std::chrono::system_clock::time_point time;
    /// `manager_options::name` of the manager whose record it is.
    std::string_view manager;
    severity level = severity::info;
    std::string_view message;
    std::span<log_field const> fields;
};

/// A function that receives log records.
///
/// Called on the manager's strand: never concurrently with itself, never with a lock held, and
/// never inside a call of yours. It may call the manager. An exception that leaves the
/// function is dropped and counted in `stats::callback_errors`.
///
/// Records of pools, workers and jobs may come faster than the function returns. Then up to 1000 of
/// them, and about 1 MiB, wait. Beyond that the oldest are dropped; a record says how many, and
/// `stats::log_records_dropped` counts them.
using log_sink = std::function<void(log_record const&)>;

}  // namespace leasepool

#endif
