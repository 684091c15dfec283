// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_LIBS_WORKER_FAILURE_HPP
#define LEASEPOOL_LIBS_WORKER_FAILURE_HPP

#include "wire/encoding_error.hpp"
#include "wire/protocol.hpp"

#include <leasepool/detail/worker_entry.hpp>

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace leasepool::worker {

/// The error answer of a job that has no result. `session` makes and sends it. The message does not
/// name the job: the parent adds the name, and for `bad_result` the place.
struct failure {
    wire::error_number number;
    std::string message;
    boost::json::value data{};
};

/// Returns the failure for the exception that is being handled.
/// @param stage the stage that the call of the job had reached.
/// @param params the params of the job. Only their kind is used: the conversion may have moved
///     their elements.
/// @param stop_asked whether the job was asked to stop.
failure failure_of_exception(
    detail::job_stage stage, boost::json::value const& params, bool stop_asked);

/// Returns the failure for a result that cannot be sent.
failure failure_of_result(wire::encoding_error const& why);

/// Returns the failure for a request that names no job of this worker.
failure unknown_job(std::string_view name);

}  // namespace leasepool::worker

#endif
