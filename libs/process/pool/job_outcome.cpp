// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/job_outcome.hpp"

#include "base/utf8.hpp"

#include "wire/encoding_error.hpp"
#include "wire/notifications.hpp"
#include "wire/protocol.hpp"
#include "wire/writer.hpp"

#include <leasepool/remote_error.hpp>

#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <utility>

namespace leasepool::detail {
namespace {

std::string job_named(std::string_view name)
{
    return "job " + in_quotes(name);
}

std::exception_ptr failure(errc code, std::string const& text)
{
    return std::make_exception_ptr(boost::system::system_error(make_error_code(code), text));
}

std::string list_of(std::vector<std::string> const& names)
{
    std::string out;
    for (auto const& name : names) {
        if (out.size() > most_bytes_shown)
            return out + ", ... (" + std::to_string(names.size()) + " in all)";
        out += (out.empty() ? "" : ", ") + printable(name, most_line_bytes_shown);
    }
    return out.empty() ? "none" : out;
}

std::string unfinished_line(worker_facts const& worker)
{
    return worker.unfinished.empty() ? std::string() : "; " + worker.unfinished;
}

std::string bad_arguments(wire::error const& answer, remote_call& call)
{
    auto const error = wire::read_conversion_error(answer.data);
    auto text = job_named(call.name()) + ": ";
    auto const at = wire::argument_at(error.at, call.arguments());
    if (error.expected.empty())
        return text + (at.empty() ? "" : at + ": ") + printable(answer.message);
    text += (at.empty() ? "the arguments" : at) + ": expected " + printable(error.expected);
    if (!error.got.empty())
        return text + ", got " + printable(error.got);
    return answer.message.empty() ? text : text + "; the worker says: " + printable(answer.message);
}

std::string bad_result(wire::error const& answer, remote_call& call)
{
    auto const error = wire::read_conversion_error(answer.data);
    auto text = job_named(call.name()) + ": its result";
    if (!error.at.empty())
        text += ", at " + printable(error.at, most_line_bytes_shown) + ',';
    return text + " cannot be sent: " + printable(answer.message);
}

}  // namespace

void write_body(remote_call& call, wire::limits const& bounds)
{
    auto const arguments = call.arguments();
    wire::writer writer(bounds);
    call.body.clear();  // of a former lease
    auto const refused = writer.request_body(call.body, call.name(), arguments);
    if (!refused)
        return;
    auto const text = job_named(call.name()) + ": " + wire::describe(*refused, arguments);
    auto const code = refused->what == wire::encoding_error::kind::too_large
        ? errc::message_too_large
        : errc::not_serializable;
    throw boost::system::system_error(make_error_code(code), text);
}

std::exception_ptr failure_of(
    wire::error&& answer, remote_call& call, std::vector<std::string> const& methods)
{
    try {
        using enum wire::error_number;
        switch (static_cast<wire::error_number>(answer.number)) {
        case unknown_method:
            return failure(errc::unknown_job,
                "the worker has no " + job_named(call.name()) + "; it has: " + list_of(methods));
        case bad_arguments:
            return failure(errc::bad_arguments, detail::bad_arguments(answer, call));
        case internal:
            return failure(
                errc::worker_error, job_named(call.name()) + ": " + printable(answer.message));
        case bad_result:
            return failure(errc::bad_result, detail::bad_result(answer, call));
        case result_too_large:
            return failure(
                errc::message_too_large, job_named(call.name()) + ": " + printable(answer.message));
        default:
            break;
        }
        auto thrown = wire::read_thrown(answer.data);
        return std::make_exception_ptr(remote_error({.job = std::string(call.name()),
            .type = std::move(thrown.type),
            .message = std::move(thrown.what.empty() ? answer.message : thrown.what),
            .number = answer.number,
            .data = std::move(answer.data)}));
    }
    catch (...) {
        return std::current_exception();
    }
}

std::exception_ptr death_of(
    worker_facts const& worker, exit_status const& status, std::string_view job)
{
    try {
        worker_died::details details{.job = std::string(job),
            .pid = worker.pid,
            .stderr_lines = worker.stderr_lines,
            .unfinished = worker.unfinished};
        if (status.how == exit_status::kind::exited)
            details.exit_status = status.value;
        else if (status.how == exit_status::kind::signaled) {
            details.signal = status.value;
            details.signal_name = signal_name(status.value);
        }
        return std::make_exception_ptr(worker_died(std::move(details)));
    }
    catch (...) {
        return std::current_exception();
    }
}

std::exception_ptr timeout_of(std::string_view job, std::chrono::steady_clock::duration timeout)
{
    return failure(errc::job_timeout,
        job_named(job) + " did not end within its timeout of " + in_words(timeout));
}

std::exception_ptr killed_at_timeout(worker_facts const& worker, std::string_view job,
    std::chrono::steady_clock::duration timeout, std::chrono::steady_clock::duration kill_grace)
{
    return failure(errc::job_timeout,
        job_named(job) + " did not end within its timeout of " + in_words(timeout) +
            ", and did not stop within kill_grace (" + in_words(kill_grace) + "), so worker " +
            std::to_string(worker.pid) + " was killed" + unfinished_line(worker));
}

std::string in_words(std::chrono::steady_clock::duration time)
{
    using namespace std::chrono;
    if (time % seconds{1} == seconds{0})
        return std::to_string(duration_cast<seconds>(time).count()) + " s";
    if (time >= milliseconds{1})
        return std::to_string(duration_cast<milliseconds>(time).count()) + " ms";
    return std::to_string(duration_cast<microseconds>(time).count()) + " us";
}

std::exception_ptr trouble_with(worker_facts const& worker, errc code, std::string const& what)
{
    try {
        auto text = (worker.pid > 0 ? "worker " + std::to_string(worker.pid) : "a worker") + ' ' +
            what + unfinished_line(worker);
        if (!worker.stderr_lines.empty()) {
            text += "; its last lines on stderr:";
            for (auto const& line : worker.stderr_lines)
                text += "\n    " + printable(line, most_line_bytes_shown);
        }
        return failure(code, text);
    }
    catch (...) {
        return std::current_exception();
    }
}

}  // namespace leasepool::detail
