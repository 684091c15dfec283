// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "running_job.hpp"

#include "base/utf8.hpp"

#include "wire/notifications.hpp"

#include <leasepool/error.hpp>

#include <boost/system/system_error.hpp>

#include <string>
#include <string_view>

// The messages of the job that runs. The job calls these functions through its context; they call
// `channel`.

namespace leasepool::worker {

void running_job::progress(boost::json::value&& value)
{
    boost::json::value const params = wire::to_params(wire::progress{id_, std::move(value)});
    auto const refused = channel_.notify(wire::methods::progress, params);
    if (!refused)
        return;
    std::string text = "progress";
    // The place in the job's value, and not in the params.
    std::string_view at = refused->path;
    constexpr std::string_view member = "/value";
    if (at.starts_with(member))
        at.remove_prefix(member.size());
    if (!at.empty())
        (text += ", at ") += detail::printable(at);
    throw boost::system::system_error(
        make_error_code(errc::not_serializable), text + ": " + wire::describe(*refused));
}

void running_job::log(severity level, std::string_view text)
{
    if (level < min_severity_)
        return;
    boost::json::value const params = wire::to_params(wire::log_line{std::string(to_string(level)),
        detail::repaired_utf8(text, channel_.max_text_bytes()), id_});
    // It cannot be refused: the text is valid UTF-8 and short enough.
    static_cast<void>(channel_.notify(wire::methods::log, params));
}

}  // namespace leasepool::worker
