// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_CORE_HPP
#define LEASEPOOL_DETAIL_CORE_HPP

#include <leasepool/detail/completion.hpp>
#include <leasepool/error.hpp>
#include <leasepool/options.hpp>
#include <leasepool/stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>

namespace boost::asio {
class io_context;
}

/// What the public templates need of the compiled core: opaque types, the base classes of
/// operations, and free functions. All functions may be called from any thread.
namespace leasepool::detail {

class backend_base;

class manager_core;
void intrusive_ptr_add_ref(manager_core* core) noexcept;
void intrusive_ptr_release(manager_core* core) noexcept;
using core_ptr = boost::intrusive_ptr<manager_core>;

class lease_state;
void intrusive_ptr_add_ref(lease_state* lease) noexcept;
void intrusive_ptr_release(lease_state* lease) noexcept;
using lease_ptr = boost::intrusive_ptr<lease_state>;

// Manager ------------------------------------------------------------------------------------------

/// Throws std::invalid_argument if the options are.
core_ptr make_core(boost::asio::any_io_executor const& ex, std::unique_ptr<backend_base> backend,
    manager_options&& options);

/// Cancels everything and waits for the threads that run user functions.
void shut_down(manager_core& core) noexcept;

boost::asio::any_io_executor const& executor_of(manager_core const& core) noexcept;

/// Throws errc::not_running if the executor's context is gone, so that no handler can be delivered
/// by default.
void require_context(manager_core const& core);

void notify_scale_changed(manager_core& core) noexcept;

struct counts {
    std::size_t available;
    std::size_t leased;
    std::size_t total;
    std::size_t desired;
    std::size_t waiters;
    std::size_t retired;
};
counts counts_of(manager_core const& core) noexcept;

/// An operation that completes with an error code.
class plain_completion : public completion {
public:
    error_code error{};

protected:
    using completion::completion;
    ~plain_completion() = default;
};

/// An operation that completes with a snapshot.
template <class Stats>
class stats_completion_of : public plain_completion {
public:
    Stats value{};

protected:
    using plain_completion::plain_completion;
    ~stats_completion_of() = default;
};
using stats_completion = stats_completion_of<stats>;

/// What such an operation asks of the manager. It outlives the operation for as long as a
/// cancellation slot refers to it.
class command;
void intrusive_ptr_add_ref(command* what) noexcept;
void intrusive_ptr_release(command* what) noexcept;
using command_ptr = boost::intrusive_ptr<command>;

command_ptr make_start(core_ptr core);
command_ptr make_stop(core_ptr core, stop_options const& options);
command_ptr make_stats(core_ptr core);
void submit(command& what, plain_completion& op) noexcept;
void submit(command& what, stats_completion& op) noexcept;
void cancel(command& what) noexcept;

// Acquire ------------------------------------------------------------------------------------------

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

// Lease --------------------------------------------------------------------------------------------

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
