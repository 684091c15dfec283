// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_LEASE_STATE_HPP
#define LEASEPOOL_DETAIL_LEASE_STATE_HPP

#include <leasepool/detail/completion.hpp>
#include <leasepool/detail/manager_core.hpp>
#include <leasepool/error.hpp>
#include <leasepool/options.hpp>

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>

namespace boost::asio {
class io_context;
}

/// The functions of the compiled core that the templates call for a claim and for the lease that it
/// becomes. All functions may be called from any thread.
namespace leasepool::detail {

class lease_state;
void intrusive_ptr_add_ref(lease_state* lease) noexcept;
void intrusive_ptr_release(lease_state* lease) noexcept;
using lease_ptr = boost::intrusive_ptr<lease_state>;

/// An operation with a lease, or with a claim to one. If it waits for a lease, `function_` is
/// called with `step::settled`, on any thread. At that time the claim has become the lease, or
/// holds the reason why there is none.
class lease_completion : public completion {
public:
    using completion::settled;

    lease_ptr lease;

protected:
    lease_completion(function f, executor_ref&& ex, lease_ptr&& on) noexcept
        : completion(f, std::move(ex)), lease(std::move(on))
    {
    }
    ~lease_completion() = default;
};

/// Posts the handler. An exception of its executor goes to the log of the manager.
void post_handler(lease_completion& op) noexcept;

/// Returns why the acquire failed; no error if it did not fail or is not settled.
error_code failure_of(lease_state const& claim) noexcept;

/// Makes a claim. Throws if there is no memory.
lease_ptr make_claim(core_ptr core, acquire_options const& options);

/// Returns the same claim for another acquire: `claim` itself if there is no other reference to it,
/// otherwise a new one.
lease_ptr renew_claim(lease_ptr claim);

core_ptr const& core_of(lease_state const& lease) noexcept;

/// How long an acquire waits.
struct wait_policy {
    bool wait = true;
    std::optional<steady_duration> timeout{};
};

void acquire(lease_state& claim, lease_completion& op, wait_policy const& p) noexcept;
void cancel_acquire(lease_state& claim) noexcept;

/// Returns why the lease has ended; no error if it has not ended.
error_code ended(lease_state const& lease) noexcept;

/// Ends the lease. Its pool goes back to the manager when the work of the lease is done.
void release(lease_state& lease) noexcept;

/// Completes `op` when the work of a lease that has been released is done. On one of the threads of
/// its pool, completes `op` with `would_deadlock`.
void release(lease_state& lease, plain_completion& op) noexcept;
void cancel_drain_wait(lease_state& lease) noexcept;

bool renew(lease_state& lease, steady_duration duration) noexcept;

std::uint64_t id_of(lease_state const& lease) noexcept;
std::string_view owner_of(lease_state const& lease) noexcept;
std::chrono::steady_clock::time_point leased_at(lease_state const& lease) noexcept;
std::chrono::steady_clock::time_point soft_expiry_of(lease_state const& lease) noexcept;
std::chrono::steady_clock::time_point hard_expiry_of(lease_state const& lease) noexcept;

// The executor of a lease on threads --------------------------------------------------------------

/// Counts one piece of work as outstanding. Returns false, and counts nothing, if the lease has
/// ended and no work is outstanding.
bool begin_work(lease_state& lease) noexcept;
/// Counts one more piece of work. Precondition: the caller holds one already.
void add_work(lease_state& lease) noexcept;
void end_work(lease_state& lease) noexcept;
/// Begins a post to the context of the lease's pool. Returns true if the caller may post; the
/// caller then calls `end_post`. Returns false if the context has ended, or if its threads do not
/// exist in this process; the caller must not post then.
bool begin_post(lease_state& lease) noexcept;
void end_post(lease_state& lease) noexcept;
/// Returns the execution context of the lease's pool.
boost::asio::io_context& context_of(lease_state const& lease) noexcept;
std::size_t workers_of(lease_state const& lease) noexcept;
/// Reports an exception of a function that was posted to the lease.
void report_unhandled(lease_state& lease, std::exception_ptr error) noexcept;

}  // namespace leasepool::detail

#endif
