// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/process_backend.hpp>

#include "core/manager/option_checker.hpp"
#include "process/child/spawn_options.hpp"

#include "wire/limits.hpp"

namespace leasepool {

void validate(process_backend_options const& options)
{
    detail::option_checker const check("leasepool::process_backend_options::");
    check.at_least("workers_per_pool", options.workers_per_pool, 1);
    check.at_most("workers_per_pool", options.workers_per_pool, 1024);
    check.positive("startup_timeout", options.startup_timeout);
    if (options.job_timeout)
        check.positive("job_timeout", *options.job_timeout);
    check.not_negative("kill_grace", options.kill_grace);
    check.at_least("max_message_bytes", options.max_message_bytes, wire::limits::min_message_bytes);
    check.at_least("max_message_depth", options.max_message_depth, wire::limits::min_depth);
    if (options.max_jobs_per_worker)
        check.at_least("max_jobs_per_worker", *options.max_jobs_per_worker, 1);
    if (options.max_worker_age)
        check.positive("max_worker_age", *options.max_worker_age);
    if (options.max_worker_rss)
        check.at_least("max_worker_rss", *options.max_worker_rss, 1);
    check.positive("backoff", options.backoff);
    check.positive("max_backoff", options.max_backoff);
    check.at_least("start_attempts", options.start_attempts, 1);

    detail::spawn_options start;
    start.command = options.command;
    start.launcher = options.launcher;
    start.environment = options.environment;
    start.working_directory = options.working_directory;
    start.limits = options.limits;
    detail::validate(start);
}

}  // namespace leasepool
