// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "encoding_error.hpp"

#include "base/utf8.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>

// The checks of values before they are written, and the texts of the errors. `writer` calls the
// checks; the error answers of the worker and the exceptions of the parent use the texts.

namespace leasepool::wire {
namespace {

namespace json = boost::json;
using detail::in_quotes;
using detail::is_utf8;
using detail::printable;
using detail::repaired_utf8;

std::string_view view(json::string_view text) noexcept
{
    return {text.data(), text.size()};
}

void append_token(std::string& out, std::string_view key)
{
    out += '/';
    for (auto const c : repaired_utf8(key, 64)) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
}

/// Searches a value in the order in which it would be written. The recursion ends at the maximum
/// depth.
class error_search {
public:
    explicit error_search(std::size_t max_depth) noexcept : max_depth_{max_depth} {}

    /// Returns whether there is an error in the value. Then `what` and `path` are set.
    /// @param depth the number of arrays and objects around the value.
    bool in(json::value const& value, std::size_t depth = 0)
    {
        auto const kind = error_in(value, depth);
        if (kind) {
            what = *kind;
            return true;
        }
        size += own_size(value);
        if (auto const* const array = value.if_array()) {
            for (auto const& element : *array) {
                ++size;
                if (in(element, depth + 1)) {
                    path.insert(0, '/' + std::to_string(&element - array->data()));
                    return true;
                }
            }
        }
        else if (auto const* const object = value.if_object())
            for (auto const& member : *object)
                if (in_member(member, depth))
                    return true;
        return false;
    }

    encoding_error::kind what{};
    std::string path;
    std::size_t size = 0;  ///< an estimate of the size of what was searched as text

private:
    bool in_member(json::key_value_pair const& member, std::size_t depth)
    {
        auto const key = view(member.key());
        size += key.size() + 4;
        if (!is_utf8(key))
            what = encoding_error::kind::invalid_key;
        else if (!in(member.value(), depth + 1))
            return false;
        std::string token;
        append_token(token, key);
        path.insert(0, token);
        return true;
    }

    std::optional<encoding_error::kind> error_in(
        json::value const& value, std::size_t depth) const noexcept
    {
        if (value.is_structured() && depth >= max_depth_)
            return encoding_error::kind::too_deep;
        if (auto const* const number = value.if_double(); number && !std::isfinite(*number))
            return encoding_error::kind::not_finite;
        if (auto const* const text = value.if_string(); text && !is_utf8(view(*text)))
            return encoding_error::kind::invalid_utf8;
        return std::nullopt;
    }

    /// Returns an estimate of the size of a value as text, without the values inside it.
    static std::size_t own_size(json::value const& value) noexcept
    {
        if (auto const* const text = value.if_string())
            return text->size() + 2;
        if (value.is_double())
            return 18;
        return value.is_number() ? 8 : 2;
    }

    std::size_t const max_depth_;
};

std::size_t size_of(json::value const& value)
{
    error_search search(std::numeric_limits<std::size_t>::max());
    search.in(value);
    return search.size;
}

}  // namespace

std::optional<encoding_error> find_encoding_error(
    json::value const& root, std::size_t max_depth, std::size_t* text_bytes)
{
    error_search search(max_depth);
    if (search.in(root))
        return encoding_error{search.what, std::move(search.path)};
    if (text_bytes)
        *text_bytes = search.size;
    return std::nullopt;
}

std::string largest_part(json::value const& root)
{
    std::string path;
    std::size_t largest = 0;
    auto const is_largest = [&](std::size_t size) {
        bool const larger = size > largest;
        if (larger)
            largest = size;
        return larger;
    };
    if (auto const* const array = root.if_array()) {
        for (auto const& element : *array)
            if (is_largest(size_of(element)))
                path = '/' + std::to_string(&element - array->data());
    }
    else if (auto const* const object = root.if_object())
        for (auto const& member : *object)
            if (is_largest(member.key().size() + size_of(member.value()))) {
                path.clear();
                append_token(path, view(member.key()));
            }
    return path;
}

std::string_view describe(encoding_error::kind what) noexcept
{
    switch (what) {
    case encoding_error::kind::not_finite:
        return "not a finite number";
    case encoding_error::kind::invalid_utf8:
        return "a string that is not valid UTF-8";
    case encoding_error::kind::invalid_key:
        return "a key that is not valid UTF-8";
    case encoding_error::kind::too_deep:
        return "arrays and objects nested too deeply";
    case encoding_error::kind::too_large:
        return "too large for one message";
    case encoding_error::kind::invalid_method:
        return "the name of a job must be valid UTF-8 and not empty";
    }
    return "not serializable";
}

std::string describe(encoding_error const& found)
{
    std::string text(describe(found.what));
    if (found.limit == 0)
        return text;
    auto const limit = std::to_string(found.limit);
    if (found.what == encoding_error::kind::too_large)
        text += " (max_message_bytes is " + limit + ')';
    else if (found.what == encoding_error::kind::too_deep)
        text += " (a message has at most " + limit + " levels)";
    return text;
}

std::string describe(encoding_error const& found, json::value const& params)
{
    auto text = argument_at(found.path, params);
    if (!text.empty())
        text += ": ";
    return text += describe(found);
}

std::string argument_at(std::string_view path, json::value const& params)
{
    if (path.empty())
        return {};
    if (path.front() == '/')
        path.remove_prefix(1);
    auto const token = path.substr(0, path.find('/'));
    auto const rest = path.substr(token.size());

    std::string text = "argument ";
    std::size_t index = 0;
    auto const* const end = token.data() + token.size();
    auto const parsed = std::from_chars(token.data(), end, index);
    if (params.is_array() && parsed.ec == std::errc() && parsed.ptr == end)
        text += std::to_string(index + 1);
    else
        text += in_quotes(token);
    if (!rest.empty())
        (text += ", at ") += printable(rest, detail::most_line_bytes_shown);
    return text;
}

}  // namespace leasepool::wire
