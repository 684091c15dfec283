// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/pool/pool_record.hpp"

#include "core/manager/manager_core.hpp"
#include "core/pool/pool_context.hpp"
#include "core/pool/stop_requests.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <new>
#include <string>
#include <thread>
#include <utility>

// The record of one pool: it passes operations to the pool, and events of the pool to the manager.
// It guards the calls of the pool's functions, and posts to its context, against the end of the
// pool.

namespace leasepool {
namespace detail {
namespace {

thread_local pool_record* pool_here = nullptr;

}  // namespace

pool_record* pool_of_this_thread() noexcept
{
    return pool_here;
}

worker_scope::worker_scope(pool_record* pool) noexcept : outer_(std::exchange(pool_here, pool)) {}

void worker_scope::enter(pool_site const& site) noexcept
{
    pool_here = site.pool_.get();
}

worker_scope::~worker_scope()
{
    pool_here = outer_;
}

namespace {

void wait_for_none(std::atomic<std::uint32_t> const& count) noexcept
{
    for (auto n = count.load(); n != 0; n = count.load())
        count.wait(n);
}

/// Counts down, and wakes `wait_for_none`. A waiter can exist only if `ended` is set.
void count_down(std::atomic<std::uint32_t>& count, std::atomic<bool> const& ended) noexcept
{
    if (count.fetch_sub(1) == 1 && ended.load())
        count.notify_all();
}

}  // namespace

/// Keeps the pool from being taken away during its lifetime. Converts to false if the pool has been
/// taken away already.
class pool_record::executing_scope {
public:
    explicit executing_scope(pool_record& pool) noexcept : pool_(pool)
    {
        pool_.executing_.fetch_add(1);
    }
    ~executing_scope() { count_down(pool_.executing_, pool_.taken_); }
    executing_scope(executing_scope const&) = delete;
    executing_scope& operator=(executing_scope const&) = delete;
    explicit operator bool() const noexcept { return !pool_.taken_.load(); }

private:
    pool_record& pool_;
};

pool_record::pool_record(manager_ptr manager, std::uint64_t id) noexcept
    : manager_(std::move(manager)), id_(id), functions_(*this)
{
}

manager_core& pool_record::core() const noexcept
{
    return static_cast<manager_core&>(*manager_);
}

strand& pool_record::home() noexcept
{
    return core().home();
}

void pool_record::on_events(std::uint32_t bits) noexcept
{
    core().on_pool_events(*this, bits);
}

void pool_record::adopt(std::unique_ptr<pool_base> made) noexcept
{
    context_ = made->context();
    workers_ = made->workers();
    jobs_ = made->jobs();
    pool_ = std::move(made);
    if (jobs_)
        jobs_->serve(*this);
    else
        functions_.set_workers(workers_);
}

void pool_record::push(run_operation& op) noexcept
{
    if (prepare(op))
        functions_.push(op);
}

void pool_record::push_all(run_queue::list& ops) noexcept
{
    if (jobs_ || workers_ == 0)
        for (auto at = ops.begin(); at != ops.end();) {
            auto& op = *at;
            at = ops.erase(at);
            if (prepare(op))
                ops.insert(at, op);
        }
    functions_.push_all(ops);
}

/// Returns false if the operation cannot run on this pool; it is completed then.
bool pool_record::prepare(run_operation& op) noexcept
{
    bool refused = false;
    if (jobs_)
        try {
            executing_scope const scope(*this);
            if (scope)
                jobs_->prepare(*op.remote());
        }
        catch (...) {
            op.exception = std::current_exception();
            refused = true;
        }
    else if (workers_ == 0) {
        op.error = errc::unsupported_backend;
        refused = true;
    }
    if (!refused)
        return true;
    // Done outside the catch block: inside it this thread still holds a reference to the exception,
    // while the handler may use it.
    functions_.refuse(op);
    return false;
}

void pool_record::operations_wait() noexcept
{
    pool_ptr const retained(this, false);
    if (!jobs_)
        return start_runner();
    // If the pool has been taken away, the queued operations have been ended before.
    if (executing_scope const scope(*this); scope)
        jobs_->jobs_waiting();
}

void pool_record::stop_job(std::uint64_t request_id, error_code why) noexcept
{
    if (executing_scope const scope(*this); scope)
        jobs_->stop_job(request_id, why);
}

void pool_record::cancel(run_queue::running what) noexcept
{
    if (what.request_id != 0)
        stop_job(what.request_id, boost::asio::error::operation_aborted);
    else
        request_stop_here(pool_ptr(this), what.source);
}

void pool_record::revoke(run_queue::running what, error_code why) noexcept
{
    if (what.request_id != 0)
        stop_job(what.request_id, why);
    // In a forked child the function does not run, so the callbacks of its stop token are not
    // called either.
    else if (!context_ || !context_->inherited())
        request_stop_elsewhere(pool_ptr(this), std::move(what.source));
}

// Completing a job may end the manager, so these functions keep the record alive.

void pool_record::give_back(run_operation& op) noexcept
{
    pool_ptr const kept(this);
    functions_.give_back(op);
}

void pool_record::finish_job(run_operation& op, time begun, time ended) noexcept
{
    pool_ptr const kept(this);
    functions_.finish_taken(op, begun, ended);
}

void pool_record::fail_job(run_operation& op, error_code why, std::exception_ptr reason) noexcept
{
    pool_ptr const kept(this);
    functions_.fail_taken(op, {.error = why, .exception = std::move(reason)});
}

bool pool_record::begin_post() noexcept
{
    posting_.fetch_add(1);
    if (!context_ended_.load() && !lost_by_fork())
        return true;
    end_post();
    return false;
}

void pool_record::end_post() noexcept
{
    count_down(posting_, context_ended_);
}

bool pool_record::lost_by_fork() noexcept
{
    if (!context_ || !context_->inherited())
        return false;
    try {
        give_reason(
            std::make_exception_ptr(boost::system::system_error(make_error_code(errc::pool_broken),
                "the process has forked, and the pool's threads exist in its parent only")));
    }
    catch (std::bad_alloc const&) {
        give_reason(std::current_exception());
    }
    signal(broken);
    return true;
}

void pool_record::end_context() noexcept
{
    if (!context_)
        return;
    // Asio shuts a context down without its lock, so no thread may be posting to it then. No thread
    // of the pool is left, so this wait does not depend on the end of a function.
    context_ended_.store(true);
    wait_for_none(posting_);
    context_->end();
}

void pool_record::start_runner() noexcept
{
    executing_scope const scope(*this);
    if (!scope)
        functions_.runner_lost({.error = errc::not_running});
    else if (lost_by_fork())
        functions_.runner_lost({.exception = reason()});
    else {
        pool_task task{pool_ptr(this)};
        try {
            pool_->execute(std::move(task));
        }
        catch (...) {
            // A task that is destroyed without having run reports itself as lost, without this
            // exception. If the task is not destroyed yet, report the loss with the exception
            // instead.
            if (task.release_pool())
                functions_.runner_lost({.exception = std::current_exception()});
        }
    }
}

std::unique_ptr<pool_base> pool_record::take_pool() noexcept
{
    taken_.store(true);
    wait_for_none(executing_);
    return std::move(pool_);
}

void pool_record::run_task() noexcept
{
    worker_scope const scope(this);
    functions_.work();
}

void pool_record::task_lost() noexcept
{
    functions_.runner_lost({.error = errc::pool_broken, .exception = reason()});
}

void pool_record::give_reason(std::exception_ptr why) noexcept
{
    std::lock_guard lock(reason_mutex_);
    if (!reason_)
        reason_ = std::move(why);
}

std::exception_ptr pool_record::reason() const noexcept
{
    std::lock_guard lock(reason_mutex_);
    return reason_;
}

}  // namespace detail
}  // namespace leasepool
