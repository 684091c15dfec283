// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_TRACKER_EXECUTOR_HPP
#define LEASEPOOL_TEST_TRACKER_EXECUTOR_HPP

#include "integration/support/support.hpp"

#include <boost/asio/execution.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <utility>

namespace leasepool::test {

/// An executor that knows what runs through it and how much work is outstanding on it. It has no
/// execution context, so it does not convert to any_io_executor.
class tracker_executor {
public:
    struct record {
        std::atomic<int> work = 0;
    };

    tracker_executor(asio::io_context& io, record& r) noexcept : io_(&io), record_(&r) {}
    tracker_executor(tracker_executor const& other) noexcept
        : io_(other.io_), record_(other.record_), tracked_(other.tracked_)
    {
        count(1);
    }
    tracker_executor& operator=(tracker_executor const&) = delete;
    ~tracker_executor() { count(-1); }

    /// The record of the executor through which this thread runs something; null: none.
    static record const*& inside() noexcept
    {
        thread_local record const* here = nullptr;
        return here;
    }

    template <class F>
    void execute(F f) const
    {
        asio::post(*io_, [f = std::move(f), r = record_]() mutable {
            auto* const outer = std::exchange(inside(), r);
            std::move(f)();
            inside() = outer;
        });
    }

    tracker_executor require(asio::execution::blocking_t::never_t) const noexcept { return *this; }
    tracker_executor require(asio::execution::outstanding_work_t::tracked_t) const noexcept
    {
        return {*this, true};
    }
    tracker_executor require(asio::execution::outstanding_work_t::untracked_t) const noexcept
    {
        return {*this, false};
    }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept
    {
        return asio::execution::blocking.never;
    }
    asio::execution::outstanding_work_t query(asio::execution::outstanding_work_t) const noexcept
    {
        if (tracked_)
            return asio::execution::outstanding_work.tracked;
        return asio::execution::outstanding_work.untracked;
    }

    friend bool operator==(tracker_executor const& a, tracker_executor const& b) noexcept
    {
        return a.record_ == b.record_ && a.tracked_ == b.tracked_;
    }

private:
    tracker_executor(tracker_executor const& other, bool tracked) noexcept
        : io_(other.io_), record_(other.record_), tracked_(tracked)
    {
        count(1);
    }

    void count(int n) const noexcept
    {
        if (tracked_)
            record_->work += n;
    }

    asio::io_context* io_;
    record* record_;
    bool tracked_ = false;
};

}  // namespace leasepool::test

#endif
