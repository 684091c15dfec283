// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// One line, read by a worker and by a parent, and the params and data in it.
//
// Both must read the same message. What is read from params must be the same when it is written and
// read again.

#include "../../libs/base/utf8.hpp"
#include "../../libs/wire/notifications.hpp"
#include "../../libs/wire/reader.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

namespace {

namespace json = boost::json;
using namespace leasepool::wire;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

/// Requires that the params can be written and read again, or that their fault is described.
template <class T, class Read>
void check_params(Read const& read, json::value const& params)
{
    auto const first = read(params);
    auto const* const value = std::get_if<T>(&first);
    if (!value)
        return require(!std::get<std::string>(first).empty());
    auto const written = to_params(*value);
    auto const again = read(written);
    require(std::holds_alternative<T>(again));
    require(to_params(std::get<T>(again)) == written);
}

void check_params(json::value const& params)
{
    // The params of another version are not read to their end.
    auto const hello = read_ready(params);
    if (auto const* const value = std::get_if<ready>(&hello);
        !value || value->version == protocol_version)
        check_params<ready>(read_ready, params);
    check_params<log_line>(read_log, params);
    check_params<progress>(
        [](boost::json::value copy) { return read_progress(std::move(copy)); }, params);
    check_params<cancel>(read_cancel, params);
    check_params<limits>(read_limits, params);
}

void check_data(json::value const& data)
{
    auto const conversion = read_conversion_error(data);
    require(read_conversion_error(to_data(conversion)).at == conversion.at);
    auto const exception = read_thrown(data);
    require(read_thrown(to_data(exception)).what == exception.what);
}

void check_violation(violation const& of_worker, violation const& of_parent)
{
    require(of_worker.why == of_parent.why && of_worker.id == of_parent.id);
    require(of_worker.text.starts_with(of_parent.text));
    require(leasepool::detail::is_utf8(of_worker.text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const line(reinterpret_cast<char const*>(data), size);
    reader parents({.max_depth = 16});
    reader workers({.max_depth = 16});
    auto const from_worker = parents.read(line);
    auto const from_parent = workers.read(line);
    require(from_worker.index() == from_parent.index());
    if (auto const* const v = std::get_if<violation>(&from_worker))
        check_violation(*v, std::get<violation>(from_parent));
    else if (auto const* const n = std::get_if<notification>(&from_worker))
        check_params(n->params);
    else if (auto const* const r = std::get_if<request>(&from_worker))
        check_params(r->params);
    else if (auto const* const e = std::get_if<error>(&from_worker))
        check_data(e->data);
    return 0;
}
