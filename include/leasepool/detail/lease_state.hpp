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

/// What the templates need of a claim and of the lease that it becomes. All functions may be called
/// from any thread.
namespace leasepool::detail {

class lease_state;
void intrusive_ptr_add_ref(lease_state* lease) noexcept;
void intrusive_ptr_release(lease_state* lease) noexcept;
using lease_ptr = boost::intrusive_ptr<lease_state>;

/// An operation with a lease, or with the claim to one. If it waits for that, `function_` gets
/// `step::settled`, on any thread: the claim is the lease then, or says why there is none.
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

/// Posts the handler. The manager's log gets what its executor throws.
void post_handler(lease_completion& op) noexcept;

/// Why the acquire failed; no error: it did not, or is not settled.
error_code failure_of(lease_state const& claim) noexcept;

/// Throws if there is no memory.
lease_ptr make_claim(core_ptr core, acquire_options const& options);

/// The same claim again: `claim` itself if nobody else has it.
lease_ptr renew_claim(lease_ptr claim);

core_ptr const& core_of(lease_state const& lease) noexcept;

/// How long an acquire waits.
struct wait_policy {
    bool wait = true;
    std::optional<steady_duration> timeout{};
};

void acquire(lease_state& claim, lease_completion& op, wait_policy const& p) noexcept;
void cancel_acquire(lease_state& claim) noexcept;

/// The lease has ended, for this reason; no error: it has not.
error_code ended(lease_state const& lease) noexcept;

/// Ends the lease. Its pool goes back when its work is done.
void release(lease_state& lease) noexcept;

/// Also tells when the work is done. `would_deadlock` on one of the lease's own threads.
void release(lease_state& lease, plain_completion& op) noexcept;
void cancel_drain_wait(lease_state& lease) noexcept;

bool renew(lease_state& lease, steady_duration duration) noexcept;

std::uint64_t id_of(lease_state const& lease) noexcept;
std::string_view owner_of(lease_state const& lease) noexcept;
std::chrono::steady_clock::time_point leased_at(lease_state const& lease) noexcept;
std::chrono::steady_clock::time_point soft_expiry_of(lease_state const& lease) noexcept;
std::chrono::steady_clock::time_point hard_expiry_of(lease_state const& lease) noexcept;

// The executor of a lease on threads ---------------------------------------------------------------

/// Counts one piece of outstanding work in. False if the lease has ended and nothing is outstanding.
bool begin_work(lease_state& lease) noexcept;
/// Counts one more where one is held already.
void add_work(lease_state& lease) noexcept;
void end_work(lease_state& lease) noexcept;
/// Around a posting to its pool's context: false, and nothing may be posted, once that has ended.
bool begin_post(lease_state& lease) noexcept;
void end_post(lease_state& lease) noexcept;
/// The execution context of its pool.
boost::asio::io_context& context_of(lease_state const& lease) noexcept;
std::size_t workers_of(lease_state const& lease) noexcept;
/// A function posted to the lease threw.
void report_unhandled(lease_state& lease, std::exception_ptr error) noexcept;

}  // namespace leasepool::detail

#endif
