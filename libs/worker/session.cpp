// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "session.hpp"

#include "failure.hpp"
#include "running_job.hpp"

#include "wire/notifications.hpp"

#include <leasepool/job_context.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <variant>

namespace leasepool::worker {

using wire::error_number;

session::session(protocol_descriptors pipes, std::span<detail::worker_entry const* const> jobs,
    severity least_severity)
    : channel_(pipes.out), least_severity_{least_severity}, input_(pipes.in)
{
    for (auto const* const job : jobs)
        jobs_.emplace(job->name(), job);
}

session::~session() = default;

bool session::run()
{
    say_ready();
    while (auto next = next_request())
        run_job(std::move(*next));
    return !violated_;
}

void session::say_ready()
{
    wire::ready about{wire::protocol_version, ::getpid(), {}, {std::string(wire::pipelining)}};
    for (auto const& [name, job] : jobs_)
        about.methods.emplace_back(name);
    std::sort(about.methods.begin(), about.methods.end());
    // The names alone could exceed the limits, which the parent has not told yet.
    if (auto const bad = channel_.notify(wire::methods::ready, wire::to_params(about)))
        throw std::length_error(
            "the names of the jobs cannot be sent: " + std::string(wire::describe(bad->what)));
}

std::optional<wire::request> session::next_request()
{
    stop_request stop;
    {
        std::lock_guard const lock(mutex_);
        // A cancel that has been in the pipe for a while takes effect before the next job begins,
        // also if the watcher does not get to run.
        if (armed_ && !ended_ && !violated_ && look_is_due() && input_.readable())
            take_input(stop);
        // Looked for and begun in one step: the watcher may put aside what waits.
        if (armed_ && !requests_.empty())
            return requests_.begin_next();
        disarm_if_idle();
    }
    // No job runs, so there is none to be stopped; and the watcher is off.
    await_request();
    std::lock_guard const lock(mutex_);
    return requests_.begin_next();
}

/// A look costs as much as a short job, so there is one now and then.
bool session::look_is_due() noexcept
{
    auto const now = coarse_time();
    return std::exchange(last_look_, now) != now;
}

/// Reads until there is something to do, or there will not be.
void session::await_request()
{
    stop_request stop;
    while (requests_.empty() && !ended_ && !violated_)
        take_input(stop);
}

void session::run_job(wire::request&& wanted)
{
    running_job job(wanted.id, channel_, least_severity_);
    bool stop_at_once = false;
    {
        std::lock_guard const lock(mutex_);
        running_ = &job;
        stop_at_once = std::exchange(stop_next_, false) || stop_all_;
        if (!armed_ && !ended_ && !violated_) {
            if (!watch_)
                watch_ = make_input_watch(input_.descriptor(), channel_.descriptor(), *this);
            armed_ = true;
            watch_->arm();
        }
    }
    if (stop_at_once)
        job.stop_source().request_stop();
    auto const result = perform(job, wanted);
    {
        std::lock_guard const lock(mutex_);
        running_ = nullptr;
        requests_.end_running();
        // Before the answer: what the parent sends next is for this thread, and wakes no other.
        disarm_if_idle();
    }
    if (auto const* const failed = std::get_if<failure>(&result))
        refuse(wanted.id, *failed);
    else if (auto const refused = channel_.result(wanted.id, std::get<boost::json::value>(result)))
        refuse(wanted.id, failure_of_result(wanted.method, *refused));
}

session::outcome session::perform(running_job& job, wire::request& wanted)
{
    auto const found = jobs_.find(wanted.method);
    if (found == jobs_.end())
        return unknown_job(wanted.method);
    auto stage = detail::job_stage::arguments;
    try {
        job_context context(job);
        outcome returned = found->second->run(std::move(wanted.params), context, stage);
        // What the job has printed is out before its answer.
        std::fflush(stdout);
        return returned;
    }
    catch (...) {
        std::fflush(stdout);
        return failure_of_exception(wanted.method, stage, wanted.params, job.stop_asked());
    }
}

void session::refuse(std::uint64_t id, failure const& why)
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

/// Reads once, and takes note of all messages that are complete.
void session::take_input(stop_request& stop)
{
    bool const more = input_.read();
    while (!violated_) {
        auto message = input_.next();
        if (!message)
            break;
        take(std::move(*message), stop);
    }
    if (!more)
        end_input(stop);
}

void session::take(wire::message&& from, stop_request& stop)
{
    if (auto* const wanted = std::get_if<wire::request>(&from)) {
        auto const id = wanted->id;
        if (!requests_.add(std::move(*wanted)))
            put_aside(id);
    }
    else if (auto* const notice = std::get_if<wire::notification>(&from))
        take_notification(std::move(*notice), stop);
    else if (auto* const violation = std::get_if<wire::violation>(&from))
        take_violation(std::move(*violation), stop);
    else
        take_violation({error_number::invalid_message, std::nullopt,
                           "an answer, but this worker has asked nothing"},
            stop);
}

void session::take_notification(wire::notification&& from, stop_request& stop)
{
    auto const complain = [&](std::string const& text) {
        take_violation({error_number::invalid_message, std::nullopt, text}, stop);
    };
    if (from.method == wire::methods::cancel) {
        auto const read = wire::read_cancel(from.params);
        auto const* const cancel = std::get_if<wire::cancel>(&read);
        if (!cancel)
            return complain(std::get<std::string>(read));
        auto const affected = requests_.cancel(cancel->id);
        for (auto const id : affected.not_begun)
            put_aside(id);
        if (affected.running)
            stop_running(stop);
    }
    else if (from.method == wire::methods::resume)
        requests_.resume();
    else if (from.method == wire::methods::limits) {
        auto const read = wire::read_limits(from.params);
        auto const* const bounds = std::get_if<wire::limits>(&read);
        if (!bounds)
            return complain(std::get<std::string>(read));
        input_.limit_to(*bounds);
        channel_.limit_to(*bounds);
    }
}

/// Nothing that comes behind it can be trusted. What runs is finished.
void session::take_violation(wire::violation&& from, stop_request& stop)
{
    channel_.error(from.id, from.why, from.text);
    violated_ = true;
    requests_.clear();
    stop_running(stop);
}

void session::stop_running(stop_request& stop)
{
    if (running_)
        stop = running_->stop_source();
    else if (requests_.has_running())
        stop_next_ = true;
}

void session::end_input(stop_request& stop)
{
    ended_ = true;
    stop_all_ = armed_;
    stop_running(stop);
}

void session::put_aside(std::uint64_t id)
{
    channel_.error(id, error_number::not_begun, "not begun");
}

void session::on_input() noexcept
{
    stop_request stop;
    {
        std::lock_guard const lock(mutex_);
        if (!armed_)
            return;
        try {
            if (!ended_ && !violated_ && input_.readable())
                take_input(stop);
        }
        catch (std::exception const& e) {
            // There is no memory for what comes, or the pipe is broken.
            std::fprintf(stderr, "leasepool worker: %s\n", e.what());
            std::_Exit(1);
        }
        if (ended_)
            watch_->watch_output();
        else if (!violated_)
            watch_->arm();
    }
    if (stop)
        stop->request_stop();
}

void session::on_no_reader() noexcept
{
    abandon();
}

}  // namespace leasepool::worker
