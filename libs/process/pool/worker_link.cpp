// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/pool/worker_link.hpp"

#include "wire/notifications.hpp"
#include "wire/protocol.hpp"
#include "wire/utf8.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
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
    : state(o, now), in_(bounds.max_message_bytes), reader_(wire::peer::worker, bounds),
      writer_(bounds), bounds_(bounds)
{
}

void worker_link::has_exited(exit_status how)
{
    exited = how;
    // What it has sent is in the pipe by now. What comes later is somebody else's, who may never end.
    last_bytes_ = bytes_in(process.standard_output().native_handle());
}

bool worker_link::read()
{
    std::size_t sum = 0;
    while (!output_closed_ && last_bytes_ != 0 && sum < round) {
        auto space = in_.prepare();
        space = space.first(std::min(space.size(), last_bytes_));
        auto const got = read_some(process.standard_output().native_handle(), space);
        if (got == 0)
            output_closed_ = true;
        if (got <= 0)
            return false;
        auto const n = static_cast<std::size_t>(got);
        in_.commit(n);
        sum += n;
        if (sum >= long_message && !std::exchange(wide_output_, true))
            widen_pipe(process.standard_output().native_handle());
        if (exited)
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
    error_bytes_.resize(16 << 10);
    auto const got = read_some(process.standard_error().native_handle(), error_bytes_);
    if (got == 0)
        errors_closed_ = true;
    return std::string_view(error_bytes_).substr(0, got > 0 ? static_cast<std::size_t>(got) : 0);
}

void worker_link::decode(std::vector<received>& into)
{
    while (auto const line = in_.next())
        into.push_back({reader_.read(*line), line->size() + 1});
}

std::string worker_link::stuck() const
{
    if (!in_.too_long())
        return {};
    return "sent a line longer than max_message_bytes (" +
        std::to_string(bounds_.max_message_bytes) + "): " + wire::in_quotes(in_.start());
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
    ++jobs;
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
            close_when_written_ = true;
            break;
        case link_state::act::kill:
            out_.clear();
            if (process.valid()) {
                process.signal(SIGKILL);
                close_input();
            }
            break;
        }
    }
}

bool worker_link::flush(time now)
{
    if (!process.valid() || !process.standard_input().is_open()) {
        out_.clear();
        return true;
    }
    auto const error = out_.write_to(process.standard_input().native_handle());
    state.written(out_.written());
    if (error == boost::asio::error::would_block)
        return false;
    if (error) {
        out_.clear();
        close_input();
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

void worker_link::drop() noexcept
{
    gone = true;
    out_.clear();
    process.drop();
}

}  // namespace leasepool::detail
