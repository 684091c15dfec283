// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "run_queue.hpp"

#include "values.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <new>
#include <utility>

namespace leasepool::detail {
namespace {

using clock = std::chrono::steady_clock;
using phase = run_operation::phase;

// So many functions in one turn; then other work on the pool's context gets its chance.
constexpr int functions_per_turn = 16;

}  // namespace

std::exception_ptr run_operation::outcome() const
{
    if (exception)
        return exception;
    if (error)
        try {
            return std::make_exception_ptr(boost::system::system_error(error));
        }
        catch (std::bad_alloc const&) {
            return std::current_exception();
        }
    return nullptr;
}

void run_totals::merge(run_totals const& other) noexcept
{
    runs += other.runs;
    failed += other.failed;
    cancelled += other.cancelled;
    queue_time.merge(other.queue_time);
    run_time.merge(other.run_time);
    message_bytes.merge(other.message_bytes);
}

run_queue::~run_queue()
{
    destroy_kept();
}

bool run_queue::wants_runner() noexcept
{
    if (queued_.empty() || on_their_way_ != 0 || runners_ == workers_)
        return false;
    ++runners_;
    ++on_their_way_;
    return true;
}

void run_queue::push(run_operation& op) noexcept
{
    op.queued_at = clock::now();
    std::unique_lock lock(mutex_);
    if (op.stop_asked.load() || ended_) {
        op.state = phase::done;
        ++totals_.cancelled;
        if (ended_ && ended_->keep) {
            kept_.push_back(op);
            return;
        }
        auto const why = op.stop_asked.load()
            ? verdict{.error = boost::asio::error::operation_aborted}
            : *ended_;
        lock.unlock();
        return end(op, why);
    }
    op.state = phase::queued;
    queued_.push_back(op);
    bool const start = wants_runner();
    lock.unlock();
    notify(start);
}

void run_queue::notify(bool start) noexcept
{
    if (elsewhere_)
        starter_.jobs_waiting();
    else if (start)
        starter_.start_runner();
}

void run_queue::refuse(run_operation& op) noexcept
{
    // Another lease would have no other outcome.
    op.begun = true;
    {
        std::lock_guard lock(mutex_);
        op.state = phase::done;
        ++totals_.cancelled;
    }
    finish(op);
}

void run_queue::push_all(list& ops) noexcept
{
    auto const now = clock::now();
    list refused;
    verdict why;
    std::unique_lock lock(mutex_);
    for (auto at = ops.begin(); at != ops.end();) {
        auto& op = *at++;
        op.queued_at = now;
        if (!op.stop_asked.load(std::memory_order_relaxed) && !ended_) {
            op.state = phase::queued;
            continue;
        }
        op.state = phase::done;
        ++totals_.cancelled;
        auto& to = ended_ && ended_->keep && !op.stop_asked.load() ? kept_ : refused;
        to.splice(to.end(), ops, ops.iterator_to(op));
    }
    if (ended_)
        why = *ended_;
    queued_.splice(queued_.end(), ops);
    bool const start = wants_runner();
    lock.unlock();
    notify(start);
    while (!refused.empty()) {
        auto& op = refused.front();
        refused.pop_front();
        end(op,
            op.stop_asked.load() ? verdict{.error = boost::asio::error::operation_aborted} : why);
    }
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

void run_queue::work() noexcept
{
    std::unique_lock lock(mutex_);
    --on_their_way_;
    run_operation* done = nullptr;
    clock::time_point ended{};
    for (int left = functions_per_turn; left != 0; --left) {
        if (queued_.empty() && done) {
            // Its end may bring the next: the release of its lease grants that to a waiting operation.
            lock.unlock();
            finish(*std::exchange(done, nullptr));
            lock.lock();
        }
        if (queued_.empty())
            break;
        auto& op = queued_.front();
        queued_.pop_front();
        running_.push_back(op);
        op.state = phase::running;
        op.begun = true;
        bool const start = wants_runner();
        lock.unlock();
        if (start)
            starter_.start_runner();
        if (done)
            finish(*done);

        // A function begins when the one before it has ended: what is done between them is less than
        // it costs to read the clock again.
        auto const begun = done ? ended : clock::now();
        op.call();
        ended = clock::now();

        lock.lock();
        count_run(op, begun, ended, op.exception != nullptr);
        done = &op;
    }
    --runners_;
    bool const pass_on = wants_runner();
    lock.unlock();
    // `this` stays: the runner holds the pool.
    if (pass_on)
        starter_.start_runner();
    if (done)
        finish(*done);
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

void run_queue::runner_lost(verdict const& why) noexcept
{
    list taken;
    {
        std::lock_guard lock(mutex_);
        --on_their_way_;
        if (--runners_ != 0)
            return;
        taken.swap(queued_);
        totals_.cancelled += taken.size();
        for (auto& op : taken)
            op.state = phase::done;
    }
    end(taken, why);
}

void run_queue::cancel_all(verdict const& why) noexcept
{
    list taken;
    {
        std::lock_guard lock(mutex_);
        taken.swap(queued_);
        totals_.cancelled += taken.size();
        for (auto& op : taken)
            op.state = phase::done;
        ended_ = why;
        if (why.keep)
            kept_.splice(kept_.end(), taken);
    }
    if (elsewhere_)
        stop_taken(why.error);
    else
        stop_running();
    end(taken, why);
}

void run_queue::stop_taken(error_code why) noexcept
{
    // One that is taken after this is looked at when it is given back; else its worker is closed.
    std::uint64_t last = 0;
    for (;;) {
        {
            std::lock_guard lock(mutex_);
            std::uint64_t next = 0;
            for (auto& op : running_)
                if (op.remote->ticket > last && (next == 0 || op.remote->ticket < next))
                    next = op.remote->ticket;
            if (next == 0)
                return;
            last = next;
        }
        starter_.stop_job(last, why);
    }
}

void run_queue::ask_to_stop() noexcept
{
    if (elsewhere_)
        stop_taken(errc::not_running);
    else
        stop_running();
}

void run_queue::stop_running() noexcept
{
    // The callbacks of a stop token are a user's: no lock may be held. A function may return
    // meanwhile, so the list is looked through afresh each time; `stop_requested` keeps the place, as
    // the request may be made later, on another thread.
    for (;;) {
        std::stop_source source{std::nostopstate};
        {
            std::lock_guard lock(mutex_);
            for (auto& op : running_)
                if (op.stop && !op.stop_requested) {
                    op.stop_requested = true;
                    source = *op.stop;
                    break;
                }
        }
        if (!source.stop_possible())
            return;
        starter_.request_stop(std::move(source));
    }
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
        ++totals_.cancelled;
        left.removed = &op;
        break;
    case phase::running:
        if ((type & (cancellation_type::terminal | cancellation_type::partial)) ==
            cancellation_type::none)
            break;
        if (elsewhere_) {
            op.stop_asked = true;
            left.ticket = op.remote->ticket;
        }
        else if (op.stop)
            left.to_stop = *op.stop;
        break;
    case phase::unqueued:
    case phase::done:
        // On its way here, with its lease granted; or on its way back to a grinder, un-begun.
        op.stop_asked = true;
        break;
    }
    return left;
}

void run_queue::finish_cancel(cancellation&& what) noexcept
{
    if (what.removed)
        finish(*what.removed);
    else if (what.ticket != 0)
        starter_.stop_job(what.ticket, boost::asio::error::operation_aborted);
    else if (what.to_stop.stop_possible())
        starter_.request_stop_here(std::move(what.to_stop));
}

void run_queue::end(list& ops, verdict const& why) noexcept
{
    while (!ops.empty()) {
        auto& op = ops.front();
        ops.pop_front();
        end(op, why);
    }
}

void run_queue::end(run_operation& op, verdict const& why) noexcept
{
    op.error = why.error;
    op.exception = why.reason;
    finish(op);
}

void run_queue::destroy_kept() noexcept
{
    while (!kept_.empty()) {
        auto& op = kept_.front();
        kept_.pop_front();
        if (op.sink) {
            op.sink->dropped(op);
            continue;
        }
        end_work(*op.lease);
        op.destroy();
    }
}

void run_queue::finish(run_operation& op) noexcept
{
    if (op.sink)
        return op.sink->finished(op);
    // The work is counted out before the handler can run: whoever awaits it and then releases the
    // lease finds it drained. The operation keeps the lease's memory.
    auto& lease = *op.lease;
    end_work(lease);
    if (op.owns_lease)
        release(lease);
    post_handler(op);
}

// Elsewhere ----------------------------------------------------------------------------------------

run_operation* run_queue::take() noexcept
{
    std::lock_guard lock(mutex_);
    if (queued_.empty())
        return nullptr;
    auto& op = queued_.front();
    queued_.pop_front();
    running_.push_back(op);
    op.state = phase::running;
    op.remote->ticket = ++last_ticket_;
    return &op;
}

void run_queue::give_back(run_operation& op) noexcept
{
    verdict why;
    {
        std::lock_guard lock(mutex_);
        running_.erase(running_.iterator_to(op));
        if (op.stop_asked.load())
            why.error = boost::asio::error::operation_aborted;
        else if (ended_)
            why = *ended_;
        else {
            op.state = phase::queued;
            queued_.push_front(op);
            return;
        }
        op.state = phase::done;
        ++totals_.cancelled;
        if (why.keep) {
            kept_.push_back(op);
            return;
        }
    }
    end(op, why);
}

void run_queue::finish_taken(
    run_operation& op, job_source::time begun, job_source::time ended) noexcept
{
    op.begun = true;
    {
        std::lock_guard lock(mutex_);
        count_run(op, begun, ended, op.exception || op.error);
        for (auto const bytes : {op.remote->request_bytes, op.remote->answer_bytes})
            if (bytes != 0)
                totals_.message_bytes.record(bytes);
    }
    finish(op);
}

void run_queue::fail_taken(run_operation& op, verdict const& why) noexcept
{
    {
        std::lock_guard lock(mutex_);
        running_.erase(running_.iterator_to(op));
        op.state = phase::done;
        ++totals_.cancelled;
        if (ended_ && ended_->keep) {
            kept_.push_back(op);
            return;
        }
    }
    end(op, why);
}

run_totals run_queue::totals() const
{
    std::lock_guard lock(mutex_);
    return totals_;
}

}  // namespace leasepool::detail
