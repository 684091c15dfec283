// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/process_pool.hpp"

#include "process/child/os_process.hpp"

#include "wire/encoding_error.hpp"
#include "wire/notifications.hpp"
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

// The pool: what comes from its workers.

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
            if (!dead_ && !link->gone) {
                if (!link->broken)
                    link->broken = std::current_exception();
                link->state.violated(false);
                if (link->exited)
                    link->drained = true;
            }
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
                out_of_memory();
            }
        }
        // The handlers of several jobs are likely to submit as many: one write for all of those.
        bool const gathers = done.size() > 1 && !dead_ && !std::exchange(pump_posted_, true);
        held.unlock();
        settle(done);
        done.clear();
        held.lock();
        if (gathers)
            post_pump();
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
    std::vector<worker_link::received> messages;
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
    auto* const job = operation_of(link.state.head());
    // Not until there is nothing: a worker that floods it must not keep others waiting.
    for (int round = 0; round != 4; ++round)
        if (!link.read_errors([&](std::string const& line) {
                log_from(link, options_->stderr_severity, line, "stderr", job);
            }))
            return;
}

void process_pool::log_from(worker_link& link, severity level, std::string_view text,
    std::string_view source, run_operation* job) noexcept
{
    try {
        std::vector<log_field> fields{
            {"worker", std::to_string(link.process.pid())}, {"source", std::string(source)}};
        if (job)
            fields.push_back({"job", std::string(job->remote()->name())});
        site_.log(level, text, std::move(fields));
    }
    catch (std::bad_alloc const&) {
        return;  // one record less
    }
}

void process_pool::log_worker(
    worker_link& link, severity level, std::string_view text, std::string_view error) noexcept
{
    try {
        std::vector<log_field> fields{{"worker", std::to_string(link.process.pid())}};
        if (!error.empty())
            fields.push_back({"error", std::string(error)});
        site_.log(level, text, std::move(fields));
    }
    catch (std::bad_alloc const&) {
        return;
    }
}

// Messages -----------------------------------------------------------------------------------------

void process_pool::apply(worker_link& link, worker_link::received&& from, outcomes& done)
{
    using answer = link_state::answer;
    auto& what = from.what;
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
        return on_answer(link, id, answer::done, std::move(from), done);
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
    on_answer(link, id, how, std::move(from), done);
}

void process_pool::on_answer(worker_link& link, std::uint64_t id, link_state::answer how,
    worker_link::received&& from, outcomes& done)
{
    // What is taken out of flight has a place.
    done.reserve(done.size() + link.state.in_flight());
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
    op->remote()->answer_bytes = from.bytes;
    if (auto* const result = std::get_if<wire::result>(&from.what))
        done.push_back(
            {.op = op, .what = kind::result, .value = std::move(result->value), .begun = begun});
    else {
        auto const& error = std::get<wire::error>(from.what);
        worker_link::outcome out{.op = op, .what = kind::failed, .begun = begun};
        if (flight.asked && error.number == static_cast<int>(wire::error_number::canceled))
            out.error = flight.asked;
        else
            out.reason = failure_of(error, *op->remote(), link.methods);
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
    auto const* const head = link.state.head();
    if (!head || head->id != news.id)
        return;
    auto& job = *operation_of(head)->remote();
    if (auto const error = job.progress(std::move(news.value)))
        log_progress_lost(site_, job.name(), error);
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
    report_workers();
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

}  // namespace leasepool::detail
