// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/remote_error.hpp>

#include "utf8.hpp"

#include <leasepool/error.hpp>

#include <type_traits>
#include <utility>

namespace leasepool {
namespace {

using detail::in_quotes;
using detail::printable;

static_assert(std::is_nothrow_copy_constructible_v<remote_error>);
static_assert(std::is_nothrow_copy_constructible_v<worker_died>);

std::string text_of(remote_error::details const& from)
{
    auto text = "job " + in_quotes(from.job);
    if (from.type.empty())
        text += " failed on its worker";
    else
        text += " threw " + printable(from.type, detail::most_line_bytes_shown);
    if (!from.message.empty())
        text += ": " + printable(from.message);
    // A number of its own says more than that there was an exception.
    if (from.number != remote_error::details{}.number)
        text += " (error " + std::to_string(from.number) + ')';
    return text;
}

std::string text_of(worker_died::details const& from)
{
    auto text = "worker " + std::to_string(from.pid);
    if (from.signal)
        text += " was killed by " +
            (from.signal_name.empty() ? "signal " + std::to_string(*from.signal)
                                      : from.signal_name);
    else if (from.exit_status)
        text += " exited with status " + std::to_string(*from.exit_status);
    else
        text += " ended";
    if (!from.job.empty())
        text += " while it ran job " + in_quotes(from.job);
    if (!from.unfinished.empty())
        text += "; " + printable(from.unfinished);
    if (from.stderr_lines.empty())
        return text + "; it wrote nothing to stderr";
    text += "; its last lines on stderr:";
    for (auto const& line : from.stderr_lines)
        text += "\n  " + printable(line, detail::most_line_bytes_shown);
    return text;
}

}  // namespace

remote_error::remote_error(details from)
    : system_error(make_error_code(errc::remote_exception)), about_([&] {
          auto text = text_of(from);
          return std::make_shared<shared const>(shared{std::move(from), std::move(text)});
      }())
{
}

worker_died::worker_died(details from)
    : system_error(make_error_code(errc::worker_died)), about_([&] {
          auto text = text_of(from);
          return std::make_shared<shared const>(shared{std::move(from), std::move(text)});
      }())
{
}

}  // namespace leasepool
