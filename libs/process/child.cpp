// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "child.hpp"

#include <csignal>

namespace leasepool::detail {
namespace {

using boost::asio::any_io_executor;
using boost::asio::posix::stream_descriptor;

stream_descriptor adopt(any_io_executor const& ex, unique_fd fd)
{
    stream_descriptor descriptor(ex, fd.get());
    fd.release();
    return descriptor;
}

}  // namespace

child::state::state(
    any_io_executor const& ex, launch_plan const& plan, child_ends const& theirs, parent_ends ours)
    : input(ex, std::move(ours.input)), output(adopt(ex, std::move(ours.output))),
      errors(adopt(ex, std::move(ours.errors))), pause(ex), process(ex, plan, theirs)
{
}

child::child(
    any_io_executor const& ex, launch_plan const& plan, child_ends const& theirs, parent_ends ours)
    : state_(std::make_shared<state>(ex, plan, theirs, std::move(ours)))
{
}

child& child::operator=(child&& other) noexcept
{
    if (this != &other) {
        drop();
        state_ = std::move(other.state_);
    }
    return *this;
}

boost::system::error_code child::request_stop() noexcept
{
    return kill(SIGTERM);
}

void child::drop() noexcept
{
    auto const was = std::move(state_);
    if (!was)
        return;
    was->dropped = true;
    was->process.drop();
    boost::system::error_code ignored;
    was->input.close();
    was->output.close(ignored);
    was->errors.close(ignored);
    was->pause.expires_at(
        std::chrono::steady_clock::time_point::min());  // cancels, without a throw
}

}  // namespace leasepool::detail
