// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_MANAGER_CORE_HPP
#define LEASEPOOL_CORE_MANAGER_CORE_HPP

#include "core/async/completion_list.hpp"
#include "core/async/strand.hpp"
#include "core/async/task_memory.hpp"
#include "core/lease/lease_record.hpp"
#include "core/ledger/ledger.hpp"
#include "core/manager/command.hpp"
#include "core/manager/event_reporter.hpp"
#include "core/manager/log_queue.hpp"
#include "core/pool/pool_record.hpp"
#include "core/support/thread_scope.hpp"

#include <leasepool/detail/backend_base.hpp>
#include <leasepool/detail/manager_interface.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/slist.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string_view>
#include <vector>

namespace leasepool::detail {

class context_cores;
class manager_core;
using core_ptr = boost::intrusive_ptr<manager_core>;

/// An object that works on the strand of a manager and must end with the manager. Each
/// `grinder_core` is one.
class shutdown_listener : public boost::intrusive::list_base_hook<> {
public:
    /// Adds a reference. Returns false if there is no reference any more.
    virtual bool try_share() noexcept = 0;
    virtual void unshare() noexcept = 0;
    /// Called when the strand is closed, by the thread that closed it. `context_gone`: the context
    /// of the executor is shutting down, so handlers must be destroyed uncalled.
    virtual void manager_ended(bool context_gone) noexcept = 0;

protected:
    ~shutdown_listener() = default;
};

/// The shell of a manager: reports events to the ledger, and performs the actions that the ledger
/// decides on.
///
/// Two things guard it. The *lock* covers the ledger, the totals, and the members that a claim
/// keeps for the manager. An acquire, a release, a renewal or a cancellation takes the lock on the
/// caller's thread, and grants the leases that can be granted. Nothing is called, posted or
/// allocated under the lock. On the *strand* the manager does everything else: it makes and closes
/// pools, revokes leases, arms the timer, calls the log, the observer and the size provider, starts
/// and stops. A caller that leaves work for the strand wakes it.
///
/// Everything that refers to the core (the manager, operations, leases, pools) shares it. After
/// `shut_down` it has no effect.
class manager_core final : public manager_interface,
                           public strand::owner,
                           public event_node<manager_core> {
public:
    enum event : std::uint32_t { timer_fired = 1, scale_changed = 2, records_waiting = 4 };

    manager_core(boost::asio::any_io_executor const& ex, std::unique_ptr<backend_base> backend,
        manager_options&& opts);
    ~manager_core();

    // Any thread.

    manager_options const& options() const noexcept { return options_; }
    boost::asio::any_io_executor const& executor() const noexcept override { return executor_; }
    bool context_gone() const noexcept override { return context_gone_.load(); }
    strand& home() noexcept { return strand_; }
    std::size_t workers_per_pool() const noexcept { return backend_->workers_per_pool(); }
    counts count() const noexcept override;
    void notify_scale_changed() noexcept override { signal(scale_changed); }
    command_ptr make_start() override;
    command_ptr make_stop(stop_options const& options) override;
    command_ptr make_stats() override;
    void count_renewal() noexcept { renewed_.fetch_add(1, std::memory_order_relaxed); }
    void report_unhandled(std::uint64_t lease, std::exception_ptr error) noexcept;
    bool logs() const noexcept { return reporter_.logs(); }
    /// Returns whether a lease needs room for the reports of its grant and its return.
    bool reports_leases() const noexcept { return reporter_.watches_leases(); }
    void count_dropped_progress(std::size_t count) noexcept
    {
        dropped_progress_.fetch_add(count, std::memory_order_relaxed);
    }
    /// Counts a log record that could not be made for lack of memory.
    void count_dropped_record() noexcept { records_.count_dropped(); }
    /// Logs a record on the strand, through a `log_queue`.
    void log(severity level, std::string_view message, std::vector<log_field> fields) noexcept;

    // Events of claims and leases. The calling thread keeps the lease alive.

    void acquire(lease_record& claim) noexcept;
    void cancel_acquire(lease_record& claim) noexcept;
    void release(lease_record& lease) noexcept;
    /// Called when the lease has ended and no work is left on it.
    void drained(lease_record& lease) noexcept;
    void renewed(lease_record& lease) noexcept;
    void await_drain(lease_record& lease, plain_completion& op) noexcept;
    void cancel_drain_wait(lease_record& lease) noexcept;
    bool holds_pool(lease_record const& lease) const noexcept;
    void follow(lease_record& lease, lease_follower* which) noexcept;

    /// Sets whether the pool has live workers, see `pool_site::has_workers`. The pool must exist.
    void pool_workers(pool_record& pool, bool any) noexcept;

    /// Called before a start or a stop is submitted to the strand. Acquires that are begun later
    /// take effect after it.
    void command_submitted() noexcept;

    /// Registers `which`. Returns false if the manager has ended already.
    bool attach(shutdown_listener& which);
    /// Called by the destructor of `which`.
    void detach(shutdown_listener& which) noexcept;

    /// Completes an operation: posts its handler, or destroys it if the context is gone.
    void settle(plain_completion* op, error_code error, std::string_view operation) noexcept;

    /// Posts a handler, and logs an exception of its executor. `of`: the lease or claim of the
    /// operation, or null.
    void post_handler(
        completion& op, std::string_view operation, lease_state* of = nullptr) noexcept;
    /// Logs the exception that the executor of a handler has thrown. `named`: the owner.
    void log_refused(std::string_view operation, std::exception_ptr const& error,
        std::string_view named = {}, std::source_location const* where = nullptr) noexcept;

    void shut_down() noexcept override { shut_down(false); }
    /// `context_gone`: the executor's context is shutting down.
    void shut_down(bool context_gone) noexcept;
    /// Drops the references to the context. Called after `shut_down` when the context is shutting
    /// down.
    void context_ended() noexcept;
    void drop_executors() noexcept;

    /// Returns a new reference; null if the destruction of the core has begun.
    core_ptr share() noexcept;

    // strand

    void add_ref() noexcept override { event_node<manager_core>::add_ref(); }
    void drop_ref() noexcept override { event_node<manager_core>::drop_ref(); }
    void last_reference_dropped() noexcept { delete this; }
    void on_events(std::uint32_t bits) noexcept;
    void on_discard(std::uint32_t) noexcept { records_.clear(); }
    void on_pool_events(pool_record& pool, std::uint32_t bits) noexcept;
    void on_command(command& cmd) noexcept;
    void on_command_canceled(command& cmd) noexcept;

private:
    using command_list = boost::intrusive::list<command>;
    using pool_list = boost::intrusive::list<pool_record,
        boost::intrusive::base_hook<
            boost::intrusive::list_base_hook<boost::intrusive::tag<class all_pools>>>>;
    using report_list = boost::intrusive::slist<lease_report, boost::intrusive::cache_last<true>>;
    struct unhandled_report;
    class outcome;
    using delivering_scope = thread_scope<manager_core, outcome>;
    struct strand_action;

    void strand_add_ref() noexcept override { intrusive_ptr_add_ref(this); }
    void strand_release() noexcept override { intrusive_ptr_release(this); }
    void strand_settle() noexcept override;

    /// Calls `f(outcome&, now)` with the lock held, then grants the leases that can be granted.
    /// Delivers the outcome without the lock.
    template <class F>
    void change(F&& f) noexcept;
    void deliver(outcome& done) noexcept;
    void log_likely_deadlock(lease_record const& waiting, std::uint64_t pool_of_caller) noexcept;

    // Called with the lock held.
    /// Queues the claim or refuses it. Returns true if it must wait until another lease is
    /// released.
    bool queue(lease_record& claim, steady_time now, outcome& done) noexcept;
    void grant(lease_record& lease, steady_duration waited, outcome& done) noexcept;
    void fail(lease_record& claim, error_code error, outcome& done) noexcept;
    void refuse(lease_record& claim, error_code error, outcome& done) noexcept;
    void note_drained(lease_record& lease, steady_time now, outcome& done) noexcept;
    void settle_drain(lease_record& lease, error_code error, outcome& done) noexcept;
    void report(lease_record& lease, lease_report::kind what, steady_duration elapsed) noexcept;
    void note(strand_action& what, steady_time now, outcome& done) noexcept;

    // On the strand. A callback of event_reporter may shut the manager down, so each function calls
    // it last or checks for that afterwards.
    bool next_action() noexcept;
    void perform(strand_action const& what) noexcept;
    void revoke(strand_action const& what) noexcept;
    void tell(lease_report const& what, lease_record const& lease) noexcept;
    void tell_reports() noexcept;
    void deliver_record() noexcept;
    void make_pool() noexcept;
    void drop_pool(pool_record& pool) noexcept;
    /// Handles a pool that failed (`failed`), or that is ready but broke before.
    void pool_not_made(pool_record& pool, bool failed) noexcept;
    void finish_start(error_code error) noexcept;
    void finish_stop(std::size_t abandoned) noexcept;
    void let_go() noexcept;
    void begin_start(command& cmd) noexcept;
    void begin_stop(command& cmd) noexcept;
    void queue_deferred() noexcept;
    void answer(command& cmd, error_code error) noexcept;
    void answer_all(command_list& cmds, error_code error) noexcept;
    stats snapshot();
    void read_size() noexcept;
    void arm_timer(steady_time at) noexcept;

    void end_changes() noexcept;
    void end_leases(bool context_gone) noexcept;
    void end_operations() noexcept;
    void tell_listeners() noexcept;
    void join_pools() noexcept;
    void forget_pools() noexcept;
    void finish_shut_down() noexcept;

    manager_options const options_;
    boost::asio::any_io_executor executor_;  // until its context ends
    std::unique_ptr<backend_base> const backend_;
    std::atomic<bool> context_gone_{false};
    std::atomic<std::uint64_t> renewed_{0};
    std::atomic<std::uint64_t> unhandled_{0};
    std::atomic<std::uint64_t> dropped_progress_{0};
    log_queue records_;
    strand strand_;
    std::shared_ptr<context_cores> const siblings_;

    mutable std::mutex mutex_;
    // Under the lock.
    ledger ledger_;
    steady_time armed_for_ = ledger::never;
    error_code make_error_;  // why the last pool could not be made
    std::uint64_t last_lease_ = 0;
    stats totals_;                      // only its totals and distributions
    report_list reports_;               // for the strand
    report_list telling_;               // those that the strand is about to report
    std::uint32_t commands_ = 0;        // starts and stops submitted
    std::uint32_t commands_begun_ = 0;  // by the strand
    completion_list deferred_;          // acquires begun after such a start or stop
    bool shut_ = false;
    std::condition_variable delivered_;  // notified if `delivering_` falls after `shut_` is set
    std::atomic<int> delivering_{0};     // raised under the lock
    std::atomic<bool> shutting_{false};  // copy of `shut_` that is read without the lock

    // strand
    event_reporter reporter_;
    task_memory timer_memory_{1};
    std::optional<boost::asio::steady_timer> timer_;
    bool timer_waits_ = false;
    executor_ref work_;  // engaged from start to stop
    pool_list pools_;
    command_list starts_;
    command_list stops_;
    error_code start_error_;
    std::uint64_t last_pool_ = 0;
    run_totals closed_runs_;  // of pools that are closed

    std::mutex listeners_mutex_;
    boost::intrusive::list<shutdown_listener> listeners_;
    bool takes_listeners_ = true;

    // The manager and the context may both shut the core down. The second of them waits for the
    // first.
    std::mutex joining_mutex_;
    std::condition_variable joined_;
    bool ended_ = false;
};

}  // namespace leasepool::detail

#endif
