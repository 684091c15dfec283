// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_PROCESS_WORKER_SUPPLY_HPP
#define LEASEPOOL_PROCESS_WORKER_SUPPLY_HPP

#include <chrono>
#include <cstddef>

namespace leasepool::detail {

/// How many workers a pool has, and when the next may be started. Pure, as `link_state` is.
///
/// A worker that dies is replaced at once; only when workers do not even get to their first job
/// are the pauses between attempts doubled. One that is to be recycled stays in service until its
/// successor is ready.
class worker_supply {
public:
    using time = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;
    static constexpr time never = time::max();

    struct options {
        std::size_t workers = 1;
        duration backoff{};
        duration max_backoff{};
        /// Number of failures in a row after which starting is given up, if no worker is in service.
        std::size_t attempts = 1;
    };

    explicit worker_supply(options const& o) noexcept : options_(o) {}

    // Events -----------------------------------------------------------------------------------

    /// One is being started.
    void starting() noexcept { ++starting_; }
    /// It did not become ready.
    void start_failed(time now) noexcept;
    /// It is in service.
    void ready() noexcept;
    /// One in service was given a job: whatever it dies of, it had started.
    void proven() noexcept;
    /// One in service is to be replaced.
    void due() noexcept { ++due_; }
    /// One in service is so no more; `proved`: it had been given a job.
    void left(bool was_due, bool proved, time now) noexcept;

    // Decisions --------------------------------------------------------------------------------

    /// Whether to start one now.
    bool wants_start(time now) const noexcept { return short_handed() && now >= not_before_; }
    /// Whether one of those that are due can go.
    bool can_retire() const noexcept { return due_ != 0 && serving_ > options_.workers; }
    bool given_up() const noexcept
    {
        return serving_ == 0 && starting_ == 0 && failures_ >= options_.attempts;
    }
    /// Returns whether the maximum number of starts in a row has failed. A pool that has not been ready
    /// yet is given up then.
    bool out_of_attempts() const noexcept { return failures_ >= options_.attempts; }
    time next_deadline() const noexcept { return short_handed() ? not_before_ : never; }

    std::size_t serving() const noexcept { return serving_; }
    std::size_t in_starting() const noexcept { return starting_; }
    std::size_t failures() const noexcept { return failures_; }

private:
    bool short_handed() const noexcept { return serving_ - due_ + starting_ < options_.workers; }

    options const options_;
    std::size_t starting_ = 0;
    std::size_t serving_ = 0;
    std::size_t due_ = 0;  // of those
    std::size_t failures_ = 0;
    duration pause_{};
    time not_before_ = time::min();
};

}  // namespace leasepool::detail

#endif
