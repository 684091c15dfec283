// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_EVENT_REPORTER_HPP
#define LEASEPOOL_CORE_EVENT_REPORTER_HPP

#include "core/lease/lease_record.hpp"
#include "core/support/text.hpp"

#include <leasepool/log.hpp>
#include <leasepool/observer.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace leasepool::detail {

/// Calls the user's log and observer. `manager_core` uses it, on the strand only.
class event_reporter {
public:
    /// @param manager the name of the manager, in each log record. Must outlive this object.
    event_reporter(std::string_view manager, log_sink log, observer const& obs);

    /// Returns whether there is a log or an observer.
    bool any() const noexcept { return any_; }
    /// Returns whether the log or the observer gets the grants and returns of leases.
    bool watches_leases() const noexcept { return watches_leases_; }

    /// Called when the manager has ended. Nothing is called after this.
    void end() noexcept { ended_ = true; }

    void say(severity level, std::string_view message) noexcept { log(level, message, {}); }

    /// Logs `message` with the fields of a lease, and calls `callback`.
    void tell(severity level, std::string_view message, lease_record const& lease,
        std::chrono::nanoseconds elapsed,
        std::function<void(lease_event const&)> observer::*callback) noexcept;

    void pool_created(std::uint64_t pool) noexcept;
    void pool_closed(std::uint64_t pool) noexcept;
    void pool_failed(
        std::uint64_t pool, std::exception_ptr const& why, std::string_view message) noexcept;
    void starved(std::size_t capacity, std::size_t max_pools) noexcept;
    void unhandled(std::uint64_t lease, std::exception_ptr const& error) noexcept;
    void not_started(error_code error) noexcept;
    void stopped(std::size_t abandoned) noexcept;
    void size_provider_failed(std::exception_ptr const& why) noexcept;

    /// Logs a record that came from another part of the program. If `dropped` is not 0, first logs
    /// that this number of records was dropped.
    void record(severity level, std::string_view message, std::span<log_field const> fields,
        std::uint64_t dropped) noexcept;
    bool logs() const noexcept { return static_cast<bool>(log_); }

    /// Returns the number of exceptions that callbacks have thrown.
    std::uint64_t errors() const noexcept { return errors_; }

private:
    template <class F>
    void guarded(F&& f) noexcept;
    void log(
        severity level, std::string_view message, std::initializer_list<log_field> fields) noexcept;
    template <class... Args>
    void call(
        std::function<void(Args...)> const& callback, std::type_identity_t<Args>... args) noexcept;

    std::string_view const manager_;
    log_sink const log_;
    observer const observer_;
    bool const any_;
    bool const watches_leases_;
    bool ended_ = false;
    std::uint64_t errors_ = 0;
};

}  // namespace leasepool::detail

#endif
