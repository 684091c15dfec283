// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/worker_link.hpp"

#include "wire/notifications.hpp"
#include "wire/protocol.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <span>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>
#include <variant>

namespace leasepool::detail {

namespace json = boost::json;

namespace {

/// As much as a pipe holds by default.
constexpr std::size_t long_message = std::size_t{64} << 10;

/// >= 0: bytes; 0: the end, or an error, which is as good; -1: nothing for now.
ssize_t read_some(int fd, std::span<char> into) noexcept
{
    ssize_t got = 0;
    do
        got = ::read(fd, into.data(), into.size());
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? -1 : 0;
    return got;
}

std::size_t bytes_in(int fd) noexcept
{
    int n = 0;
    return ::ioctl(fd, FIONREAD, &n) == 0 && n > 0 ? static_cast<std::size_t>(n) : 0;
}

}  // namespace

worker_link::worker_link(link_state::options const& o, wire::limits const& bounds, time now)
    : state(o, now), in_(bounds.max_message_bytes), reader_(bounds), writer_(bounds),
      bounds_(bounds)
{
}

void worker_link::has_exited(exit_status how) noexcept
{
    exit = how;
    last_bytes_ = bytes_in(process.standard_output().native_handle());
    state.exited();
}

void worker_link::note_deadline() noexcept
{
    if (behind_ == 0 && process.valid() && !output_ended())
        behind_ = bytes_in(process.standard_output().native_handle());
}

bool worker_link::read()
{
    if (long_line_)
        return true;  // it is in the buffer
    std::size_t sum = 0;
    while (!output_closed_ && last_bytes_ != 0 && sum < round) {
        auto space = in_.prepare();
        space = space.first(std::min(space.size(), last_bytes_));
        auto const got = read_some(process.standard_output().native_handle(), space);
        if (got == 0)
            output_closed_ = true;
        if (got <= 0) {
            behind_ = 0;
            return false;
        }
        auto const n = static_cast<std::size_t>(got);
        in_.commit(n);
        sum += n;
        behind_ -= std::min(behind_, n);
        if (sum >= long_message && !std::exchange(wide_output_, true))
            widen_pipe(process.standard_output().native_handle());
        if (exit)
            last_bytes_ -= n;
        // A pipe that gives less than asked for is empty; another look would cost as much as a wait.
        else if (n < space.size())
            return false;
    }
    return !output_closed_ && last_bytes_ != 0;
}

std::string_view worker_link::read_error_bytes()
{
    if (errors_closed_)
        return {};
    error_bytes_.resize(4 << 10);
    auto const got = read_some(process.standard_error().native_handle(), error_bytes_);
    if (got == 0)
        errors_closed_ = true;
    return std::string_view(error_bytes_).substr(0, got > 0 ? static_cast<std::size_t>(got) : 0);
}

bool worker_link::decode(std::vector<received>& into, std::size_t longest)
{
    for (;;) {
        auto const line = long_line_ ? std::exchange(long_line_, std::nullopt) : in_.next();
        if (!line)
            return true;
        if (line->size() > longest) {
            long_line_ = line;
            return false;
        }
        into.push_back({reader_.read(*line), line->size() + 1});
    }
}

std::string worker_link::undecodable() const
{
    if (!in_.too_long())
        return {};
    return "sent " + wire::line_too_long(bounds_.max_message_bytes, in_.start()).text;
}

std::string worker_link::unfinished() const
{
    auto const rest = in_.unfinished();
    return rest.empty() ? std::string() : wire::line_without_end(rest).text;
}

void worker_link::send(run_operation& op, link_state::duration timeout, time now)
{
    auto& call = *op.remote();
    if (call.body.size() > long_message && !std::exchange(wide_input_, true))
        widen_pipe(process.standard_input().native_handle());
    out_.append(call.body);
    auto& end = out_.tail();
    auto const had = end.size();
    wire::writer::request_id(end, call.request_id);
    call.request_bytes = call.body.size() + end.size() - had;
    call.answer_bytes = 0;
    if (call.timeout > link_state::duration::zero())
        timeout = call.timeout;
    state.send(call.request_id, &op, timeout, out_.appended(), now);
}

void worker_link::notify(std::string_view method, json::value const& params)
{
    // They are small, and of ASCII: they cannot be refused.
    static_cast<void>(writer_.notification(out_.tail(), method, params));
}

void worker_link::send_limits()
{
    notify(wire::methods::limits, wire::to_params(bounds_));
}

bool worker_link::act(time now)
{
    carry_out();
    return flush(now);
}

void worker_link::carry_out()
{
    for (;;) {
        auto const next = state.poll();
        switch (next.what) {
        case link_state::act::none:
            return;
        case link_state::act::send_cancel:
            notify(wire::methods::cancel, wire::to_params(wire::cancel{next.id}));
            break;
        case link_state::act::send_resume:
            notify(wire::methods::resume, nullptr);
            break;
        case link_state::act::close_input:
            // A forked copy of this program may hold the pipe open, so the worker is told, too. After
            // a goodbye, half of a request may have been written.
            if (!state.has_said_goodbye())
                notify(wire::methods::shutdown, nullptr);
            close_when_written_ = true;
            break;
        case link_state::act::kill:
            // The pipe stays open, because it shows what was not read.
            out_.clear();
            input_failed_ = true;
            if (start)
                start->cancel();
            if (process.valid())
                process.signal(SIGKILL);
            break;
        }
    }
}

bool worker_link::flush(time now)
{
    if (!process.valid() || exit || input_failed_ || !process.standard_input().is_open()) {
        out_.clear();
        return true;
    }
    auto const error = out_.write_to(process.standard_input().native_handle());
    state.written(out_.written());
    if (error == boost::asio::error::would_block)
        return false;
    if (error) {
        out_.clear();
        input_failed_ = true;
        if (!closed_first)
            closed_first = "stdin";
        state.pipe_closed(now);
    }
    else if (close_when_written_)
        close_input();
    return true;
}

void worker_link::close_input() noexcept
{
    boost::system::error_code ignored;
    process.standard_input().close(ignored);
}

bool worker_link::input_has_no_reader() noexcept
{
    pollfd polled{process.standard_input().native_handle(), 0, 0};
    return ::poll(&polled, 1, 0) == 1 && (polled.revents & POLLERR) != 0;
}

std::uint64_t worker_link::unread_input() noexcept
{
    // While any process has the other end, it may still read.
    return process.valid() && process.standard_input().is_open() && input_has_no_reader()
        ? bytes_in(process.standard_input().native_handle())
        : 0;
}

void worker_link::drop() noexcept
{
    dropped_ = true;
    out_.clear();
    if (start)
        start->cancel();
    process.drop();
}

}  // namespace leasepool::detail
