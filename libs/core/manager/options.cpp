// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/grinder_options.hpp>
#include <leasepool/options.hpp>
#include <leasepool/thread_backend.hpp>

#include "core/ledger/ledger.hpp"
#include "core/manager/option_checker.hpp"
#include "core/support/cpu_count.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

// The checks of the options of managers, thread backends and grinders, whose constructors call
// `validate`.

namespace leasepool {

using detail::option_checker;

namespace {

// The value does not fit in 32 bits, so the type is not size_t.
constexpr std::uint64_t most_pools = std::uint64_t{1} << 32;

}  // namespace

std::size_t available_cpus()
{
    static std::size_t const count = detail::cpu_count();
    return count;
}

void validate(manager_options const& options)
{
    option_checker const check("leasepool::manager_options::");
    check.utf8("name", options.name);
    check.at_least("max_pools", options.max_pools, 1);
    check.at_most("max_pools", options.max_pools, most_pools);
    if (options.max_retired)
        check.at_most("max_retired", *options.max_retired, most_pools);
    check.at_least("min_pools", options.min_pools, 1);
    check.at_most("min_pools", options.min_pools, options.max_pools, " (max_pools)");
    check.at_least("units_per_pool", options.units_per_pool, 1);
    check.positive("check_interval", options.check_interval);
    check.positive("default_duration", options.default_duration);
    check.not_negative("grace", options.grace);
    check.not_negative("idle_ttl", options.idle_ttl);
    check.at_least("max_waiters", options.max_waiters, 1);
    check.positive("backoff", options.backoff);
    check.positive("max_backoff", options.max_backoff);
    check.at_least("make_attempts", options.make_attempts, 1);
}

void validate(thread_backend_options const& options)
{
    option_checker const check("leasepool::thread_backend_options::");
    check.at_least("workers_per_pool", options.workers_per_pool, 1);
    check.at_most("workers_per_pool", options.workers_per_pool, 65'536);
    check.not_negative("spin", options.spin);
    if (options.nice < -20 || options.nice > 19)
        detail::refuse_option("leasepool::thread_backend_options::", "nice",
            std::to_string(options.nice), "-20 to 19");
    for (int const cpu : options.affinity)
        if (cpu < 0)
            detail::refuse_option("leasepool::thread_backend_options::", "affinity",
                std::to_string(cpu), "numbers of CPUs, 0 or more");
}

void validate(grinder_options const& options)
{
    option_checker const check("leasepool::grinder_options::");
    check.utf8("name", options.name);
    check.at_least("batch_size", options.batch_size, 1);
    if (options.max_batch)
        check.at_least("max_batch", *options.max_batch, options.batch_size, " (batch_size)");
    check.positive("max_wait", options.max_wait);
    check.positive("duration", options.duration);
    check.at_least("max_pending", options.max_pending, options.batch_size, " (batch_size)");
    if (options.max_concurrent_batches)
        check.at_least("max_concurrent_batches", *options.max_concurrent_batches, 1);
}

}  // namespace leasepool
