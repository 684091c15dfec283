// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "pool_record.hpp"

#include "manager_core.hpp"
#include "pool_context.hpp"

#include <thread>
#include <utility>

namespace leasepool {
namespace detail {
namespace {

thread_local pool_record* pool_here = nullptr;

}  // namespace

void intrusive_ptr_add_ref(pool_record* p) noexcept
{
    p->add_ref();
}

void intrusive_ptr_release(pool_record* p) noexcept
{
    p->drop_ref();
}

pool_record* pool_of_this_thread() noexcept
{
    return pool_here;
}

worker_scope::worker_scope(pool_record* pool) noexcept : outer_(std::exchange(pool_here, pool)) {}

worker_scope::worker_scope(pool_site const& site) noexcept : worker_scope(site.pool_.get()) {}

worker_scope::~worker_scope()
{
    pool_here = outer_;
}

pool_record::pool_record(core_ptr core, std::uint64_t id) noexcept
    : core_(std::move(core)), id_(id), functions_(*this)
{
}

void report_unhandled(pool_site const& site, std::exception_ptr error) noexcept
{
    site.pool_->core().report_unhandled(0, std::move(error));
}

strand& pool_record::home() noexcept
{
    return core_->home();
}

void pool_record::on_events(std::uint32_t bits) noexcept
{
    core_->on_pool_events(*this, bits);
}

void pool_record::adopt(std::unique_ptr<pool_base> made) noexcept
{
    context_ = made->context();
    workers_ = made->workers();
    functions_.set_workers(workers_);
    pool_ = std::move(made);
}

bool pool_record::begin_post() noexcept
{
    posting_.fetch_add(1);
    if (!context_ended_.load())
        return true;
    posting_.fetch_sub(1);
    return false;
}

void pool_record::end_context() noexcept
{
    if (!context_)
        return;
    // Asio ends a context without its lock: nobody may be posting to it then. No thread of the pool
    // is left, so nobody here waits for a function.
    context_ended_.store(true);
    while (posting_.load() != 0)
        std::this_thread::yield();
    context_->end();
}

void pool_record::start_runner() noexcept
{
    executing_.fetch_add(1);
    if (taken_.load())
        functions_.runner_lost({.error = errc::not_running});
    else {
        pool_task task{pool_ptr(this)};
        try {
            pool_->execute(std::move(task));
        }
        catch (...) {
            // A task that is destroyed without having run says that it was lost; say why instead,
            // if it was not destroyed yet.
            if (task.release_pool())
                functions_.runner_lost({.reason = std::current_exception()});
        }
    }
    executing_.fetch_sub(1);
}

std::unique_ptr<pool_base> pool_record::take_pool() noexcept
{
    taken_.store(true);
    while (executing_.load() != 0)
        std::this_thread::yield();
    return std::move(pool_);
}

void pool_record::run_task() noexcept
{
    worker_scope const scope(this);
    functions_.work();
}

void pool_record::task_lost() noexcept
{
    functions_.runner_lost({.error = errc::pool_broken, .reason = reason()});
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

using detail::pool_record;

pool_site::pool_site(boost::intrusive_ptr<pool_record> pool) noexcept : pool_(std::move(pool)) {}
pool_site::pool_site(pool_site const&) noexcept = default;
pool_site::pool_site(pool_site&&) noexcept = default;
pool_site& pool_site::operator=(pool_site const&) noexcept = default;
pool_site& pool_site::operator=(pool_site&&) noexcept = default;
pool_site::~pool_site() = default;

std::uint64_t pool_site::id() const noexcept
{
    return pool_->id();
}

void pool_site::ready() const noexcept
{
    pool_->signal(pool_record::ready);
}

void pool_site::failed(std::exception_ptr why) const noexcept
{
    pool_->give_reason(std::move(why));
    pool_->signal(pool_record::failed);
}

void pool_site::broken(std::exception_ptr why) const noexcept
{
    pool_->give_reason(std::move(why));
    pool_->signal(pool_record::broken);
}

void pool_site::closed() const noexcept
{
    pool_->signal(pool_record::closed);
}

pool_task::pool_task(boost::intrusive_ptr<pool_record> pool) noexcept : pool_(std::move(pool)) {}
pool_task::pool_task(pool_task&& other) noexcept = default;

pool_task& pool_task::operator=(pool_task&& other) noexcept
{
    pool_task(std::move(other)).pool_.swap(pool_);
    return *this;
}

pool_task::~pool_task()
{
    if (pool_)
        pool_->task_lost();
}

void pool_task::operator()() noexcept
{
    if (auto const pool = std::exchange(pool_, nullptr))
        pool->run_task();
}

}  // namespace leasepool
