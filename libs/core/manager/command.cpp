// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/command.hpp"

#include "core/manager/manager_core.hpp"

#include <utility>

// The path of starts, stops and requests for stats from the caller to the strand of the manager.
// manager_commands.cpp carries them out.

namespace leasepool::detail {

void intrusive_ptr_add_ref(command* p) noexcept
{
    p->add_ref();
}

void intrusive_ptr_release(command* p) noexcept
{
    p->drop_ref();
}

std::string_view name_of(command::kind what) noexcept
{
    switch (what) {
    case command::kind::start:
        return "async_start";
    case command::kind::stop:
        return "async_stop";
    case command::kind::stats:
        return "async_stats";
    }
    return "";
}

strand& command::home() noexcept
{
    return core_->home();
}

void command::begin() noexcept
{
    if (what != kind::stats)
        core_->command_submitted();
    signal(begun);
}

void command::on_events(std::uint32_t bits) noexcept
{
    if (bits & begun)
        core_->on_command(*this);
    if ((bits & canceled) && op)
        core_->on_command_canceled(*this);
}

void command::on_discard(std::uint32_t bits) noexcept
{
    if (bits & begun)
        // A manager that has ended is stopped, so a stop succeeds.
        core_->settle(std::exchange(op, nullptr),
            what == kind::stop ? error_code() : error_code(errc::not_running), name_of(what));
}

command_ptr make_start(core_ptr core)
{
    return command_ptr(new command(std::move(core), command::kind::start, {}));
}

command_ptr make_stop(core_ptr core, stop_options const& options)
{
    return command_ptr(new command(std::move(core), command::kind::stop, options));
}

command_ptr make_stats(core_ptr core)
{
    return command_ptr(new command(std::move(core), command::kind::stats, {}));
}

void submit(command& what, plain_completion& op) noexcept
{
    what.op = &op;
    what.begin();
}

void submit(command& what, stats_completion& op) noexcept
{
    what.stats_op = &op;
    submit(what, static_cast<plain_completion&>(op));
}

void cancel(command& what) noexcept
{
    command_ptr const keep(&what);
    what.signal(command::canceled);
}

}  // namespace leasepool::detail
