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

/// Why a job has no result, as it is answered.
struct failure {
    wire::error_number number;
    std::string message;
    boost::json::value data{};
};

/// Of the exception that is being handled.
/// @param params the job's, as far as they are left: of what was converted only the outline is.
/// @param stop_asked whether the job was asked to stop before that.
failure failure_of_exception(std::string_view job, detail::job_stage stage,
    boost::json::value const& params, bool stop_asked);

/// Of a result that cannot be sent.
failure failure_of_result(std::string_view job, wire::encoding_error const& why);

failure unknown_job(std::string_view name);

}  // namespace leasepool::worker

#endif
