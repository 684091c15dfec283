// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_HPP
#define LEASEPOOL_HPP

/// @file
/// Includes all of leasepool except leasepool/wait_closed.hpp, for sessions of a server, and the
/// support for worker processes, which is in separate libraries: leasepool/process_backend.hpp for the
/// parent, leasepool/worker.hpp for the workers.

#include <leasepool/any_backend.hpp>
#include <leasepool/backend.hpp>
#include <leasepool/config.hpp>
#include <leasepool/error.hpp>
#include <leasepool/grinder_options.hpp>
#include <leasepool/grinder_stats.hpp>
#include <leasepool/histogram.hpp>
#include <leasepool/job.hpp>
#include <leasepool/job_context.hpp>
#include <leasepool/job_options.hpp>
#include <leasepool/lease.hpp>
#include <leasepool/lease_executor.hpp>
#include <leasepool/log.hpp>
#include <leasepool/manager.hpp>
#include <leasepool/observer.hpp>
#include <leasepool/options.hpp>
#include <leasepool/remote_error.hpp>
#include <leasepool/severity.hpp>
#include <leasepool/stats.hpp>
#include <leasepool/thread_backend.hpp>
#include <leasepool/version.hpp>
#include <leasepool/work_grinder.hpp>
#include <leasepool/worker_state.hpp>

#endif
