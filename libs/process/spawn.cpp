// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "spawn.hpp"

#include <boost/system/system_error.hpp>

#include <string>
#include <utility>

namespace leasepool::detail {
namespace {

pipe_ends pipe_for(launch_plan const& plan, std::string const& stream, unique_fd pipe_ends::*ours)
{
    boost::system::error_code ec;
    auto ends = make_pipe(ec);
    if (!ec)
        ec = set_non_blocking((ends.*ours).get());
    if (ec)
        throw boost::system::system_error(
            ec, cannot_start(plan.path()) + ", no pipe for its standard " + stream);
    return ends;
}

}  // namespace

child spawn(boost::asio::any_io_executor const& ex, spawn_options const& options)
{
    launch_plan const plan(options);
    auto input = pipe_for(plan, "input", &pipe_ends::write);
    auto output = pipe_for(plan, "output", &pipe_ends::read);
    auto errors = pipe_for(plan, "error", &pipe_ends::read);
    // What is theirs is closed here on return: else the end of a stream would never come.
    return child(ex, plan, {input.read.get(), output.write.get(), errors.write.get()},
        {std::move(input.write), std::move(output.read), std::move(errors.read)});
}

bool is_marked_as_worker() noexcept
{
    return started_as_worker();
}

}  // namespace leasepool::detail
