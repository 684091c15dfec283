// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "os.hpp"
#include "session.hpp"

#include "base/worker_marker.hpp"
#include "wire/reader.hpp"

#include <leasepool/worker.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>

// The main function of a worker process. The template `run_worker` calls it; it makes the state and
// calls `session`.

namespace leasepool {
namespace {

void print_error(std::string_view text) noexcept
{
    std::fprintf(stderr, "leasepool worker: %.*s\n", static_cast<int>(text.size()), text.data());
}

severity min_severity()
{
    char const* const name = std::getenv("LEASEPOOL_LOG_LEVEL");  // NOLINT(concurrency-mt-unsafe)
    if (!name || *name == '\0')
        return severity::info;
    for (auto const level : {severity::debug, severity::info, severity::warning, severity::error})
        if (name == to_string(level))
            return level;
    print_error(std::string("LEASEPOOL_LOG_LEVEL is \"") + name +
        "\"; it must be debug, info, warning or error; info is used");
    return severity::info;
}

/// Returns what is wrong with the options or the list of jobs; empty: nothing.
std::string find_fault(
    worker_options const& options, std::span<detail::worker_entry const* const> jobs)
{
    if (options.stop_grace <= options.stop_grace.zero())
        return "worker_options::stop_grace must be greater than zero";
    std::set<std::string_view> names;
    for (auto const* const job : jobs) {
        auto const name = "job \"" + std::string(job->name()) + '"';
        if (!names.insert(job->name()).second)
            return name + " is listed twice; give each job a different name";
        if (!job->is_local())
            return name +
                " has no function in this program; declare it with its function in the "
                "program of the worker";
    }
    return {};
}

std::unique_ptr<detail::worker_state_base> make_state(worker_options const& options)
{
    if (!options.worker_state)
        return nullptr;
    try {
        return options.worker_state();
    }
    catch (std::exception const& e) {
        throw std::runtime_error(std::string("the worker's state could not be made: ") + e.what());
    }
}

int serve(worker_options const& options, std::span<detail::worker_entry const* const> jobs,
    worker::protocol_descriptors pipes)
{
    auto state = make_state(options);
    bool kept_to_protocol = false;
    bool parent_gone = false;
    {
        detail::worker_state_scope const here(state.get());
        worker::session session(pipes, jobs, min_severity(), options.stop_grace);
        kept_to_protocol = session.run();
        parent_gone = session.parent_is_gone();
        // If the parent is gone, nothing reads stderr.
        auto const rest = session.unfinished_input();
        if (kept_to_protocol && !parent_gone && !rest.empty())
            print_error(wire::line_without_end(rest).text);
    }
    state.reset();
    // The parent is gone, so it does not kill the programs that jobs have started.
    if (parent_gone && worker::is_group_leader())
        worker::kill_self();
    return kept_to_protocol ? worker_status::finished : worker_status::protocol_error;
}

}  // namespace

bool is_worker(int /*argc*/, char** /*argv*/) noexcept
{
    return detail::started_as_worker();
}

namespace detail {

int run_worker(worker_options const& options, std::span<worker_entry const* const> jobs) noexcept
{
    if (!started_as_worker() && ::isatty(STDIN_FILENO) == 1) {
        print_error(
            "this program is a worker. A leasepool::process_backend starts it and sends requests "
            "to its stdin (doc/protocol.md). To use it from a terminal, set LEASEPOOL_WORKER=1 in "
            "its environment.");
        return worker_status::misused;
    }
    take_worker_marker();
    worker::set_process_name();
    worker::survive_sigpipe();
    worker::leave_sigterm_to_parent();
    try {
        auto const pipes = worker::take_standard_streams();
        if (auto const fault = find_fault(options, jobs); !fault.empty()) {
            print_error(fault);
            return worker_status::misused;
        }
        return serve(options, jobs, pipes);
    }
    catch (std::exception const& e) {
        print_error(e.what());
    }
    catch (...) {
        print_error("an exception that is no std::exception");
    }
    return worker_status::failed;
}

}  // namespace detail
}  // namespace leasepool
