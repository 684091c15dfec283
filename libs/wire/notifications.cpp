// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "notifications.hpp"

#include "protocol.hpp"
#include "utf8.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace leasepool::wire {
namespace {

namespace json = boost::json;

std::string text_of(json::string const& from)
{
    return {from.data(), from.size()};
}

/// The members of params, with the first fault found in them.
class members {
public:
    members(std::string_view of, json::value const& params) : of_{of}, object_{params.if_object()}
    {
        if (!object_)
            fault_ = of_ + ": \"params\" is not an object";
    }

    json::value const* find(std::string_view name) const
    {
        return object_ ? object_->if_contains(json::string_view(name.data(), name.size()))
                       : nullptr;
    }

    std::uint64_t number(std::string_view name)
    {
        auto const* const found = find(name);
        if (found && found->is_int64() && found->get_int64() >= 0)
            return static_cast<std::uint64_t>(found->get_int64());
        if (found && found->is_uint64())
            return found->get_uint64();
        blame(name, "a whole number from 0 on");
        return 0;
    }

    /// Numbers beyond std::size_t become its greatest, on 32 bits.
    std::size_t size(std::string_view name)
    {
        return static_cast<std::size_t>(
            std::min<std::uint64_t>(number(name), std::numeric_limits<std::size_t>::max()));
    }

    std::int64_t signed_number(std::string_view name)
    {
        auto const* const found = find(name);
        if (found && found->is_int64())
            return found->get_int64();
        blame(name, "a whole number");
        return 0;
    }

    std::string text(std::string_view name)
    {
        auto const* const found = find(name);
        if (found && found->is_string())
            return text_of(found->get_string());
        blame(name, "a string");
        return {};
    }

    std::vector<std::string> texts(std::string_view name)
    {
        std::vector<std::string> out;
        auto const* const found = find(name);
        auto const* const array = found ? found->if_array() : nullptr;
        if (!array || !std::all_of(array->begin(), array->end(), [](auto const& v) {
                return v.is_string();
            })) {
            blame(name, "an array of strings");
            return out;
        }
        out.reserve(array->size());
        for (auto const& v : *array)
            out.push_back(text_of(v.get_string()));
        return out;
    }

    template <class T>
    read_result<T> outcome(T&& value) const
    {
        if (!fault_.empty())
            return fault_;
        return std::forward<T>(value);
    }

private:
    void blame(std::string_view name, std::string_view wanted)
    {
        if (fault_.empty())
            fault_ = of_ + ": \"" + std::string(name) + "\" is not " + std::string(wanted);
    }

    std::string of_;
    json::object const* object_;
    std::string fault_;
};

json::array to_array(std::vector<std::string> const& from)
{
    json::array out;
    out.reserve(from.size());
    for (auto const& text : from)
        out.emplace_back(text);
    return out;
}

std::string text_or_nothing(json::value const& in, std::string_view name)
{
    auto const* const object = in.if_object();
    auto const* const found =
        object ? object->if_contains(json::string_view(name.data(), name.size())) : nullptr;
    return found && found->is_string() ? text_of(found->get_string()) : std::string();
}

}  // namespace

bool ready::can(std::string_view capability) const noexcept
{
    return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
}

json::value to_params(ready const& from)
{
    return json::object{{"version", from.version}, {"pid", from.pid},
        {"methods", to_array(from.methods)}, {"capabilities", to_array(from.capabilities)}};
}

read_result<ready> read_ready(json::value const& params)
{
    members in(methods::ready, params);
    ready out{};
    out.version = in.signed_number("version");
    if (out.version == protocol_version) {
        out.pid = in.signed_number("pid");
        out.methods = in.texts("methods");
        // A worker without any may leave them out.
        if (in.find("capabilities"))
            out.capabilities = in.texts("capabilities");
    }
    return in.outcome(std::move(out));
}

json::value to_params(log_line const& from)
{
    json::object out{{"severity", from.severity}, {"message", repaired_utf8(from.message)}};
    if (from.id)
        out["id"] = *from.id;
    return out;
}

read_result<log_line> read_log(json::value const& params)
{
    members in(methods::log, params);
    log_line out{in.text("severity"), in.text("message"), std::nullopt};
    if (auto const* const id = in.find("id"); id && !id->is_null())
        out.id = in.number("id");
    return in.outcome(std::move(out));
}

json::value to_params(progress const& from)
{
    return json::object{{"id", from.id}, {"value", from.value}};
}

read_result<progress> read_progress(json::value const& params)
{
    members in(methods::progress, params);
    progress out{in.number("id"), nullptr};
    if (auto const* const value = in.find("value"))
        out.value = *value;
    return in.outcome(std::move(out));
}

json::value to_params(cancel const& from)
{
    return json::object{{"id", from.id}};
}

read_result<cancel> read_cancel(json::value const& params)
{
    members in(methods::cancel, params);
    return in.outcome(cancel{in.number("id")});
}

json::value to_params(limits const& from)
{
    return json::object{
        {"max_message_bytes", from.max_message_bytes}, {"max_depth", from.max_depth}};
}

read_result<limits> read_limits(json::value const& params)
{
    members in(methods::limits, params);
    limits out;
    out.max_message_bytes = in.size("max_message_bytes");
    out.max_depth = in.size("max_depth");
    return in.outcome(out.in_bounds());
}

json::value to_data(conversion_error const& from)
{
    return json::object{{"at", repaired_utf8(from.at)}, {"expected", repaired_utf8(from.expected)}};
}

conversion_error read_conversion_error(json::value const& data)
{
    return {text_or_nothing(data, "at"), text_or_nothing(data, "expected")};
}

json::value to_data(thrown const& from)
{
    return json::object{{"type", repaired_utf8(from.type)}, {"what", repaired_utf8(from.what)}};
}

thrown read_thrown(json::value const& data)
{
    return {text_or_nothing(data, "type"), text_or_nothing(data, "what")};
}

}  // namespace leasepool::wire
