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
#include <leasepool/detail/manager_core.hpp>

#include <boost/intrusive/list_hook.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace leasepool::detail {

/// All that a manager keeps of one pool; leases, tasks and the pool's own threads share it.
class pool_record final
    : public ledger::pool,
      private run_queue::consumer,
      private job_source,
      public event_node<pool_record>,
      public boost::intrusive::list_base_hook<boost::intrusive::tag<class all_pools>> {
public:
    enum event : std::uint32_t { ready = 1, failed = 2, broken = 4, closed = 8 };

    pool_record(core_ptr core, std::uint64_t id) noexcept;

    std::uint64_t id() const noexcept { return id_; }
    manager_core& core() const noexcept { return *core_; }
    run_queue& functions() noexcept { return functions_; }
    run_totals totals() const { return functions_.totals(); }
    std::size_t workers() const noexcept { return workers_; }
    pool_context& context() const noexcept { return *context_; }

    /// Queues an operation that its lease has counted as outstanding.
    void push(run_operation& op) noexcept;
    /// The same with many that have a sink, for which it has been counted.
    void push_all(run_queue::list& ops) noexcept;
    void run_task() noexcept;
    void task_lost() noexcept;

    /// Around a posting to the context by somebody else; false once that has ended, or if its threads
    /// do not exist in this process.
    bool begin_post() noexcept;
    void end_post() noexcept;

    /// Why it failed or broke; set once, before the event.
    void give_reason(std::exception_ptr why) noexcept;
    std::exception_ptr reason() const noexcept;

    // strand
    bool was_ready = false;
    void adopt(std::unique_ptr<pool_base> made) noexcept;
    /// Takes the pool away, to be destroyed. `execute` is not called any more after this, nor is a
    /// call still under way.
    std::unique_ptr<pool_base> take_pool() noexcept;
    void close() noexcept { pool_->close(); }
    /// Destroys what is still queued on the pool's context, and ends the services of it. After
    /// `take_pool`; what that gave must have been destroyed.
    void end_context() noexcept;

    strand& home() noexcept;
    void last_reference_dropped() noexcept { delete this; }
    void on_events(std::uint32_t bits) noexcept;
    void on_discard(std::uint32_t) noexcept {}

private:
    class executing_scope;

    bool prepare(run_operation& op) noexcept;
    /// Whether the pool's threads do not exist, because this process is a fork of theirs. Breaks the
    /// pool.
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

    core_ptr const core_;
    std::uint64_t const id_;
    std::size_t workers_ = 0;
    run_queue functions_;
    std::atomic<bool> taken_{false};
    std::atomic<bool> context_ended_{false};
    std::atomic<std::uint32_t> posting_{0};    // to the context, by whoever has an executor
    std::atomic<std::uint32_t> executing_{0};  // calls of pool_->execute
    std::unique_ptr<pool_base> pool_;
    job_pool* jobs_ = nullptr;  // the pool itself, if it is one
    std::shared_ptr<pool_context> context_;
    mutable std::mutex reason_mutex_;
    std::exception_ptr reason_;
};

using pool_ptr = boost::intrusive_ptr<pool_record>;

inline pool_record& record_of(ledger::pool& on) noexcept
{
    return static_cast<pool_record&>(on);
}

/// The pool whose worker this thread is; null: none.
pool_record* pool_of_this_thread() noexcept;

/// Something on a thread of the pool let an exception escape.
void report_unhandled(pool_site const& site, std::exception_ptr error) noexcept;

/// For as long as it lives, this thread is a worker of the pool.
class worker_scope {
public:
    /// For good, until the thread is gone: also the destructors of its `thread_local` objects run on
    /// a worker. The pool outlives the thread.
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
