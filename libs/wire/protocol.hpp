// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_PROTOCOL_HPP
#define LEASEPOOL_WIRE_PROTOCOL_HPP

#include <string_view>

/// @file
/// The names and numbers of doc/protocol.md, for both ends of the pipe. A change here needs a
/// change there.

namespace leasepool::wire {

/// Increased when a peer that knows only the former version would not understand the messages.
inline constexpr int protocol_version = 1;

/// The prefix of the protocol's own methods. The name of a job must not begin with it.
inline constexpr std::string_view reserved_prefix = "leasepool/";

/// The methods of the protocol. All are notifications.
namespace methods {
inline constexpr std::string_view ready = "leasepool/ready";        // from a worker, first message
inline constexpr std::string_view log = "leasepool/log";            // from a worker
inline constexpr std::string_view progress = "leasepool/progress";  // from a worker
// Sent by a worker when no job runs and all that it has begun are answered. It begins no job after
// that.
inline constexpr std::string_view goodbye = "leasepool/goodbye";
inline constexpr std::string_view limits = "leasepool/limits";  // to a worker, after `ready`
inline constexpr std::string_view cancel = "leasepool/cancel";  // to a worker
inline constexpr std::string_view resume = "leasepool/resume";  // to a worker
// Sent to a worker immediately before the end of its input, which does not come while a forked copy
// of the parent has the pipe open. It means the same.
inline constexpr std::string_view shutdown = "leasepool/shutdown";
}  // namespace methods

/// The capability of a worker that accepts requests while it runs one.
inline constexpr std::string_view pipelining = "pipelining";

/// `error.code` in an answer.
enum class error_number : int {
    not_json = -32700,          ///< the line is not JSON
    invalid_message = -32600,   ///< the line is not a message of the protocol, or too long
    unknown_method = -32601,    ///< the worker has no such job
    bad_arguments = -32602,     ///< `data`: `{"at", "expected"}`
    internal = -32603,          ///< the worker itself failed, not the job
    job_threw = -32000,         ///< `data`: `{"type", "what"}`
    bad_result = -32001,        ///< the result cannot be sent as JSON; `data`: `{"at", "expected"}`
    result_too_large = -32002,  ///< the answer would exceed `max_message_bytes`
    canceled = -32003,          ///< the job began, and ended because it was asked to stop
    not_begun = -32004,         ///< the job never began, because of a cancel
};

}  // namespace leasepool::wire

#endif
