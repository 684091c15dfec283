// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "notifications.hpp"

#include "base/utf8.hpp"

#include "protocol.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

// The conversion between the params of notifications, the data of errors, and JSON values. The
// worker and the parent call it for the messages that `writer` writes and `reader` has read.

namespace leasepool::wire {
namespace {

namespace json = boost::json;
using detail::repaired_utf8;

std::string to_std_string(json::string const& from)
{
    return {from.data(), from.size()};
}

/// Reads the members of params, and keeps the first fault that it finds.
class params_reader {
public:
    params_reader(std::string_view method, json::value const& params)
        : method_{method}, object_{params.if_object()}
    {
        if (!object_)
            fault_ = method_ + ": \"params\" is not an object";
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
        set_fault(name, "an unsigned 64-bit integer");
        return 0;
    }

    /// Like `number`. Where std::size_t has 32 bits, a greater number becomes its maximum.
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
        set_fault(name, "a signed 64-bit integer");
        return 0;
    }

    std::string string(std::string_view name)
    {
        auto const* const found = find(name);
        if (found && found->is_string())
            return to_std_string(found->get_string());
        set_fault(name, "a string");
        return {};
    }

    std::vector<std::string> strings(std::string_view name)
    {
        std::vector<std::string> out;
        auto const* const found = find(name);
        auto const* const array = found ? found->if_array() : nullptr;
        if (!array || !std::all_of(array->begin(), array->end(), [](auto const& v) {
                return v.is_string();
            })) {
            set_fault(name, "an array of strings");
            return out;
        }
        out.reserve(array->size());
        for (auto const& v : *array)
            out.push_back(to_std_string(v.get_string()));
        return out;
    }

    template <class T>
    read_result<T> value_or_fault(T&& value) const
    {
        if (!fault_.empty())
            return fault_;
        return std::forward<T>(value);
    }

private:
    void set_fault(std::string_view name, std::string_view expected)
    {
        if (fault_.empty())
            fault_ = method_ + ": \"" + std::string(name) + "\" is not " + std::string(expected);
    }

    std::string method_;
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

std::string string_or_empty(json::value const& in, std::string_view name)
{
    auto const* const object = in.if_object();
    auto const* const found =
        object ? object->if_contains(json::string_view(name.data(), name.size())) : nullptr;
    return found && found->is_string() ? to_std_string(found->get_string()) : std::string();
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
    params_reader in(methods::ready, params);
    ready out{};
    out.version = in.signed_number("version");
    if (out.version == protocol_version) {
        out.pid = in.signed_number("pid");
        out.methods = in.strings("methods");
        // A worker without capabilities may omit the member, or send null.
        if (auto const* const found = in.find("capabilities"); found && !found->is_null())
            out.capabilities = in.strings("capabilities");
    }
    return in.value_or_fault(std::move(out));
}

json::value to_params(log_line const& from)
{
    json::object out{{"severity", from.severity}, {"message", from.message}};
    if (from.id)
        out["id"] = *from.id;
    return out;
}

read_result<log_line> read_log(json::value const& params)
{
    params_reader in(methods::log, params);
    log_line out{in.string("severity"), in.string("message"), std::nullopt};
    if (auto const* const id = in.find("id"); id && !id->is_null())
        out.id = in.number("id");
    return in.value_or_fault(std::move(out));
}

json::value to_params(progress const& from)
{
    return json::object{{"id", from.id}, {"value", from.value}};
}

read_result<progress> read_progress(json::value&& params)
{
    params_reader in(methods::progress, params);
    progress out{in.number("id"), nullptr};
    if (in.find("value"))
        out.value = std::move(params.get_object()["value"]);
    return in.value_or_fault(std::move(out));
}

json::value to_params(cancel const& from)
{
    return json::object{{"id", from.id}};
}

read_result<cancel> read_cancel(json::value const& params)
{
    params_reader in(methods::cancel, params);
    return in.value_or_fault(cancel{in.number("id")});
}

json::value to_params(limits const& from)
{
    return json::object{
        {"max_message_bytes", from.max_message_bytes}, {"max_depth", from.max_depth}};
}

read_result<limits> read_limits(json::value const& params)
{
    params_reader in(methods::limits, params);
    limits out;
    out.max_message_bytes = in.size("max_message_bytes");
    out.max_depth = in.size("max_depth");
    return in.value_or_fault(out.clamped());
}

json::value to_data(conversion_error const& from)
{
    json::object out{{"at", repaired_utf8(from.at)}, {"expected", repaired_utf8(from.expected)}};
    if (!from.got.empty())
        out["got"] = repaired_utf8(from.got);
    return out;
}

conversion_error read_conversion_error(json::value const& data)
{
    return {string_or_empty(data, "at"), string_or_empty(data, "expected"),
        string_or_empty(data, "got")};
}

json::value to_data(thrown const& from)
{
    return json::object{{"type", repaired_utf8(from.type)}, {"what", repaired_utf8(from.what)}};
}

thrown read_thrown(json::value const& data)
{
    return {string_or_empty(data, "type"), string_or_empty(data, "what")};
}

}  // namespace leasepool::wire
