// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/job.hpp>

#include "utf8.hpp"

#include <leasepool/error.hpp>

#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

namespace leasepool::detail {

namespace json = boost::json;

namespace {

constexpr std::size_t most_string_shown = 60;

}  // namespace

std::string describe_json(json::value const& value)
{
    switch (value.kind()) {
    case json::kind::null:
        return "null";
    case json::kind::bool_:
        return value.get_bool() ? "true" : "false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
        return "the number " + json::serialize(value);
    case json::kind::string:
        return "the string " +
            in_quotes({value.get_string().data(), value.get_string().size()}, most_string_shown);
    case json::kind::array:
        return "an array of " + std::to_string(value.get_array().size()) + " elements";
    case json::kind::object:
        break;
    }
    return "an object";
}

void append_to_pointer(std::string& pointer, std::string_view key)
{
    pointer += '/';
    for (char const c : key)
        if (c == '~')
            pointer += "~0";
        else if (c == '/')
            pointer += "~1";
        else
            pointer += c;
}

std::string whole_number_between(std::string_view least, std::string_view most)
{
    std::string text = "a whole number from ";
    ((text += least) += " to ") += most;
    return text;
}

void throw_bad_result(std::string_view name, misfit const& why)
{
    auto text = name.empty() ? std::string() : "job " + in_quotes(name) + ": ";
    text += "expected " + why.expected;
    if (!why.at.empty())
        text += " at " + printable(why.at, most_line_bytes_shown);
    throw boost::system::system_error(
        make_error_code(errc::bad_result), text + ", got " + why.came);
}

void throw_job_not_local(std::string_view name)
{
    throw boost::system::system_error(
        make_error_code(errc::job_not_local), "job " + in_quotes(name));
}

}  // namespace leasepool::detail
