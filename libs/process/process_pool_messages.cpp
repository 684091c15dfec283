// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process_pool.hpp"

#include "os_process.hpp"

#include "wire/flaw.hpp"
#include "wire/notices.hpp"
#include "wire/protocol.hpp"

#include <leasepool/error.hpp>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <new>
#include <utility>
#include <variant>

// The pool: what comes from its workers, and what becomes of their jobs.

namespace leasepool::detail {
namespace {

using kind = worker_link::outcome::kind;

severity severity_named(std::string_view name) noexcept
{
    for (auto const level : {severity::debug, severity::warning, severity::error})
        if (name == to_string(level))
            return level;
    return severity::info;
}

std::string_view job_of(run_operation const* op) noexcept
{
    return op ? op->remote->name() : std::string_view();
}

run_operation* operation_of(link_state::flight const* flight) noexcept
{
    return flight ? static_cast<run_operation*>(flight->what) : nullptr;
}

}  // namespace

// Reading ------------------------------------------------------------------------------------------

void process_pool::on_readable(link_ptr const& link) noexcept
{
    {
        lock const held(mutex_);
        link->reading = false;
    }
    serve(link, true);
}

/// Takes note of what the worker has sent; `then_step`: and of what follows from it.
void process_pool::serve(link_ptr const& link, bool then_step) noexcept
{
    outcomes done;
    lock held(mutex_);
    if (dead_ || link->gone || !link->launched)
        return;
    // Somebody reads it, and will wait for more; and will look whether it has exited.
    if (std::exchange(link->busy, true))
        return;
    for (bool more = true; more;) {
        now();
        try {
            more = serve_once(link, held, done);
        }
        catch (std::exception const&) {
            // No memory for what it sends. It cannot go on in the middle of a message.
            more = false;
            if (!dead_ && !link->gone)
                violation(*link, errc::worker_died, "was killed, there is no memory for its answer",
                    false);
        }
        if (dead_ || link->gone)
            break;
        // One that sends without a pause must keep neither this thread nor the clocks: what else it
        // has is waited for again. Of a dead one there is only so much.
        more = more && link->exited;
        if (!more) {
            link->busy = false;
            try {
                if (then_step)
                    step(done);
            }
            catch (std::exception const&) {
                link->process.kill(SIGKILL);
            }
        }
        held.unlock();
        settle(done);
        done.clear();
        held.lock();
    }
    held.unlock();
    settle(done);
}

/// Reads once, and takes note of it. False: there is nothing more for now.
bool process_pool::serve_once(link_ptr const& link, lock& held, outcomes& done)
{
    bool const exited = link->exited.has_value();
    bool more = link->read();

    held.unlock();
    std::vector<wire::message> messages;
    try {
        link->decode(messages);
        done.reserve(done.size() + messages.size());
    }
    catch (...) {
        held.lock();
        throw;
    }
    held.lock();
    if (dead_ || link->gone)
        return false;

    for (auto& message : messages)
        apply(*link, std::move(message), done);
    link->state.paced(now_);
    if (auto const why = link->stuck(); !why.empty()) {
        violation(*link, errc::message_too_large, why, false);
        more = false;
    }
    // After the exit it is not read to the end: that may be put off by whoever has left the group and
    // has the pipe.
    if (link->exited && !more) {
        link->drained = exited;
        return !exited;
    }
    if (link->input_ended())
        link->state.pipe_closed(now_);
    return more;
}

void process_pool::on_errors_readable(link_ptr const& link) noexcept
{
    guarded([&](outcomes&) {
        link->reading_errors = false;
        if (link->gone)
            return;
        log_error_lines(*link);
        watch(link);
    });
}

void process_pool::log_error_lines(worker_link& link)
{
    auto const* const job = operation_of(link.state.head());
    // Not until there is nothing: a worker that floods it must not keep others waiting.
    for (int round = 0; round != 4; ++round)
        if (!link.read_errors([&](std::string const& line) {
                log_from(link, options_->stderr_severity, line, "stderr", job);
            }))
            return;
}

void process_pool::log_from(worker_link& link, severity level, std::string_view text,
    std::string_view source, run_operation const* job)
{
    std::vector<log_field> fields{
        {"worker", std::to_string(link.process.pid())}, {"source", std::string(source)}};
    if (job)
        fields.push_back({"job", std::string(job_of(job))});
    site_.log(level, text, std::move(fields));
}

void process_pool::log_worker(
    worker_link& link, severity level, std::string_view text, std::string error)
{
    std::vector<log_field> fields{{"worker", std::to_string(link.process.pid())}};
    if (!error.empty())
        fields.push_back({"error", std::move(error)});
    site_.log(level, text, std::move(fields));
}

// Messages -----------------------------------------------------------------------------------------

void process_pool::apply(worker_link& link, wire::message&& what, outcomes& done)
{
    using answer = link_state::answer;
    if (auto* const bad = std::get_if<wire::violation>(&what))
        return violation(link, errc::protocol_error, "sent what is " + bad->text);
    if (auto* const note = std::get_if<wire::notification>(&what)) {
        if (!link.broken)
            on_notification(link, std::move(*note));
        return;
    }
    if (auto* const call = std::get_if<wire::request>(&what))
        return violation(
            link, errc::protocol_error, "sent a request (\"" + call->method + "\"), not an answer");
    if (link.state.state() == link_state::phase::starting)
        return violation(link, errc::protocol_error, "sent an answer before it was ready");
    if (auto* const result = std::get_if<wire::result>(&what)) {
        auto const id = result->id;
        return on_answer(link, id, answer::done, std::move(what), done);
    }
    auto const& error = std::get<wire::error>(what);
    using enum wire::error_number;
    if (!error.id)
        return violation(
            link, errc::protocol_error, "could not read what it was sent: " + error.message);
    if (error.number == static_cast<int>(not_json) ||
        error.number == static_cast<int>(invalid_message))
        return violation(link, errc::protocol_error, "could not read a request: " + error.message);
    auto const how = error.number == static_cast<int>(not_begun) ? answer::not_begun : answer::done;
    auto const id = *error.id;
    on_answer(link, id, how, std::move(what), done);
}

void process_pool::on_answer(worker_link& link, std::uint64_t id, link_state::answer how,
    wire::message&& what, outcomes& done)
{
    link_state::flight flight{};
    auto begun = link.state.head_since();
    auto effect = link.state.answered(id, how, flight, now_);
    auto* op = static_cast<run_operation*>(flight.what);
    while (effect == link_state::effect::spoilt) {
        done.push_back({.op = op, .what = kind::failed, .reason = link.broken, .begun = begun});
        if (flight.id == id)
            return;
        begun = link.state.head_since();
        effect = link.state.answered(id, how, flight, now_);
        op = static_cast<run_operation*>(flight.what);
    }
    switch (effect) {
    case link_state::effect::violation:
        return violation(link, errc::protocol_error,
            "answered request " + std::to_string(id) +
                (how == link_state::answer::not_begun ? " as not begun, which it was not told"
                                                      : ", whose turn it is not"));
    case link_state::effect::returned:
        --link.jobs;
        done.push_back({.op = op, .what = kind::given_back});
        return;
    case link_state::effect::stopped:
        --link.jobs;
        done.push_back({.op = op, .what = kind::not_run, .error = flight.asked});
        return;
    case link_state::effect::spoilt:
    case link_state::effect::finished:
        break;
    }
    if (auto* const result = std::get_if<wire::result>(&what))
        done.push_back(
            {.op = op, .what = kind::result, .value = std::move(result->value), .begun = begun});
    else {
        auto const& error = std::get<wire::error>(what);
        worker_link::outcome out{.op = op, .what = kind::failed, .begun = begun};
        if (flight.asked && error.number == static_cast<int>(wire::error_number::cancelled))
            out.error = flight.asked;
        else
            out.reason = failure_of(error, *op->remote, link.methods);
        done.push_back(std::move(out));
    }
    look_at_memory(link);
}

void process_pool::on_notification(worker_link& link, wire::notification&& what)
{
    if (what.method == wire::methods::ready)
        return on_ready(link, what.params);
    if (link.state.state() == link_state::phase::starting)
        return violation(
            link, errc::protocol_error, "sent \"" + what.method + "\" before it was ready");
    if (what.method == wire::methods::log)
        return on_log(link, what.params);
    if (what.method != wire::methods::progress)
        return;
    auto read = wire::read_progress(what.params);
    if (auto const* const fault = std::get_if<std::string>(&read))
        return violation(link, errc::protocol_error, "sent " + *fault);
    auto& news = std::get<wire::progress>(read);
    if (auto const* const head = link.state.head(); head && head->id == news.id)
        operation_of(head)->remote->progress(std::move(news.value));
}

void process_pool::on_ready(worker_link& link, boost::json::value const& params)
{
    if (link.state.state() == link_state::phase::killing)
        return;
    if (link.state.state() != link_state::phase::starting)
        return violation(link, errc::protocol_error, "said twice that it is ready");
    auto read = wire::read_ready(params);
    if (auto const* const fault = std::get_if<std::string>(&read))
        return violation(link, errc::protocol_error, "sent " + *fault);
    auto& ready = std::get<wire::ready>(read);
    if (ready.version != wire::protocol_version)
        return violation(link, errc::protocol_error,
            "speaks version " + std::to_string(ready.version) +
                " of the protocol; this is version " + std::to_string(wire::protocol_version));
    link.methods = std::move(ready.methods);
    link.send_limits();
    // What is between us and the worker may take bytes with it when it is killed. Then the first without
    // an answer would not surely be the only one that has begun.
    bool const direct = options_->launcher.empty() || ready.pid == link.process.pid();
    link.state.ready(direct && ready.can(wire::pipelining), now_);
    link.serving = true;
    crew_.ready();
    log_worker(link, severity::debug, "worker ready");
    if (closing_)
        return retire(link);
    if (!announced_ && !failed_ && crew_.serving() == options_->workers_per_pool) {
        announced_ = true;
        site_.ready();
    }
}

void process_pool::on_log(worker_link& link, boost::json::value const& params)
{
    auto read = wire::read_log(params);
    if (auto const* const fault = std::get_if<std::string>(&read))
        return violation(link, errc::protocol_error, "sent " + *fault);
    auto const& line = std::get<wire::log_line>(read);
    auto const level = severity_named(line.severity);
    if (level < options_->log_level)
        return;
    auto const* const head = link.state.head();
    log_from(link, level, line.message, "log",
        head && line.id == head->id ? operation_of(head) : nullptr);
}

void process_pool::violation(worker_link& link, errc code, std::string const& what, bool legible)
{
    using phase = link_state::phase;
    auto const state = link.state.state();
    if (state != phase::killing && state != phase::ended) {
        log_error_lines(link);
        bool const starting = state == phase::starting;
        link.broken =
            trouble_with(facts_of(link), starting ? errc::worker_start_failed : code, what);
        log_worker(link, severity::error, "a worker broke the protocol", what);
    }
    link.state.violated(legible);
}

void process_pool::look_at_memory(worker_link& link)
{
    if (!options_->max_worker_rss || !link.serving || link.due)
        return;
    if (resident_bytes(link.process.pid()) <= *options_->max_worker_rss)
        return;
    link.due = true;
    crew_.due();
}

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
    worker.state.ended(status.how == exit_status::kind::unknown ||
        (status.how == exit_status::kind::signaled && status.value == SIGKILL));
    bool const started = worker.serving || worker.proven || worker.state.retiring();
    std::exception_ptr why = worker.broken;
    if (!why && (!started || worker.state.in_flight() != 0) &&
        worker.state.why_killed() == link_state::verdict::overdue)
        why = trouble_with(facts, started ? errc::protocol_error : errc::worker_start_failed,
            "closed its " + std::string(worker.input_ended() ? "stdout" : "stdin") +
                ", did not exit within kill_grace, and was killed");
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
                why = death_of(facts, status, job_of(op));
            done.push_back({.op = op,
                .what = kind::failed,
                .reason = why,
                .begun = worker.state.head_since()});
            break;
        }
    }
    worker.process.reap();
    bool const expected = worker.state.retiring() || was == phase::killing;
    log_worker(
        worker, expected ? severity::debug : severity::warning, "worker ended", to_string(status));
    worker.drop();
    std::erase(links_, link);

    bool const proven = worker.proven || worker.due;
    if (!started || (worker.serving && !proven)) {
        if (!why)
            why = was == phase::killing &&
                    worker.state.why_killed() == link_state::verdict::start_timeout
                ? trouble_with(facts, errc::worker_start_failed,
                      "was not ready within startup_timeout, and was killed")
                : trouble_with(facts, errc::worker_start_failed,
                      started ? to_string(status) + " before it had a job"
                              : to_string(status) + " before it was ready");
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
        site_.log(severity::error, "a worker could not be started", {{"error", e.what()}});
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
            op.remote->take_result(std::move(done.value));
        }
        catch (...) {
            op.exception = std::current_exception();
        }
        break;
    }
    source_->finish_job(op, done.begun, now);
}

}  // namespace leasepool::detail
