// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_POOL_RECORD_HPP
#define LEASEPOOL_CORE_POOL_RECORD_HPP

#include "core/async/event_node.hpp"
#include "core/ledger/ledger.hpp"
#include "core/pool/run_queue.hpp"

#include <leasepool/backend.hpp>
#include <leasepool/detail/backend_base.hpp>
#include <leasepool/detail/manager_interface.hpp>

#include <boost/intrusive/list_hook.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace leasepool::detail {

class manager_core;

/// The record that a manager keeps of one pool. Leases, tasks and the threads of the pool share it.
class pool_record final
    : public ledger::pool,
      private run_queue::consumer,
      private job_source,
      public event_node<pool_record>,
      public boost::intrusive::list_base_hook<boost::intrusive::tag<class all_pools>> {
public:
    enum event : std::uint32_t { ready = 1, failed = 2, broken = 4, closed = 8 };

    pool_record(manager_ptr manager, std::uint64_t id) noexcept;

    std::uint64_t id() const noexcept { return id_; }
    manager_core& core() const noexcept;
    run_queue& functions() noexcept { return functions_; }
    run_totals totals() const { return functions_.totals(); }
    std::size_t workers() const noexcept { return workers_; }
    pool_context& context() const noexcept { return *context_; }

    /// Queues an operation that its lease has counted as outstanding work.
    void push(run_operation& op) noexcept;
    /// Queues many operations. Each has its sink already, and is counted as outstanding work.
    void push_all(run_queue::list& ops) noexcept;
    void run_task() noexcept;
    void task_lost() noexcept;

    /// Begins a post to the context by code outside the pool. Returns true if the caller may post;
    /// the caller then calls `end_post`. Returns false if the context has ended, or if its threads
    /// do not exist in this process.
    bool begin_post() noexcept;
    void end_post() noexcept;

    /// Sets the reason why the pool failed or broke. Called before the event is signaled. Only the
    /// first reason is kept.
    void give_reason(std::exception_ptr why) noexcept;
    std::exception_ptr reason() const noexcept;

    // strand
    bool was_ready = false;
    void adopt(std::unique_ptr<pool_base> made) noexcept;
    /// Takes the pool out of the record, so that the caller can destroy it. After this call
    /// `execute` is not called any more, and no earlier call is still running.
    std::unique_ptr<pool_base> take_pool() noexcept;
    void close() noexcept { pool_->close(); }
    /// Destroys the functions that are still queued in the pool's context, and shuts down the
    /// services of the context. Called after `take_pool`, when the pool that it returned is
    /// destroyed.
    void end_context() noexcept;

    strand& home() noexcept;
    void last_reference_dropped() noexcept { delete this; }
    void on_events(std::uint32_t bits) noexcept;
    void on_discard(std::uint32_t) noexcept {}

private:
    class executing_scope;

    bool prepare(run_operation& op) noexcept;
    /// Returns whether the threads of the pool do not exist because this process is a fork. If so,
    /// breaks the pool.
    bool lost_by_fork() noexcept;
    void start_runner() noexcept;
    void stop_job(std::uint64_t request_id, error_code why) noexcept;

    void retain() noexcept override { add_ref(); }
    void operations_wait() noexcept override;
    void cancel(run_queue::running what) noexcept override;
    void revoke(run_queue::running what, error_code why) noexcept override;

    run_operation* take_job() noexcept override { return functions_.take(); }
    void give_back(run_operation& op) noexcept override;
    void finish_job(run_operation& op, time begun, time ended) noexcept override;
    void fail_job(run_operation& op, error_code why, std::exception_ptr reason) noexcept override;

    manager_ptr const manager_;
    std::uint64_t const id_;
    std::size_t workers_ = 0;
    run_queue functions_;
    std::atomic<bool> taken_{false};
    std::atomic<bool> context_ended_{false};
    std::atomic<std::uint32_t> posting_{0};    // posts to the context that are in progress
    std::atomic<std::uint32_t> executing_{0};  // calls of functions of pool_ that are in progress
    std::unique_ptr<pool_base> pool_;
    job_pool* jobs_ = nullptr;  // the pool itself, if it is a job_pool
    std::shared_ptr<pool_context> context_;
    mutable std::mutex reason_mutex_;
    std::exception_ptr reason_;
};

using pool_ptr = boost::intrusive_ptr<pool_record>;

inline pool_record& record_of(ledger::pool& on) noexcept
{
    return static_cast<pool_record&>(on);
}

/// Returns the pool of which this thread is a worker; null: it is no worker.
pool_record* pool_of_this_thread() noexcept;

/// Reports an exception that escaped on a thread of the pool.
void report_unhandled(pool_site const& site, std::exception_ptr error) noexcept;

/// Makes this thread a worker of the pool for the lifetime of the object.
class worker_scope {
public:
    /// Makes this thread a worker of the pool until the thread ends. So the destructors of its
    /// `thread_local` objects also run on a worker. The pool must outlive the thread.
    static void enter(pool_site const& site) noexcept;

    explicit worker_scope(pool_record* pool) noexcept;
    ~worker_scope();
    worker_scope(worker_scope const&) = delete;
    worker_scope& operator=(worker_scope const&) = delete;

private:
    pool_record* const outer_;
};

}  // namespace leasepool::detail

#endif
