// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/manager_core.hpp"
#include "core/support/values.hpp"

#include <boost/asio/error.hpp>

#include <chrono>
#include <new>
#include <string>
#include <utility>
#include <vector>

// Carries out start, stop and stats, on the strand. `command` calls it.

namespace leasepool::detail {
namespace {

namespace asio = boost::asio;
using std::chrono::nanoseconds;

}  // namespace

command_ptr manager_core::make_start()
{
    return command_ptr(new command(manager_ptr(this), command::kind::start, {}));
}

command_ptr manager_core::make_stop(stop_options const& options)
{
    return command_ptr(new command(manager_ptr(this), command::kind::stop, options));
}

command_ptr manager_core::make_stats()
{
    return command_ptr(new command(manager_ptr(this), command::kind::stats, {}));
}

void manager_core::on_command(command& cmd) noexcept
{
    switch (cmd.what) {
    case command::kind::start:
        begin_start(cmd);
        return queue_deferred();
    case command::kind::stop:
        begin_stop(cmd);
        return queue_deferred();
    case command::kind::stats:
        try {
            static_cast<stats_completion&>(*cmd.op).value = snapshot();
            settle(std::exchange(cmd.op, nullptr), {}, name_of(cmd.what));
        }
        catch (std::bad_alloc const&) {
            settle(std::exchange(cmd.op, nullptr), not_enough_memory(), name_of(cmd.what));
        }
    }
}

void manager_core::on_command_canceled(command& cmd) noexcept
{
    if (cmd.what == command::kind::start) {
        std::lock_guard lock(mutex_);
        if (starts_.size() == 1 && ledger_.state() == ledger::phase::starting) {
            // The operation completes when the start is undone.
            start_error_ = asio::error::operation_aborted;
            ledger_.cancel_start();
            return;
        }
        if (start_error_ == asio::error::operation_aborted)
            return;
    }
    auto& waiting = cmd.what == command::kind::start ? starts_ : stops_;
    waiting.erase(waiting.iterator_to(cmd));
    answer(cmd, asio::error::operation_aborted);
}

void manager_core::begin_start(command& cmd) noexcept
{
    using phase = ledger::phase;
    auto state = phase::stopped;
    {
        std::lock_guard lock(mutex_);
        state = ledger_.state();
    }
    if (state == phase::running)
        return settle(std::exchange(cmd.op, nullptr), {}, name_of(cmd.what));
    if (state == phase::stopping)
        return settle(std::exchange(cmd.op, nullptr), errc::not_running, name_of(cmd.what));
    if (state == phase::stopped) {
        try {
            work_ = executor_ref(executor_, executor_ref::work::tracked);
        }
        catch (std::bad_alloc const&) {
            return settle(std::exchange(cmd.op, nullptr), not_enough_memory(), name_of(cmd.what));
        }
        start_error_ = {};
        std::lock_guard lock(mutex_);
        make_error_ = errc::worker_start_failed;
        ledger_.start(steady_time::clock::now());
    }
    intrusive_ptr_add_ref(&cmd);
    starts_.push_back(cmd);
    if (starts_.size() == 1)
        read_size();
}

void manager_core::begin_stop(command& cmd) noexcept
{
    auto const& opts = cmd.options;
    auto const zero = steady_duration::zero();
    if (opts.deadline < zero || opts.abandon_after.value_or(zero) < zero)
        return settle(std::exchange(cmd.op, nullptr), errc::invalid_duration, name_of(cmd.what));
    auto const now = steady_time::clock::now();
    auto const deadline = opts.mode == stop_mode::cancel ? now : saturating_add(now, opts.deadline);
    {
        std::unique_lock lock(mutex_);
        if (ledger_.state() == ledger::phase::stopped) {
            lock.unlock();
            return settle(std::exchange(cmd.op, nullptr), {}, name_of(cmd.what));
        }
        ledger_.stop(deadline,
            opts.abandon_after ? saturating_add(deadline, *opts.abandon_after) : ledger::never,
            opts.mode == stop_mode::serve);
    }
    intrusive_ptr_add_ref(&cmd);
    stops_.push_back(cmd);
    reporter_.say(severity::info, "manager stopping");
}

void manager_core::finish_start(error_code error) noexcept
{
    let_go();
    answer_all(starts_, error);
    answer_all(stops_, {});
    reporter_.not_started(error);
}

void manager_core::finish_stop(std::size_t abandoned) noexcept
{
    let_go();
    answer_all(starts_, errc::not_running);
    answer_all(stops_, {});
    reporter_.stopped(abandoned);
}

void manager_core::let_go() noexcept
{
    work_.reset();
    timer_->cancel();
}

void manager_core::answer(command& cmd, error_code error) noexcept
{
    settle(std::exchange(cmd.op, nullptr), error, name_of(cmd.what));
    intrusive_ptr_release(&cmd);
}

void manager_core::answer_all(command_list& cmds, error_code error) noexcept
{
    while (!cmds.empty()) {
        auto& cmd = cmds.front();
        cmds.pop_front();
        answer(cmd, error);
    }
}

stats manager_core::snapshot()
{
    stats s;
    std::vector<std::pair<lease_record_ptr, bool>> held;  // with whether each drains
    for (bool enough = false; !enough;) {
        auto const room = count().leased;
        held.reserve(room);
        std::lock_guard lock(mutex_);
        enough = ledger_.leased() <= held.capacity();
        if (!enough)
            continue;
        ledger_.for_each_lease([&](ledger::claim& each) {
            held.emplace_back(&record_of(each), each.state() == ledger::claim::phase::draining);
        });
        s = totals_;
        s.started =
            ledger_.state() == ledger::phase::running || ledger_.state() == ledger::phase::starting;
        s.stopping = ledger_.state() == ledger::phase::stopping;
        s.desired = ledger_.desired();
        s.total = ledger_.in_service();
        s.starting = ledger_.starting();
        s.available = ledger_.available();
        s.leased = ledger_.leased();
        s.draining = ledger_.draining();
        s.retired = ledger_.retired();
        s.abandoned = ledger_.abandoned();
        s.capacity = ledger_.capacity();
        s.waiters = ledger_.waiters();
    }
    s.name = options_.name;
    s.backend = backend_->name();
    s.max_pools = options_.max_pools;
    s.min_pools = options_.min_pools;
    s.max_retired = options_.max_retired.value_or(options_.max_pools);
    s.workers_per_pool = backend_->workers_per_pool();
    s.renewed = renewed_.load(std::memory_order_relaxed);
    s.unhandled_exceptions = unhandled_.load(std::memory_order_relaxed);
    s.progress_dropped = dropped_progress_.load(std::memory_order_relaxed);
    s.log_records_dropped = records_.dropped();
    s.callback_errors = reporter_.errors();

    auto runs = closed_runs_;
    for (auto const& pool : pools_)
        runs.merge(pool.totals());
    s.runs = runs.runs;
    s.runs_failed = runs.failed;
    s.runs_canceled = runs.canceled;
    s.queue_time = runs.queue_time;
    s.run_time = runs.run_time;
    s.message_bytes = runs.message_bytes;

    auto const now = steady_time::clock::now();
    s.leases.reserve(held.size());
    for (auto const& [lease, draining] : held) {
        auto const soft = lease->expiry.get();
        auto const until = [&](steady_time at) {
            return at == steady_time::max() ? nanoseconds::max() : nanoseconds(at - now);
        };
        s.leases.push_back({.id = lease->id(),
            .pool = lease->pool()->id(),
            .owner = std::string(lease->owner()),
            .where = lease->where(),
            .held = now - lease->since(),
            .until_soft_expiry = until(soft),
            .until_hard_expiry = until(saturating_add(soft, options_.grace)),
            .draining = draining});
    }
    return s;
}

}  // namespace leasepool::detail
