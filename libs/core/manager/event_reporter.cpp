// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/event_reporter.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

// The text and fields of every log record about a manager's own events, and the calls of the
// observer. `manager_core` calls it on the strand; it catches every exception of the user's
// callbacks.

namespace leasepool {

namespace detail {

event_reporter::event_reporter(std::string_view manager, log_sink log, observer const& obs)
    : manager_(manager), log_(std::move(log)), observer_(obs),
      any_(log_ || obs.on_lease || obs.on_release || obs.on_overdue || obs.on_revoke ||
          obs.on_pool_created || obs.on_pool_closed || obs.on_pool_failed || obs.on_starved ||
          obs.on_unhandled_exception),
      watches_leases_(log_ || obs.on_lease || obs.on_release)
{
}

template <class F>
void event_reporter::guarded(F&& f) noexcept
{
    try {
        f();
    }
    catch (...) {
        ++errors_;
    }
}

template <class... Args>
void event_reporter::call(
    std::function<void(Args...)> const& callback, std::type_identity_t<Args>... args) noexcept
{
    if (!callback || ended_)
        return;
    try {
        callback(args...);
    }
    catch (...) {
        ++errors_;
        guarded([&, error = std::current_exception()] {
            log(severity::error, "an observer's callback threw", {{"error", what_of(error)}});
        });
    }
}

void event_reporter::log(
    severity level, std::string_view message, std::initializer_list<log_field> fields) noexcept
{
    if (!log_ || ended_)
        return;
    guarded([&] {
        log_({.time = std::chrono::system_clock::now(),
            .manager = manager_,
            .level = level,
            .message = message,
            .fields = {fields.begin(), fields.size()}});
    });
}

void event_reporter::tell(severity level, std::string_view message, lease_record const& lease,
    std::chrono::nanoseconds elapsed,
    std::function<void(lease_event const&)> observer::*callback) noexcept
{
    auto const* const on = lease.pool();
    auto const pool = on ? on->id() : 0;
    if (log_)
        guarded([&] {
            log(level, message,
                {{"lease", std::to_string(lease.id())}, {"pool", std::to_string(pool)},
                    {"owner", std::string(lease.owner())}, {"where", to_text(lease.where())},
                    {"held_ns", std::to_string(elapsed.count())}});
        });
    call(observer_.*callback,
        {.lease = lease.id(),
            .pool = pool,
            .owner = lease.owner(),
            .where = lease.where(),
            .elapsed = elapsed});
}

void event_reporter::pool_created(std::uint64_t pool) noexcept
{
    if (log_)
        guarded([&] { log(severity::info, "pool created", {{"pool", std::to_string(pool)}}); });
    call(observer_.on_pool_created, pool);
}

void event_reporter::pool_closed(std::uint64_t pool) noexcept
{
    if (log_)
        guarded([&] { log(severity::info, "pool closed", {{"pool", std::to_string(pool)}}); });
    call(observer_.on_pool_closed, pool);
}

void event_reporter::pool_failed(
    std::uint64_t pool, std::exception_ptr const& why, std::string_view message) noexcept
{
    if (log_)
        guarded([&] {
            log(severity::error, message,
                {{"pool", std::to_string(pool)}, {"error", what_of(why)}});
        });
    call(observer_.on_pool_failed, pool, why);
}

void event_reporter::starved(std::size_t capacity, std::size_t max_pools) noexcept
{
    if (log_)
        guarded([&] {
            if (capacity < max_pools)
                log(severity::warning,
                    "revoked pools still run; fewer than max_pools can be in service",
                    {{"count", std::to_string(capacity)}});
            else
                log(severity::info, "all of max_pools can be in service again",
                    {{"count", std::to_string(capacity)}});
        });
    call(observer_.on_starved, capacity);
}

void event_reporter::unhandled(std::uint64_t lease, std::exception_ptr const& error) noexcept
{
    if (log_)
        guarded([&] {
            log(severity::error, "a function posted to a lease threw",
                {{"lease", std::to_string(lease)}, {"error", what_of(error)}});
        });
    call(observer_.on_unhandled_exception, lease, error);
}

void event_reporter::record(severity level, std::string_view message,
    std::span<log_field const> fields, std::uint64_t dropped) noexcept
{
    if (dropped != 0)
        guarded([&] {
            log(severity::warning,
                "log records were dropped, because they came faster than the log took them",
                {{"count", std::to_string(dropped)}});
        });
    if (ended_)
        return;
    guarded([&] {
        log_({.time = std::chrono::system_clock::now(),
            .manager = manager_,
            .level = level,
            .message = message,
            .fields = fields});
    });
}

void event_reporter::not_started(error_code error) noexcept
{
    if (log_)
        guarded([&] { log(severity::error, "manager not started", {{"error", error.message()}}); });
}

void event_reporter::stopped(std::size_t abandoned) noexcept
{
    if (abandoned == 0)
        say(severity::info, "manager stopped");
    else if (log_)
        guarded([&] {
            log(severity::error, "manager stopped; functions that still run were abandoned",
                {{"count", std::to_string(abandoned)}});
        });
}

void event_reporter::size_provider_failed(std::exception_ptr const& why) noexcept
{
    ++errors_;
    if (log_)
        guarded([&] {
            log(severity::warning, "the size provider threw; it counts as 0 units",
                {{"error", what_of(why)}});
        });
}

}  // namespace detail
}  // namespace leasepool
