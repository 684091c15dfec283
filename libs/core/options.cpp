// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/grinder_options.hpp>
#include <leasepool/options.hpp>
#include <leasepool/thread_backend.hpp>

#include "cpu_count.hpp"
#include "ledger.hpp"

#include <limits>
#include <stdexcept>
#include <string>

namespace leasepool {
namespace {

[[noreturn]] void refuse(std::string const& where, std::string_view option,
    std::string const& value, std::string const& bound)
{
    throw std::invalid_argument(
        where + std::string(option) + " is " + value + "; it must be " + bound);
}

class checker {
public:
    explicit checker(std::string where) : where_(std::move(where)) {}

    void at_least(std::string_view option, std::size_t value, std::size_t least,
        std::string const& called = {}) const
    {
        if (value < least)
            refuse(where_, option, std::to_string(value),
                "at least " + std::to_string(least) + called);
    }

    void at_most(std::string_view option, std::size_t value, std::size_t most,
        std::string const& called = {}) const
    {
        if (value > most)
            refuse(
                where_, option, std::to_string(value), "at most " + std::to_string(most) + called);
    }

    void not_negative(std::string_view option, steady_duration value) const
    {
        if (value < steady_duration::zero())
            refuse(where_, option, text(value), "0 or more");
        not_too_long(option, value);
    }

    void positive(std::string_view option, steady_duration value) const
    {
        if (value <= steady_duration::zero())
            refuse(where_, option, text(value), "greater than 0");
        not_too_long(option, value);
    }

private:
    void not_too_long(std::string_view option, steady_duration value) const
    {
        if (value > detail::longest_duration)
            refuse(where_, option, text(value),
                "at most " + text(detail::longest_duration) +
                    " (73 years), so that times cannot overflow");
    }

    static std::string text(steady_duration value)
    {
        using std::chrono::nanoseconds;
        return std::to_string(std::chrono::duration_cast<nanoseconds>(value).count()) + " ns";
    }

    std::string where_;
};

constexpr std::size_t most_pools = std::size_t{1} << 32;

}  // namespace

std::size_t available_cpus()
{
    static std::size_t const count = detail::cpu_count();
    return count;
}

void validate(manager_options const& options)
{
    checker const check("leasepool::manager_options::");
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
    checker const check("leasepool::thread_backend_options::");
    check.at_least("workers_per_pool", options.workers_per_pool, 1);
    check.at_most("workers_per_pool", options.workers_per_pool, 65'536);
    check.not_negative("spin", options.spin);
    for (int const cpu : options.affinity)
        if (cpu < 0)
            refuse("leasepool::thread_backend_options::", "affinity", std::to_string(cpu),
                "numbers of CPUs, 0 or more");
}

void validate(grinder_options const& options)
{
    checker const check("leasepool::grinder_options::");
    check.at_least("batch_size", options.batch_size, 1);
    if (options.max_batch)
        check.at_least("max_batch", *options.max_batch, options.batch_size, " (batch_size)");
    check.positive("max_wait", options.max_wait);
    check.positive("duration", options.duration);
    check.at_least("max_pending", options.max_pending, options.batch_size, " (batch_size)");
    if (options.max_concurrent_batches)
        check.at_least("max_concurrent_batches", *options.max_concurrent_batches, 1);
    if (options.target_batch_time)
        check.positive("target_batch_time", *options.target_batch_time);
}

}  // namespace leasepool
