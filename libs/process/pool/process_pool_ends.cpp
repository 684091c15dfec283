// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/process_pool.hpp"

#include <leasepool/error.hpp>

#include <chrono>
#include <exception>
#include <new>
#include <string>
#include <utility>

// The pool: how its workers end, and what becomes of their jobs.

namespace leasepool::detail {
namespace {

using kind = worker_link::outcome::kind;

/// What `make` says; if there is no memory for that, this.
template <class Make>
std::exception_ptr reason(Make const& make) noexcept
{
    try {
        return make();
    }
    catch (...) {
        return std::current_exception();
    }
}

}  // namespace

// The end of a worker ------------------------------------------------------------------------------

worker_facts process_pool::facts_of(worker_link const& link) const
{
    return {.pid = link.process.valid() ? link.process.pid() : -1,
        .methods = link.methods,
        .stderr_lines = link.errors.last()};
}

void process_pool::bury(link_ptr const& link, outcomes& done)
{
    using phase = link_state::phase;
    auto& worker = *link;
    auto const& status = *worker.exited;
    auto const was = worker.state.state();
    done.reserve(done.size() + worker.state.in_flight());
    log_error_lines(worker);
    worker.errors.finish([&](std::string const& line) {
        log_from(
            worker, options_->stderr_severity, line, "stderr", operation_of(worker.state.head()));
    });
    auto const facts = facts_of(worker);
    auto const how = to_string(status);
    worker.state.ended(status.how == exit_status::kind::unknown ||
        (status.how == exit_status::kind::signaled && status.value == SIGKILL));
    bool const started = worker.serving || worker.proven || worker.state.retiring();
    std::exception_ptr why = worker.broken;
    if (!why && (!started || worker.state.in_flight() != 0) &&
        worker.state.why_killed() == link_state::verdict::overdue)
        why = reason([&] {
            return trouble_with(facts, started ? errc::protocol_error : errc::worker_start_failed,
                "closed its " + std::string(worker.input_ended() ? "stdout" : "stdin") +
                    ", did not exit within kill_grace, and was killed");
        });
    // From here on nothing throws: each of its jobs is taken out once.
    while (worker.state.in_flight() != 0) {
        link_state::flight flight{};
        auto const loss = worker.state.lose(flight);
        auto* const op = static_cast<run_operation*>(flight.what);
        switch (loss) {
        case link_state::loss::returned:
            done.push_back({.op = op, .what = kind::given_back});
            break;
        case link_state::loss::stopped:
            done.push_back({.op = op, .what = kind::not_run, .error = flight.asked});
            break;
        case link_state::loss::failed:
            if (!why)
                why = reason([&] { return death_of(facts, status, op->remote()->name()); });
            done.push_back({.op = op,
                .what = kind::failed,
                .reason = why,
                .begun = worker.state.head_since()});
            break;
        }
    }
    worker.process.reap();
    bool const expected = worker.state.retiring() || was == phase::killing;
    log_worker(worker, expected ? severity::debug : severity::warning, "worker ended", how);
    worker.drop();
    std::erase(links_, link);

    bool const proven = worker.proven || worker.due;
    if (!started || (worker.serving && !proven)) {
        if (!why)
            why = reason([&] {
                bool const late = was == phase::killing &&
                    worker.state.why_killed() == link_state::verdict::start_timeout;
                return trouble_with(facts, errc::worker_start_failed,
                    late ? "was not ready within startup_timeout, and was killed"
                         : how + (started ? " before it had a job" : " before it was ready"));
            });
    }
    if (!started)
        crew_.start_failed(now_);
    leave_service(worker);
    if (!started || !proven)
        start_trouble(why);
    if (closing_ && links_.empty())
        site_.closed();
}

/// A worker did not get to its first job.
void process_pool::start_trouble(std::exception_ptr const& why)
{
    if (closing_ || failed_ || !why)
        return;
    if (!announced_) {
        failed_ = true;
        for (auto const& link : links_)
            link->state.kill(link_state::verdict::dropped);
        return site_.failed(why);
    }
    try {
        std::rethrow_exception(why);
    }
    catch (std::exception const& e) {
        try {
            site_.log(severity::error, "a worker could not be started", {{"error", e.what()}});
        }
        catch (std::bad_alloc const&) {  // one record less
        }
    }
    if (!crew_.given_up())
        return;
    failed_ = true;
    site_.broken(why);
}

// What becomes of jobs -----------------------------------------------------------------------------

/// Without the lock: it calls the manager, and posts handlers.
void process_pool::settle(outcomes& done) noexcept
{
    if (done.empty())
        return;
    auto const now = std::chrono::steady_clock::now();
    // Given back in the reverse order, they are queued in theirs.
    bool given_back = false;
    for (auto at = done.rbegin(); at != done.rend(); ++at)
        if (at->what == kind::given_back) {
            source_->give_back(*at->op);
            given_back = true;
        }
    for (auto& each : done)
        settle(each, now);
    if (given_back)
        guarded([this](outcomes& more) { step(more); });
}

void process_pool::settle(worker_link::outcome& done, time now) noexcept
{
    auto& op = *done.op;
    switch (done.what) {
    case kind::given_back:
        return;
    case kind::not_run:
        return source_->fail_job(op, done.error, nullptr);
    case kind::failed:
        op.error = done.error;
        op.exception = std::move(done.reason);
        break;
    case kind::result:
        try {
            op.remote()->take_result(std::move(done.value));
        }
        catch (...) {
            op.exception = std::current_exception();
        }
        break;
    }
    source_->finish_job(op, done.begun, now);
}

}  // namespace leasepool::detail
