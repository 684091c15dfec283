// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_JOB_OUTCOME_HPP
#define LEASEPOOL_PROCESS_JOB_OUTCOME_HPP

#include "process/child/exit_status.hpp"

#include "wire/limits.hpp"
#include "wire/message.hpp"

#include <leasepool/detail/remote_call.hpp>
#include <leasepool/error.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace leasepool::detail {

/// What is known of a worker when something goes wrong with it.
struct worker_facts {
    pid_t pid = -1;
    std::vector<std::string> methods;
    std::vector<std::string> stderr_lines;
    /// A text about bytes that it sent without a line end; empty: there are none.
    std::string unfinished{};
};

/// Writes the request of a call, all of it but the id, into its body.
/// @throws system_error(errc::not_serializable), system_error(errc::message_too_large), naming job
///     and argument; what the conversion of the arguments throws.
void write_body(remote_call& call, wire::limits const& bounds);

/// The error answer of a worker as an exception that says what to do about it.
std::exception_ptr failure_of(
    wire::error&& answer, remote_call& call, std::vector<std::string> const& methods);

/// A worker died with this job.
std::exception_ptr death_of(
    worker_facts const& worker, exit_status const& status, std::string_view job);

/// Returns the error of a job that has ended because its timeout had passed.
std::exception_ptr timeout_of(std::string_view job, std::chrono::steady_clock::duration timeout);

/// Returns the error of a job whose worker was killed because the job did not stop after its timeout.
std::exception_ptr killed_at_timeout(worker_facts const& worker, std::string_view job,
    std::chrono::steady_clock::duration timeout, std::chrono::steady_clock::duration kill_grace);

/// Returns "500 ms", "2 s".
std::string in_words(std::chrono::steady_clock::duration time);

/// `code`, with a text that names the worker and has its last lines.
std::exception_ptr trouble_with(worker_facts const& worker, errc code, std::string const& what);

}  // namespace leasepool::detail

#endif
