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
    what = root::scalar;
    version = {};
    id = {};
    method = {};
    params.reset();
    result.reset();
    error.reset();
    twice = member::none;
    number_too_large = false;
    key_.clear();
    depth_ = 0;
    current_ = member::none;
    seen_ = 0;
}

void envelope::end() noexcept
{
    // After a message that broke off the stack still has values of it.
    stack_.reset();
    memory_ = {};
    params.reset();
    result.reset();
    error.reset();
}

bool envelope::open(root kind) noexcept
{
    if (depth_ == 0)
        what = kind;
    else if (names_member())
        misplaced();
    ++depth_;
    return true;
}

/// Whether what ends here has a value that is being built.
bool envelope::close() noexcept
{
    --depth_;
    return in_message() && building();
}

bool envelope::on_object_end(std::size_t n, error_code&)
{
    if (close()) {
        stack_.push_object(n);
        finish();
    }
    return true;
}

bool envelope::on_array_end(std::size_t n, error_code&)
{
    if (close()) {
        stack_.push_array(n);
        finish();
    }
    return true;
}

bool envelope::on_key_part(string_view s, std::size_t, error_code&)
{
    if (names_member())
        key_.append(s.data(), s.size());
    else if (in_message() && building())
        stack_.push_chars(s);
    return true;
}

bool envelope::on_key(string_view s, std::size_t, error_code&)
{
    if (names_member()) {
        key_.append(s.data(), s.size());
        select(key_);
        key_.clear();
    }
    else if (in_message() && building())
        stack_.push_key(s);
    return true;
}

/// The next value belongs to this member.
void envelope::select(string_view key)
{
    current_ = member_named(key);
    if (current_ == member::unknown)
        return;
    auto const bit = 1U << static_cast<unsigned>(current_);
    if ((seen_ & bit) != 0) {
        twice = std::exchange(current_, member::unknown);
        return;
    }
    seen_ |= bit;
    if (building())
        stack_.reset(memory_);
}

/// The member that is text and whose value this is; null: it is another.
envelope::scalar<std::string>* envelope::text() noexcept
{
    if (!names_member())
        return nullptr;
    if (current_ == member::jsonrpc)
        return &version;
    return current_ == member::method ? &method : nullptr;
}

bool envelope::on_string_part(string_view s, std::size_t, error_code&)
{
    if (auto* const to = text())
        to->value.append(s.data(), s.size());
    else if (in_message() && building())
        stack_.push_chars(s);
    return true;
}

bool envelope::on_string(string_view s, std::size_t, error_code&)
{
    if (auto* const to = text()) {
        to->value.append(s.data(), s.size());
        to->is = type::right;
        return true;
    }
    return value([&] { stack_.push_string(s); });
}

bool envelope::on_int64(std::int64_t i, string_view, error_code&)
{
    if (names_member() && current_ == member::id && i >= 0) {
        id = {type::right, static_cast<std::uint64_t>(i)};
        return true;
    }
    return value([&] { stack_.push_int64(i); });
}

bool envelope::on_uint64(std::uint64_t u, string_view, error_code&)
{
    if (names_member() && current_ == member::id) {
        id = {type::right, u};
        return true;
    }
    return value([&] { stack_.push_uint64(u); });
}

bool envelope::on_double(double d, string_view s, error_code&)
{
    // Boost.JSON's own reading may be off in the last place, and then a number does not come out
    // as it went in. A line is parsed in one piece, so `s` is the whole number.
#ifdef __cpp_lib_to_chars
    double exact = 0;
    auto const parsed = std::from_chars(s.data(), s.data() + s.size(), exact);
    if (parsed.ec == std::errc())
        d = exact;
    else if (std::abs(d) > 1)  // else it is too small, and next to 0
        d = std::numeric_limits<double>::infinity();
#else
    static_cast<void>(s);
#endif
    if (!std::isfinite(d))
        number_too_large = true;
    return value([&] { stack_.push_double(d); });
}

bool envelope::on_bool(bool b, error_code&)
{
    return value([&] { stack_.push_bool(b); });
}

bool envelope::on_null(error_code&)
{
    if (names_member() && current_ == member::id) {
        id.is = type::null;
        return true;
    }
    return value([&] { stack_.push_null(); });
}

template <class Push>
bool envelope::value(Push&& push)
{
    if (!in_message())
        return true;
    if (building()) {
        push();
        finish();
    }
    else if (names_member())
        misplaced();
    return true;
}

/// A value where the current member wants another type.
void envelope::misplaced() noexcept
{
    if (current_ == member::jsonrpc)
        version.is = type::wrong;
    else if (current_ == member::id)
        id.is = type::wrong;
    else if (current_ == member::method)
        method.is = type::wrong;
}

/// A value is complete. If it is the member's own, it is taken.
void envelope::finish()
{
    if (depth_ != 1)
        return;
    auto& to = current_ == member::params ? params : current_ == member::result ? result : error;
    to.emplace(stack_.release());
}

}  // namespace leasepool::wire
