// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/pool/run_queue.hpp"

#include "core/support/values.hpp"

#include <boost/asio/error.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/mp11/algorithm.hpp>

#include <utility>

// The queue of operations of one pool, for callers on any thread and for the workers that take
// operations out. `pool_record` calls it; it calls its consumer and the sinks of the operations.

namespace leasepool::detail {
namespace {

using clock = std::chrono::steady_clock;
using phase = run_operation::phase;

// Maximum number of functions in one turn of a runner. After that, other functions in the pool's
// context can run.
constexpr int functions_per_turn = 16;

void add(std::uint64_t& to, std::uint64_t from) noexcept
{
    to += from;
}

void add(histogram& to, histogram const& from) noexcept
{
    to.merge(from);
}

void finish(run_operation& op) noexcept
{
    op.sink->finished(op);
}

void finish_all(run_queue::list& ops) noexcept
{
    while (!ops.empty()) {
        auto& op = ops.front();
        ops.pop_front();
        finish(op);
    }
}

}  // namespace

void run_totals::merge(run_totals const& other) noexcept
{
    namespace describe = boost::describe;
    boost::mp11::mp_for_each<describe::describe_members<run_totals, describe::mod_public>>(
        [&](auto member) { add(this->*member.pointer, other.*member.pointer); });
}

run_queue::~run_queue()
{
    destroy_kept();
}

// In ----------------------------------------------------------------------------------------------

bool run_queue::wants_consumer() noexcept
{
    if (queued_.empty())
        return false;
    if (workers_ != 0) {
        if (on_their_way_ != 0 || runners_ == workers_)
            return false;
        ++runners_;
        ++on_their_way_;
    }
    consumer_.retain();
    return true;
}

void run_queue::unlock_and_notify(std::unique_lock<std::mutex>& lock) noexcept
{
    bool const notifies = wants_consumer();
    lock.unlock();
    if (notifies)
        consumer_.operations_wait();
}

void run_queue::give_up(run_operation& op, cancel_reason const& why, list& ended) noexcept
{
    op.state = phase::done;
    op.error = why.error;
    op.exception = why.exception;
    ++totals_.canceled;
    (why.keep ? kept_ : ended).push_back(op);
}

bool run_queue::refused(run_operation& op, list& ended) noexcept
{
    if (op.stop_asked.load())
        give_up(op, {.error = boost::asio::error::operation_aborted}, ended);
    else if (ended_)
        give_up(op, *ended_, ended);
    else
        return false;
    return true;
}

void run_queue::push(run_operation& op) noexcept
{
    list one;
    one.push_back(op);
    push_all(one);
}

void run_queue::push_all(list& ops) noexcept
{
    auto const now = clock::now();
    list ended;
    std::unique_lock lock(mutex_);
    while (!ops.empty()) {
        auto& op = ops.front();
        ops.pop_front();
        op.queued_at = now;
        if (refused(op, ended))
            continue;
        op.state = phase::queued;
        queued_.push_back(op);
    }
    unlock_and_notify(lock);
    finish_all(ended);
}

void run_queue::refuse(run_operation& op) noexcept
{
    // `begun` keeps a grinder from trying the operation on another lease: the outcome would be the
    // same.
    op.begun = true;
    {
        std::lock_guard lock(mutex_);
        op.state = phase::done;
        ++totals_.canceled;
    }
    finish(op);
}

void run_queue::take_back(run_sink const& sink, list& ops) noexcept
{
    std::lock_guard lock(mutex_);
    for (auto at = queued_.begin(); at != queued_.end();) {
        auto& op = *at++;
        if (op.sink != &sink)
            continue;
        op.state = phase::unqueued;
        ops.splice(ops.end(), queued_, queued_.iterator_to(op));
    }
}

// Out, by runners ---------------------------------------------------------------------------------

void run_queue::work() noexcept
{
    std::unique_lock lock(mutex_);
    --on_their_way_;
    run_operation* done = nullptr;
    clock::time_point ended{};
    for (int left = functions_per_turn; left != 0; --left) {
        if (queued_.empty() && done) {
            // Completing it may queue the next operation: its lease is released and granted to an
            // operation that waits.
            lock.unlock();
            finish(*std::exchange(done, nullptr));
            lock.lock();
        }
        if (queued_.empty())
            break;
        auto& op = begin_first();
        op.begun = true;
        unlock_and_notify(lock);
        if (done)
            finish(*done);

        // A function counts as begun when the function before it has ended. The time between the
        // two is less than the cost of another clock reading.
        auto const begun = done ? ended : clock::now();
        op.call();
        ended = clock::now();

        lock.lock();
        count_run(op, begun, ended, op.exception != nullptr);
        done = &op;
    }
    --runners_;
    unlock_and_notify(lock);
    if (done)
        finish(*done);
}

run_operation& run_queue::begin_first() noexcept
{
    auto& op = queued_.front();
    running_.splice(running_.end(), queued_, queued_.begin());
    op.state = phase::running;
    op.stop_requested = false;
    return op;
}

void run_queue::count_run(
    run_operation& op, job_source::time begun, job_source::time ended, bool failed) noexcept
{
    running_.erase(running_.iterator_to(op));
    op.state = phase::done;
    ++totals_.runs;
    totals_.failed += failed;
    totals_.queue_time.record(ticks(begun - op.queued_at));
    totals_.run_time.record(ticks(ended - begun));
}

void run_queue::runner_lost(cancel_reason const& why) noexcept
{
    list ended;
    {
        std::lock_guard lock(mutex_);
        --on_their_way_;
        if (--runners_ == 0)
            give_up_queued(why, ended);
    }
    finish_all(ended);
}

void run_queue::give_up_queued(cancel_reason const& why, list& ended) noexcept
{
    while (!queued_.empty()) {
        auto& op = queued_.front();
        queued_.pop_front();
        give_up(op, why, ended);
    }
}

// Out, one at a time ------------------------------------------------------------------------------

run_operation* run_queue::take() noexcept
{
    std::lock_guard lock(mutex_);
    if (queued_.empty())
        return nullptr;
    auto& op = begin_first();
    op.remote()->request_id = ++last_request_id_;
    return &op;
}

void run_queue::give_back(run_operation& op) noexcept
{
    list ended;
    {
        std::lock_guard lock(mutex_);
        running_.erase(running_.iterator_to(op));
        if (!refused(op, ended)) {
            op.state = phase::queued;
            queued_.push_front(op);
        }
    }
    finish_all(ended);
}

void run_queue::finish_taken(
    run_operation& op, job_source::time begun, job_source::time ended) noexcept
{
    {
        std::lock_guard lock(mutex_);
        op.begun = true;
        count_run(op, begun, ended, op.exception || op.error);
        for (auto const bytes : {op.remote()->request_bytes, op.remote()->answer_bytes})
            if (bytes != 0)
                totals_.message_bytes.record(bytes);
    }
    finish(op);
}

void run_queue::fail_taken(run_operation& op, cancel_reason const& why) noexcept
{
    list ended;
    {
        std::lock_guard lock(mutex_);
        running_.erase(running_.iterator_to(op));
        give_up(op, ended_ && ended_->keep ? *ended_ : why, ended);
    }
    finish_all(ended);
}

// Ends --------------------------------------------------------------------------------------------

void run_queue::cancel_all(cancel_reason const& why) noexcept
{
    list ended;
    {
        std::lock_guard lock(mutex_);
        give_up_queued(why, ended);
        ended_ = why;
    }
    ask_to_stop(why.error);
    finish_all(ended);
}

void run_queue::ask_to_stop(error_code why) noexcept
{
    // The callbacks of a stop token are a user's, so no lock may be held. An operation may end
    // meanwhile, so each pass searches the list from its beginning. `stop_requested` marks the
    // operations that were found, because the request may be made later, on another thread. A job
    // that is taken after this is checked when it is given back; otherwise its worker is closed.
    for (;;) {
        running found;
        {
            std::lock_guard lock(mutex_);
            for (auto& op : running_) {
                if (op.stop_requested)
                    continue;
                op.stop_requested = true;  // also if the operation cannot be asked
                found = running_of(op);
                if (found)
                    break;
            }
        }
        if (!found)
            return;
        consumer_.revoke(std::move(found), why);
    }
}

run_queue::running run_queue::running_of(run_operation& op) noexcept
{
    if (auto const* const remote = op.remote(); remote && remote->request_id != 0)
        return {.request_id = remote->request_id};
    if (auto const* const stop = op.stop())
        return {.source = *stop};
    return {};
}

run_queue::cancellation run_queue::begin_cancel(
    run_operation& op, boost::asio::cancellation_type type) noexcept
{
    using boost::asio::cancellation_type;
    cancellation left;
    std::lock_guard lock(mutex_);
    switch (op.state) {
    case phase::queued:
        queued_.erase(queued_.iterator_to(op));
        op.state = phase::done;
        op.error = boost::asio::error::operation_aborted;
        ++totals_.canceled;
        left.removed = &op;
        break;
    case phase::running:
        if ((type & (cancellation_type::terminal | cancellation_type::partial)) ==
            cancellation_type::none)
            break;
        left.to_stop = running_of(op);
        if (left.to_stop.request_id != 0)
            op.stop_asked = true;  // the job may be given back before it has begun
        break;
    case phase::unqueued:
    case phase::done:
        // The operation has its lease and is about to be queued, or it goes back to its grinder
        // without having begun.
        op.stop_asked = true;
        break;
    }
    return left;
}

void run_queue::finish_cancel(cancellation&& what) noexcept
{
    if (what.removed)
        finish(*what.removed);
    else if (what.to_stop)
        consumer_.cancel(std::move(what.to_stop));
}

void run_queue::destroy_kept() noexcept
{
    while (!kept_.empty()) {
        auto& op = kept_.front();
        kept_.pop_front();
        op.sink->dropped(op);
    }
}

run_totals run_queue::totals() const
{
    std::lock_guard lock(mutex_);
    return totals_;
}

}  // namespace leasepool::detail
