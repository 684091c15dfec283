// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_LOG_QUEUE_HPP
#define LEASEPOOL_CORE_LOG_QUEUE_HPP

#include <leasepool/log.hpp>
#include <leasepool/severity.hpp>

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool::detail {

/// The log records that wait for the manager's strand. Any thread adds them; `manager_core` takes
/// them on the strand and passes them to the user's log.
///
/// Their number and their bytes are bounded. The oldest are dropped for a new one, and counted.
class log_queue {
public:
    static constexpr std::size_t max_records = 1000;
    static constexpr std::size_t max_bytes = std::size_t{1} << 20;

    struct record {
        severity level{};
        std::string message;
        std::vector<log_field> fields;
        std::uint64_t dropped_before =
            0;  ///< records that were dropped since the last one was taken
    };

    /// Adds a record. If there is no memory for it, it counts as dropped.
    void add(severity level, std::string_view message, std::vector<log_field>&& fields) noexcept;
    /// Counts a record that could not be made.
    void count_dropped() noexcept;
    /// Moves the oldest record, if there is one, to `to`, which is empty. Returns whether there was.
    bool take(std::list<record>& to) noexcept;
    /// Forgets the records.
    void clear() noexcept;
    /// Returns the number of records dropped so far.
    std::uint64_t dropped() const noexcept;

private:
    static std::size_t bytes_of(record const& r) noexcept;

    std::mutex mutable mutex_;
    std::list<record> records_;
    std::size_t bytes_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint64_t reported_ = 0;  // those of them that a taken record reports
};

}  // namespace leasepool::detail

#endif
