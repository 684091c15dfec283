// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "os.hpp"
#include "session.hpp"

#include "wire/protocol.hpp"

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

namespace leasepool {
namespace {

bool is_marked() noexcept
{
    char const* const mark = std::getenv(wire::worker_marker);  // NOLINT(concurrency-mt-unsafe)
    return mark && *mark != '\0';
}

void complain(std::string_view text) noexcept
{
    std::fprintf(stderr, "leasepool worker: %.*s\n", static_cast<int>(text.size()), text.data());
}

severity least_severity()
{
    char const* const named = std::getenv("LEASEPOOL_LOG_LEVEL");  // NOLINT(concurrency-mt-unsafe)
    if (!named || *named == '\0')
        return severity::info;
    for (auto const level : {severity::debug, severity::info, severity::warning, severity::error})
        if (named == to_string(level))
            return level;
    complain(std::string("LEASEPOOL_LOG_LEVEL is \"") + named +
        "\", which is none of debug, info, warning, error; taking info");
    return severity::info;
}

/// What is wrong with the list of jobs; empty: nothing.
std::string fault_in(std::span<detail::worker_entry const* const> jobs)
{
    std::set<std::string_view> names;
    for (auto const* const job : jobs) {
        auto const named = "job \"" + std::string(job->name()) + '"';
        if (!names.insert(job->name()).second)
            return named + " is there twice; give each job a name of its own";
        if (!job->is_local())
            return named +
                " has no function in this program; declare it with its function where "
                "the worker is built";
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
    bool abandoned = false;
    {
        detail::worker_state_scope const here(state.get());
        worker::session with_parent(pipes, jobs, least_severity());
        worker::forgo_parent_death_signal();
        kept_to_protocol = with_parent.run();
        abandoned = with_parent.is_abandoned();
    }
    state.reset();
    // What jobs have started is not to outlive a parent that had no time to see to it.
    if (abandoned && worker::leads_group())
        worker::abandon();
    return kept_to_protocol ? worker_status::finished : worker_status::protocol_error;
}

}  // namespace

bool is_worker(int /*argc*/, char** /*argv*/) noexcept
{
    return is_marked();
}

namespace detail {

int run_worker(worker_options const& options, std::span<worker_entry const* const> jobs) noexcept
{
    if (!is_marked() && ::isatty(STDIN_FILENO) == 1) {
        complain("this program is a worker. It is started by a leasepool::process_backend, and is "
                 "sent jobs through its stdin (doc/protocol.md). To talk to it by hand, set "
                 "LEASEPOOL_WORKER=1 in its environment.");
        return worker_status::misused;
    }
    try {
        auto const pipes = worker::take_standard_streams();
        if (auto const fault = fault_in(jobs); !fault.empty()) {
            complain(fault);
            return worker_status::misused;
        }
        return serve(options, jobs, pipes);
    }
    catch (std::exception const& e) {
        complain(e.what());
    }
    catch (...) {
        complain("an exception that is no std::exception");
    }
    return worker_status::failed;
}

}  // namespace detail
}  // namespace leasepool
