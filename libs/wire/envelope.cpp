// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "envelope.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>
#include <version>

// The events of the JSON parser for one message. `basic_parser` calls these functions for `reader`;
// they build values with `value_builder`.

namespace leasepool::wire {
namespace {

namespace json = boost::json;

envelope::member member_named(json::string_view key) noexcept
{
    using enum envelope::member;
    if (key == "jsonrpc")
        return jsonrpc;
    if (key == "id")
        return id;
    if (key == "method")
        return method;
    if (key == "params")
        return params;
    if (key == "result")
        return result;
    if (key == "error")
        return error;
    return unknown;
}

}  // namespace

void envelope::begin(json::storage_ptr memory)
{
    memory_ = std::move(memory);
    root = root_kind::scalar;
    version = {};
    id = {};
    method = {};
    params.reset();
    result.reset();
    error.reset();
    duplicate = member::none;
    duplicate_in_error = nullptr;
    number_too_large = false;
    key_.clear();
    depth_ = 0;
    current_ = member::none;
    seen_ = 0;
    seen_in_error_ = 0;
}

void envelope::end() noexcept
{
    // If the parse of the message failed, the builder still contains values.
    builder_.end();
    memory_ = {};
    params.reset();
    result.reset();
    error.reset();
}

bool envelope::open(root_kind kind) noexcept
{
    if (depth_ == 0)
        root = kind;
    else if (at_top_level())
        mark_invalid();
    ++depth_;
    return true;
}

/// Leaves an array or object. Returns whether it belongs to a value that is being built.
bool envelope::close() noexcept
{
    --depth_;
    return in_message() && building();
}

bool envelope::on_object_end(std::size_t n, error_code&)
{
    if (close()) {
        builder_.make_object(n);
        finish_value();
    }
    return true;
}

bool envelope::on_array_end(std::size_t n, error_code&)
{
    if (close()) {
        builder_.make_array(n);
        finish_value();
    }
    return true;
}

bool envelope::on_key_part(string_view s, std::size_t, error_code&)
{
    if (at_top_level() || in_error())
        key_.append(s.data(), s.size());
    if (depth_ > 1 && in_message() && building())
        builder_.add_key_part(s);
    return true;
}

bool envelope::on_key(string_view s, std::size_t, error_code&)
{
    if (at_top_level()) {
        key_.append(s.data(), s.size());
        select_member(key_);
        key_.clear();
    }
    else if (in_message() && building()) {
        if (in_error()) {
            key_.append(s.data(), s.size());
            record_error_member(key_);
            key_.clear();
        }
        builder_.add_key(s);
    }
    return true;
}

/// Records a member of `error` that was found twice. Which of them counts would depend on the reader.
void envelope::record_error_member(string_view key) noexcept
{
    unsigned bit = 1;
    for (char const* const name : {"code", "message", "data"}) {
        if (key == name) {
            if ((seen_in_error_ & bit) != 0)
                duplicate_in_error = name;
            seen_in_error_ |= bit;
        }
        bit <<= 1U;
    }
}

/// Makes the member with this key the current one. A member that was found before is recorded as
/// `duplicate`, and its second value is ignored.
void envelope::select_member(string_view key)
{
    current_ = member_named(key);
    if (current_ == member::unknown)
        return;
    auto const bit = 1U << static_cast<unsigned>(current_);
    if ((seen_ & bit) != 0) {
        duplicate = std::exchange(current_, member::unknown);
        return;
    }
    seen_ |= bit;
    if (building())
        builder_.begin(memory_);
}

/// Returns the current member if its value must be a string; otherwise null.
envelope::scalar<std::string>* envelope::string_member() noexcept
{
    if (!at_top_level())
        return nullptr;
    if (current_ == member::jsonrpc)
        return &version;
    return current_ == member::method ? &method : nullptr;
}

bool envelope::on_string_part(string_view s, std::size_t, error_code&)
{
    if (auto* const to = string_member())
        to->value.append(s.data(), s.size());
    else if (in_message() && building())
        builder_.add_string_part(s);
    return true;
}

bool envelope::on_string(string_view s, std::size_t, error_code&)
{
    if (auto* const to = string_member()) {
        to->value.append(s.data(), s.size());
        to->state = member_state::valid;
        return true;
    }
    return add_value([&] { builder_.add_string(s); });
}

bool envelope::on_int64(std::int64_t i, string_view, error_code&)
{
    if (at_top_level() && current_ == member::id && i >= 0) {
        id = {member_state::valid, static_cast<std::uint64_t>(i)};
        return true;
    }
    return add_value([&] { builder_.add(i); });
}

bool envelope::on_uint64(std::uint64_t u, string_view, error_code&)
{
    if (at_top_level() && current_ == member::id) {
        id = {member_state::valid, u};
        return true;
    }
    return add_value([&] { builder_.add(u); });
}

bool envelope::on_double(double d, string_view s, error_code&)
{
    // Boost.JSON's own result may differ in the last place. Then a number would not be read as it
    // was written. A line is parsed in one piece, so `s` is the whole number.
#ifdef __cpp_lib_to_chars
    double exact = 0;
    auto const parsed = std::from_chars(s.data(), s.data() + s.size(), exact);
    if (parsed.ec == std::errc())
        d = exact;
    else if (std::abs(d) > 1)  // otherwise it is too close to 0, and d is kept
        d = std::numeric_limits<double>::infinity();
#else
    static_cast<void>(s);
#endif
    if (!std::isfinite(d))
        number_too_large = true;
    return add_value([&] { builder_.add(d); });
}

bool envelope::on_bool(bool b, error_code&)
{
    return add_value([&] { builder_.add(b); });
}

bool envelope::on_null(error_code&)
{
    if (at_top_level() && current_ == member::id) {
        id.state = member_state::null;
        return true;
    }
    return add_value([&] { builder_.add(nullptr); });
}

/// Adds a value to the value of the current member, or records that the current member has another
/// type than it must have.
template <class Push>
bool envelope::add_value(Push&& push)
{
    if (!in_message())
        return true;
    if (building()) {
        push();
        finish_value();
    }
    else if (at_top_level())
        mark_invalid();
    return true;
}

/// Records that the value of the current member has the wrong type, if that member must be a
/// scalar.
void envelope::mark_invalid() noexcept
{
    if (current_ == member::jsonrpc)
        version.state = member_state::invalid;
    else if (current_ == member::id)
        id.state = member_state::invalid;
    else if (current_ == member::method)
        method.state = member_state::invalid;
}

/// Called when a value is complete. If it is the whole value of the current member, stores it.
void envelope::finish_value()
{
    if (depth_ != 1)
        return;
    auto& to = current_ == member::params ? params : current_ == member::result ? result : error;
    to.emplace(builder_.take());
}

}  // namespace leasepool::wire
