// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "encoding_error.hpp"

#include "utf8.hpp"

#include <boost/container/small_vector.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <charconv>
#include <cmath>
#include <iterator>
#include <system_error>

// The checks of values before they are written, and the texts of the errors. `writer` calls the
// checks; the error answers of the worker and the exceptions of the parent use the texts.

namespace leasepool::wire {
namespace {

namespace json = boost::json;

std::string_view view(json::string_view text) noexcept
{
    return {text.data(), text.size()};
}

/// Visits a value and all values inside it, in the order in which they would be written.
class cursor {
public:
    explicit cursor(json::value const& root) noexcept : current_{&root} {}

    json::value const& current() const noexcept { return *current_; }
    /// Returns the member of an object that the current value belongs to; null: it is not in an
    /// object.
    json::key_value_pair const* key() const noexcept { return key_; }
    /// Returns the number of arrays and objects around the current value.
    std::size_t depth() const noexcept { return ancestors_.size(); }

    /// Goes to the next value. Returns false if there is none.
    bool advance()
    {
        if (current_->is_structured())
            ancestors_.push_back({current_, 0});
        while (!ancestors_.empty() && !step(ancestors_.back()))
            ancestors_.pop_back();
        return !ancestors_.empty();
    }

    /// Returns the path of the current value.
    std::string path() const
    {
        std::string out;
        for (auto const& l : ancestors_) {
            out += '/';
            if (auto const* const object = l.container->if_object())
                append_token(out, view(std::next(object->begin(), offset(l))->key()));
            else
                out += std::to_string(l.next - 1);
        }
        return out;
    }

private:
    struct level {
        json::value const* container;
        std::size_t next;
    };

    static json::object::difference_type offset(level const& l) noexcept
    {
        return static_cast<json::object::difference_type>(l.next - 1);
    }

    bool step(level& l) noexcept
    {
        key_ = nullptr;
        if (auto const* const array = l.container->if_array()) {
            if (l.next == array->size())
                return false;
            current_ = array->data() + l.next++;
            return true;
        }
        auto const& object = l.container->get_object();
        if (l.next == object.size())
            return false;
        ++l.next;
        key_ = std::next(object.begin(), offset(l));
        current_ = &key_->value();
        return true;
    }

    static void append_token(std::string& out, std::string_view key)
    {
        for (auto const c : repaired_utf8(key, 64)) {
            if (c == '~')
                out += "~0";
            else if (c == '/')
                out += "~1";
            else
                out += c;
        }
    }

    json::value const* current_;
    json::key_value_pair const* key_ = nullptr;
    boost::container::small_vector<level, 16> ancestors_;
};

std::optional<encoding_error::kind> error_at(cursor const& at, std::size_t max_depth) noexcept
{
    if (at.key() && !is_utf8(view(at.key()->key())))
        return encoding_error::kind::invalid_key;
    auto const& v = at.current();
    if (v.is_structured())
        return at.depth() < max_depth ? std::nullopt
                                      : std::optional(encoding_error::kind::too_deep);
    if (auto const* const number = v.if_double(); number && !std::isfinite(*number))
        return encoding_error::kind::not_finite;
    if (auto const* const text = v.if_string(); text && !is_utf8({text->data(), text->size()}))
        return encoding_error::kind::invalid_utf8;
    return std::nullopt;
}

/// Returns an estimate of the size of the current value as text, without the values inside it.
std::size_t text_size(cursor const& at) noexcept
{
    std::size_t size = at.key() ? at.key()->key().size() + 4 : 1;
    auto const& v = at.current();
    if (auto const* const text = v.if_string())
        size += text->size() + 2;
    else if (v.is_double())
        size += 18;
    else
        size += v.is_number() ? 8U : 2U;
    return size;
}

}  // namespace

std::optional<encoding_error> find_encoding_error(
    json::value const& root, std::size_t max_depth, std::size_t* text_bytes)
{
    cursor at(root);
    std::size_t size = 0;
    do {
        if (auto const what = error_at(at, max_depth))
            return encoding_error{*what, at.path()};
        size += text_size(at);
    } while (at.advance());
    if (text_bytes)
        *text_bytes = size;
    return std::nullopt;
}

std::string largest_part(json::value const& root)
{
    cursor at(root);
    std::string largest;
    std::string path;
    std::size_t largest_size = 0;
    std::size_t size = 0;
    while (at.advance()) {
        if (at.depth() == 1) {
            path = at.path();
            size = 0;
        }
        size += text_size(at);
        if (size > largest_size) {
            largest_size = size;
            if (largest != path)
                largest = path;
        }
    }
    return largest;
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

std::string describe(encoding_error const& found, json::value const& params)
{
    auto text = argument_at(found.path, params);
    if (!text.empty())
        text += ": ";
    return text += describe(found.what);
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
        (text += ", at ") += rest;
    return text;
}

}  // namespace leasepool::wire
