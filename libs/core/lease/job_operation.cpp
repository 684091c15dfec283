// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/job_operation.hpp>

#include "core/lease/lease_record.hpp"
#include "core/manager/manager_core.hpp"

#include <boost/asio/error.hpp>

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

// The compiled part of jobs as operations: the `job_host` of a job that runs on a thread of this
// program, and calls of jobs by name. The templates in detail/job_operation.hpp call it.

namespace leasepool {
namespace detail {

local_job_host::local_job_host(run_operation& op) noexcept : op_(op), on_(*pool_of_this_thread()) {}

std::stop_token local_job_host::stop_token() const noexcept
{
    return op_.stop() ? op_.stop()->get_token() : std::stop_token();
}

void local_job_host::progress(boost::json::value&& value)
{
    if (auto const& to = op_.remote()->progress)
        report_progress(pool_site(&on_), *to, std::move(value));
}

void local_job_host::log(severity level, std::string_view text)
{
    on_.core().log(level, text,
        {{"pool", std::to_string(on_.id())}, {"job", std::string(op_.remote()->name())}});
}

error_code why_asked_to_stop(run_operation const& op) noexcept
{
    // An item of a grinder has no lease of its own.
    if (!op.lease)
        return boost::asio::error::operation_aborted;
    auto const why = record_of(*op.lease).why_ended();
    if (why == lease_record::reason::live || why == lease_record::reason::released)
        return boost::asio::error::operation_aborted;
    return op.lease->ended();
}

untyped_call::untyped_call(std::string_view name, boost::json::value params)
    : name_(job<void()>(name).name()), params_(std::move(params))
{
    if (!params_.is_structured() && !params_.is_null())
        throw std::invalid_argument("leasepool::async_call: the params of job \"" + name_ +
            "\" are neither an array, nor an object, nor null");
}

boost::json::value untyped_call::operator()(job_context&)
{
    throw_job_not_local(name_);
}

}  // namespace detail
}  // namespace leasepool
