// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/command.hpp"

#include "core/manager/manager_core.hpp"

#include <utility>

// The path of starts, stops and requests for stats from the caller to the strand of the manager.
// manager_commands.cpp carries them out.

namespace leasepool::detail {

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

manager_core& command::core() const noexcept
{
    return static_cast<manager_core&>(*manager_);
}

strand& command::home() noexcept
{
    return core().home();
}

void command::submit(plain_completion& to) noexcept
{
    op = &to;
    if (what != kind::stats)
        core().command_submitted();
    signal(begun);
}

void command::cancel() noexcept
{
    boost::intrusive_ptr<command> const keep(this);
    signal(canceled);
}

void command::on_events(std::uint32_t bits) noexcept
{
    if (bits & begun)
        core().on_command(*this);
    if ((bits & canceled) && op)
        core().on_command_canceled(*this);
}

void command::on_discard(std::uint32_t bits) noexcept
{
    if (bits & begun)
        // A manager that has ended is stopped, so a stop succeeds.
        core().settle(std::exchange(op, nullptr),
            what == kind::stop ? error_code() : error_code(errc::not_running), name_of(what));
}

}  // namespace leasepool::detail
