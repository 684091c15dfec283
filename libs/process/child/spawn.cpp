// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "process/child/spawn.hpp"

#include "process/child/initializers.hpp"
#include "process/child/launch_plan.hpp"
#include "process/child/launcher.hpp"
#include "process/child/process_reaper.hpp"
#include "process/child/spare_threads.hpp"

#include <boost/process/v2/start_dir.hpp>
#include <boost/process/v2/stdio.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <unistd.h>
#include <utility>

// The start of a program, from its options to a process and three pipes. `process_pool` calls it.

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
            ec, cannot_start(plan.name()) + ", no pipe for its standard " + stream);
    return ends;
}

/// On a spare thread.
started_program start(
    spawn_options const& options, start_attempt& attempt, std::function<void()>&& exited)
{
    auto& reaper = process_reaper::instance();
    launch_plan const plan(options);
    auto input = pipe_for(plan, "input", &pipe_ends::write);
    auto output = pipe_for(plan, "output", &pipe_ends::read);
    auto errors = pipe_for(plan, "error", &pipe_ends::read);

    started_program program;
    // Made before the start, because after it nothing may fail.
    auto process = std::make_shared<watched_process>(reaper, std::move(exited));
    launcher launch(attempt, plan.name());
    auto const start_in = [&](auto... directory) {
        return launch(reaper.holding().get_executor(), plan.path(), plan.argv(),
            environment_variables(plan.environment()), new_session(), default_dispositions(),
            parent_death_signal{options.parent_death_signal, ::getpid()},
            scheduled_as_main_thread(),
            process_v2::process_stdio{input.read.get(), output.write.get(), errors.write.get()},
            standard_descriptors_only(), directory..., limited(options.limits));
    };
    auto started = options.working_directory.empty()
        ? start_in()
        : start_in(process_v2::process_start_dir(options.working_directory));
    process->watch(std::move(started), launch.exit_descriptor());
    program.process = std::move(process);
    // The ends of the child are closed on return, because the end of a stream would not come
    // otherwise.
    program.ends = {std::move(input.write), std::move(output.read), std::move(errors.read)};
    return program;
}

}  // namespace

std::shared_ptr<start_attempt> spawn(std::shared_ptr<spawn_options const> options,
    std::function<void(started_program&&)> done, std::function<void()> exited)
{
    auto attempt = std::make_shared<start_attempt>();
    spare_threads::instance().post([options = std::move(options), attempt, done = std::move(done),
                                       exited = std::move(exited)]() mutable {
        started_program program;
        try {
            program = start(*options, *attempt, std::move(exited));
        }
        catch (...) {
            program.error = std::current_exception();
        }
        done(std::move(program));
    });
    return attempt;
}

}  // namespace leasepool::detail
