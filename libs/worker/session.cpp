// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "session.hpp"

#include "failure.hpp"
#include "running_job.hpp"
#include "watch_deadline.hpp"

#include "wire/notifications.hpp"

#include <leasepool/job_context.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <variant>

// The loop of a worker, and the messages of its parent. `run_worker` calls it, on the main thread;
// the watcher calls `on_input` and `on_no_reader`. It calls `input`, `request_queue`, `channel` and
// the jobs.

namespace leasepool::worker {

using wire::error_number;

namespace {

/// Requests a stop on a thread of its own. The watcher must be free to see its deadline, however long
/// a stop callback of the job takes. The thread may outlive the session: it has its own reference to
/// the stop state, and a callback does not outlive the job that has registered it.
void request_stop_elsewhere(std::stop_source const& job) noexcept
{
    try {
        std::thread([job]() mutable { job.request_stop(); }).detach();
    }
    catch (std::exception const&) {
        job.request_stop();  // no thread, or no memory
    }
}

}  // namespace

session::session(protocol_descriptors pipes, std::span<detail::worker_entry const* const> jobs,
    severity min_severity, std::chrono::steady_clock::duration stop_grace)
    : channel_(pipes.out), min_severity_{min_severity}, stop_grace_{stop_grace}, input_(pipes.in)
{
    for (auto const* const job : jobs)
        jobs_.emplace(job->name(), job);
}

session::~session() = default;

bool session::run()
{
    send_ready();
    while (auto next = next_request())
        run_job(std::move(*next));
    return !violated_;
}

void session::send_ready()
{
    wire::ready message{wire::protocol_version, ::getpid(), {}, {std::string(wire::pipelining)}};
    for (auto const& [name, job] : jobs_)
        message.methods.emplace_back(name);
    std::sort(message.methods.begin(), message.methods.end());
    // Many or long names may exceed the default limits. Those of the parent are not known yet.
    if (auto const refused = channel_.notify(wire::methods::ready, wire::to_params(message)))
        throw std::length_error(
            "the names of the jobs cannot be sent: " + wire::describe(*refused));
}

std::optional<wire::request> session::next_request()
{
    stop_request stop;
    {
        std::lock_guard const lock(mutex_);
        // If the watcher is not scheduled, a cancel may stay in the pipe for long. So this thread
        // also checks the pipe between two jobs, from time to time.
        if (armed_ && !input_ended_ && !violated_ && check_is_due() && input_.readable())
            read_input(stop);
        // Check and begin in one step under the lock: the watcher may remove the requests.
        if (armed_ && !requests_.empty())
            return requests_.begin_next();
        disarm_if_idle();
    }
    // No job runs, so `stop` is empty. The watcher is disarmed.
    await_request();
    std::lock_guard const lock(mutex_);
    return requests_.begin_next();
}

/// Returns whether the coarse clock has advanced since the last call. A check of the pipe takes as
/// long as a short job, so it is not made before each job.
bool session::check_is_due() noexcept
{
    auto const now = coarse_time();
    return std::exchange(last_check_, now) != now;
}

/// Reads until a request is queued, or until no more can arrive.
void session::await_request()
{
    stop_request stop;
    while (requests_.empty() && !input_ended_ && !violated_)
        read_input(stop);
}

void session::run_job(wire::request&& request)
{
    running_job job(request.id, channel_, min_severity_);
    bool stop_at_once = false;
    {
        std::lock_guard const lock(mutex_);
        running_ = &job;
        stop_at_once = std::exchange(stop_next_, false) || stop_all_;
        if (!armed_ && !input_ended_ && !violated_) {
            if (!watch_)
                watch_ = make_input_watch(input_.descriptor(), channel_.descriptor(), *this);
            armed_ = true;
            watch_->arm();
        }
    }
    if (stop_at_once)
        job.stop_source().request_stop();
    auto const result = call_job(job, request);
    {
        std::lock_guard const lock(mutex_);
        running_ = nullptr;
        requests_.end_running();
        // Before the answer is sent: this thread reads the next message, so that it does not wake
        // the watcher.
        disarm_if_idle();
    }
    if (auto const* const failed = std::get_if<failure>(&result))
        answer_error(request.id, *failed);
    else if (auto const refused = channel_.result(request.id, std::get<boost::json::value>(result)))
        answer_error(request.id, failure_of_result(*refused));
}

session::outcome session::call_job(running_job& job, wire::request& request)
{
    auto const found = jobs_.find(request.method);
    if (found == jobs_.end())
        return unknown_job(request.method);
    auto stage = detail::job_stage::arguments;
    try {
        job_context context(job);
        outcome returned = found->second->run(std::move(request.params), context, stage);
        // The output of the job is written before its answer.
        std::fflush(stdout);
        return returned;
    }
    catch (...) {
        std::fflush(stdout);
        return failure_of_exception(stage, request.params, job.stop_asked());
    }
}

void session::answer_error(std::uint64_t id, failure const& why)
{
    channel_.error(id, why.number, why.message, why.data);
}

void session::disarm_if_idle() noexcept
{
    if (armed_ && requests_.empty()) {
        watch_->disarm();
        armed_ = false;
    }
}

/// Reads once, and handles all complete messages.
void session::read_input(stop_request& stop)
{
    bool const more = input_.read();
    while (!violated_ && !input_ended_) {
        auto message = input_.next();
        if (!message)
            break;
        handle_message(std::move(*message), stop);
    }
    if (!more && !input_ended_)
        end_input(stop);
}

void session::handle_message(wire::message&& from, stop_request& stop)
{
    if (auto* const request = std::get_if<wire::request>(&from)) {
        auto const id = request->id;
        if (!requests_.add(std::move(*request)))
            answer_not_begun(id);
    }
    else if (auto* const notification = std::get_if<wire::notification>(&from))
        handle_notification(std::move(*notification), stop);
    else if (auto* const violation = std::get_if<wire::violation>(&from))
        handle_violation(std::move(*violation), stop);
    else
        handle_violation({error_number::invalid_message, std::nullopt,
                             "an answer, but this worker has sent no request"},
            stop);
}

void session::handle_notification(wire::notification&& from, stop_request& stop)
{
    auto const reject = [&](std::string const& text) {
        handle_violation({error_number::invalid_message, std::nullopt, text}, stop);
    };
    if (from.method == wire::methods::cancel) {
        auto const read = wire::read_cancel(from.params);
        auto const* const cancel = std::get_if<wire::cancel>(&read);
        if (!cancel)
            return reject(std::get<std::string>(read));
        auto const affected = requests_.cancel(cancel->id);
        for (auto const id : affected.not_begun)
            answer_not_begun(id);
        if (affected.running)
            stop_running(stop);
    }
    else if (from.method == wire::methods::resume)
        requests_.resume();
    else if (from.method == wire::methods::shutdown)
        end_input(stop);
    else if (from.method == wire::methods::limits) {
        auto const read = wire::read_limits(from.params);
        auto const* const bounds = std::get_if<wire::limits>(&read);
        if (!bounds)
            return reject(std::get<std::string>(read));
        input_.set_limits(*bounds);
        channel_.set_limits(*bounds);
    }
}

/// Answers with an error. Later messages cannot be trusted, so nothing more is read, and requests
/// that have not begun are dropped. The job that runs is asked to stop and is answered, if it returns
/// within `stop_grace`.
void session::handle_violation(wire::violation&& from, stop_request& stop)
{
    channel_.error(from.id, from.why, from.text);
    violated_ = true;
    requests_.clear();
    stop_running(stop);
}

/// Makes `stop` refer to the job that runs. A job that is about to run is marked instead.
void session::stop_running(stop_request& stop)
{
    if (running_)
        stop = running_->stop_source();
    else if (requests_.has_running())
        stop_next_ = true;
}

/// Called when the input has ended. A parent closes the input only when no answer is outstanding.
/// So if a job runs, the parent is gone: that job and all later ones are asked to stop.
void session::end_input(stop_request& stop)
{
    input_ended_ = true;
    stop_all_ = armed_;
    stop_running(stop);
}

void session::answer_not_begun(std::uint64_t id)
{
    channel_.error(id, error_number::not_begun, "not begun");
}

void session::on_input() noexcept
{
    stop_request stop;
    bool last = false;
    {
        std::lock_guard const lock(mutex_);
        if (!armed_)
            return;
        try {
            if (!input_ended_ && !violated_ && input_.readable())
                read_input(stop);
        }
        catch (std::exception const& e) {
            // There is no memory, or a read or write has failed.
            std::fprintf(stderr, "leasepool worker: %s\n", e.what());
            std::_Exit(1);
        }
        last = input_ended_ || violated_;
        if (last)
            watch_->watch_output(watch_deadline::after(stop_grace_));
        else
            watch_->arm();
    }
    if (!stop)
        return;
    if (last)
        request_stop_elsewhere(*stop);
    else
        stop->request_stop();
}

void session::on_no_reader() noexcept
{
    kill_self();
}

/// Writes nothing to stderr: if nothing reads it any more, the write may block.
void session::on_deadline() noexcept
{
    kill_self();
}

}  // namespace leasepool::worker
