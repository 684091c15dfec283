// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_TALLY_HPP
#define LEASEPOOL_TEST_TALLY_HPP

#include <leasepool/error.hpp>

#include <boost/asio/error.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace leasepool::test {

using count = std::atomic<std::uint64_t>;

/// What the stress test does, one entry a way of doing it.
enum class kind : std::size_t {
    acquire,
    canceled_acquire,
    run,
    throwing_run,
    stoppable_run,
    canceled_run,
    raced_run,
    manager_run,
    canceled_manager_run,
    post,
    dispatch,
    blocking_execute,
    spawn,
    drop_on_pool_thread,
    renew,
    release,
    async_release,
    hand_over,
    notify,
    stats,
    counts,
    stop,
    start,
    kinds
};

constexpr std::array<std::string_view, static_cast<std::size_t>(kind::kinds)> kind_names{"acquire",
    "canceled_acquire", "run", "throwing_run", "stoppable_run", "canceled_run", "raced_run",
    "manager_run", "canceled_manager_run", "post", "dispatch", "blocking_execute", "spawn",
    "drop_on_pool_thread", "renew", "release", "async_release", "hand_over", "notify", "stats",
    "counts", "stop", "start"};

/// Every operation, begun and ended, by kind; every function, begun and returned.
struct tally {
    struct account {
        count begun{0};
        count completed{0};
        count destroyed{0};  // without having completed
    };
    std::array<account, static_cast<std::size_t>(kind::kinds)> accounts;
    count operations{0};
    count granted{0};  // acquires that brought a lease

    /// Functions of async_run.
    count begun{0}, returned{0}, threw{0};

    account& of(kind what) { return accounts[static_cast<std::size_t>(what)]; }

    std::uint64_t begun_of(std::initializer_list<kind> whats)
    {
        std::uint64_t n = 0;
        for (auto const what : whats)
            n += of(what).begun;
        return n;
    }

    void complain(std::string what)
    {
        std::lock_guard lock(mutex_);
        ++complaints_;
        if (first_complaint_.empty())
            first_complaint_ = std::move(what);
    }

    std::size_t complaints() const { return complaints_; }
    std::string const& first_complaint() const { return first_complaint_; }

private:
    std::mutex mutex_;
    std::size_t complaints_ = 0;
    std::string first_complaint_;
};

/// One operation. It is lost if this goes before `done`.
class operation {
public:
    operation(tally& on, kind what) : account_(&on.of(what))
    {
        ++on.operations;
        ++account_->begun;
    }
    operation(operation&& other) noexcept : account_(std::exchange(other.account_, nullptr)) {}
    operation& operator=(operation&&) = delete;
    ~operation()
    {
        if (account_)
            ++account_->destroyed;
    }

    void done() noexcept { ++std::exchange(account_, nullptr)->completed; }

private:
    tally::account* account_;
};

/// Counts a function of `async_run` from its begin to its return.
class running {
public:
    explicit running(tally& on) : on_(on) { ++on_.begun; }
    running(running const&) = delete;
    running& operator=(running const&) = delete;
    ~running() { ++on_.returned; }

private:
    tally& on_;
};

struct thrown_on_purpose : std::exception {
    char const* what() const noexcept override { return "thrown on purpose"; }
};

/// Whether an operation may fail like this while leases expire, others cancel and the manager stops.
inline bool is_ordinary(error_code code)
{
    return code == errc::not_running || code == errc::unavailable ||
        code == errc::acquire_timeout || code == errc::too_many_waiters ||
        code == errc::lease_released || code == errc::lease_expired ||
        code == errc::would_deadlock || code == boost::asio::error::operation_aborted;
}

}  // namespace leasepool::test

#endif
