// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_LEASE_STATE_HPP
#define LEASEPOOL_DETAIL_LEASE_STATE_HPP

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/manager_interface.hpp>
#include <leasepool/error.hpp>
#include <leasepool/options.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <source_location>
#include <string_view>
#include <utility>

namespace boost::asio {
class io_context;
}

namespace leasepool::detail {

class lease_completion;
class lease_state;
using lease_ptr = boost::intrusive_ptr<lease_state>;

/// A claim, and the lease that it becomes: the part of a `lease_record` that the templates use.
/// There is one object for an acquire while it waits, then for the lease, then for the work that is
/// left of the lease.
///
/// One atomic word holds whether the lease has ended and how much work is outstanding on it. So the
/// last piece of work and the end of the lease agree which of them reports that the lease is
/// drained.
///
/// All functions may be called from any thread.
class lease_state {
public:
    /// Makes a claim with the arguments of an acquire. Throws std::bad_alloc.
    static lease_ptr make(manager_interface& manager, acquire_options const& options);
    /// Returns a claim with these arguments that no acquire has used: `claim` itself if there is no
    /// other reference to it, otherwise a copy. Copies of a deferred acquire share one claim.
    static lease_ptr unshared(lease_ptr claim)
    {
        return claim->is_shared() ? claim->copy() : std::move(claim);
    }

    manager_interface& manager() const noexcept { return *manager_; }
    /// Returns the id of the lease. While the acquire waits: the id of the pool on whose thread it
    /// was begun, or 0. Do not use it after the acquire has failed.
    std::uint64_t id() const noexcept { return id_; }
    std::source_location const& where() const noexcept { return where_; }
    std::string_view owner() const noexcept;

    // The claim.

    /// Begins the acquire. `op` is settled when the claim has become a lease or has failed.
    void acquire(lease_completion& op) noexcept;
    void cancel_acquire() noexcept;
    /// Returns why the acquire failed; no error if it did not fail or is not settled.
    error_code failure() const noexcept;

    // The lease.

    /// Returns why the lease has ended; no error if it has not ended.
    error_code ended() const noexcept;
    /// Ends the lease. Its pool goes back to the manager when the work of the lease is done.
    void release() noexcept;
    /// Completes `op` when the work of a lease that has been released is done. On one of the
    /// threads of its pool, completes `op` with `would_deadlock`.
    void await_drain(plain_completion& op) noexcept;
    void cancel_drain_wait() noexcept;
    bool renew(steady_duration duration) noexcept;
    std::chrono::steady_clock::time_point granted_at() const noexcept;
    std::chrono::steady_clock::time_point soft_expiry() const noexcept;
    std::chrono::steady_clock::time_point hard_expiry() const noexcept;

    // Its work.

    /// Counts one piece of work as outstanding. Returns false if the lease has ended and no work is
    /// outstanding.
    bool begin_work() noexcept;
    /// Counts work as outstanding. Returns false if the lease has ended.
    bool begin_new_work(std::size_t pieces = 1) noexcept;
    /// Counts one more piece of work. Precondition: the caller holds one already.
    void add_work() noexcept { word_.fetch_add(one_work, std::memory_order_relaxed); }
    void end_work(std::size_t pieces = 1) noexcept;

    // The executor of a lease on threads.

    /// Begins a post to the context of the lease's pool. Returns true if the caller may post; the
    /// caller then calls `end_post`. Returns false if the context has ended, or if its threads do
    /// not exist in this process; the caller must not post then.
    bool begin_post() noexcept;
    void end_post() noexcept;
    /// Returns the execution context of the lease's pool.
    boost::asio::io_context& context() const noexcept;
    std::size_t workers() const noexcept;
    /// Reports an exception of a function that was posted to the lease.
    void report_unhandled(std::exception_ptr error) noexcept;

    void add_ref() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void drop_ref() noexcept
    {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            destroy();
    }

protected:
    /// The reason why the lease has ended.
    enum class reason : std::uint8_t { live, released, expired, broken, stopped };
    static constexpr std::uint64_t reason_mask = 7;
    static constexpr std::uint64_t one_work = 8;

    enum class failed : std::uint8_t { no, yes, with_std_code };

    lease_state(manager_ptr manager, std::source_location where, std::size_t owner_size,
        bool waits) noexcept
        : owner_size_(static_cast<std::uint8_t>(owner_size)), waits_(waits),
          manager_(std::move(manager)), where_(where)
    {
    }
    ~lease_state() = default;

    std::atomic<std::uint32_t> references_{1};
    // These are not bit-fields, because one may be written while another thread reads its neighbor.
    std::uint8_t const owner_size_;
    bool const waits_;
    failed failed_ = failed::no;
    std::atomic<std::uint64_t> word_{0};  // reason of the end, and number of pieces of work
    manager_ptr const manager_;
    std::uint64_t id_ = 0;
    std::source_location const where_;

private:
    bool is_shared() const noexcept { return references_.load(std::memory_order_acquire) != 1; }
    lease_ptr copy() const;
    void destroy() noexcept;
};

inline void intrusive_ptr_add_ref(lease_state* lease) noexcept
{
    lease->add_ref();
}

inline void intrusive_ptr_release(lease_state* lease) noexcept
{
    lease->drop_ref();
}

/// An operation with a lease, or with a claim to one. If it waits for a lease, `function_` is
/// called with `step::settled`, on any thread. At that time the claim has become the lease, or
/// holds the reason why there is none.
class lease_completion : public completion {
public:
    using completion::settled;

    /// Posts the handler. An exception of its executor goes to the log of the manager, with the
    /// name of the operation.
    void post_handler(std::string_view operation) noexcept;

    lease_ptr lease;

protected:
    lease_completion(function f, executor_ref&& ex, lease_ptr&& on) noexcept
        : completion(f, std::move(ex)), lease(std::move(on))
    {
    }
    ~lease_completion() = default;
};

}  // namespace leasepool::detail

#endif
