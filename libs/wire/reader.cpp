// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "reader.hpp"

#include "base/utf8.hpp"

#include "envelope.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

// The check of a parsed line, and the texts of violations. `worker_link` and `input` call `reader`;
// it calls the JSON parser, with `envelope` as its handler.

namespace leasepool::wire {
namespace {

namespace json = boost::json;
using detail::in_quotes;
using detail::valid_utf8_prefix;
using state = envelope::member_state;

json::parse_options options_for(limits const& bounds) noexcept
{
    json::parse_options options;
    options.max_depth = bounds.max_depth;
    return options;
}

violation invalid(envelope const& e, std::string_view line, std::string_view reason)
{
    auto id = e.id.state == state::valid ? std::optional(e.id.value) : std::nullopt;
    return {error_number::invalid_message, id,
        "not a message of the protocol: " + std::string(reason) + ": " + in_quotes(line)};
}

char const* name_of(envelope::member m) noexcept
{
    switch (m) {
    case envelope::member::jsonrpc:
        return "\"jsonrpc\"";
    case envelope::member::id:
        return "\"id\"";
    case envelope::member::method:
        return "\"method\"";
    case envelope::member::params:
        return "\"params\"";
    case envelope::member::result:
        return "\"result\"";
    case envelope::member::error:
        return "\"error\"";
    case envelope::member::none:
    case envelope::member::unknown:
        break;
    }
    return "a member";
}

/// Returns what is wrong with a request or a notification; null: nothing.
char const* fault_of_call(envelope const& e) noexcept
{
    if (e.method.state != state::valid)
        return "\"method\" is not a string";
    if (e.method.value.empty())
        return "\"method\" is empty";
    if (e.result || e.error)
        return "it has \"method\" and also \"result\" or \"error\"";
    if (e.params && !e.params->is_structured() && !e.params->is_null())
        return "\"params\" is neither an array nor an object";
    if (e.id.state == state::null)
        return "the \"id\" of a request is null";
    return nullptr;
}

/// Returns what is wrong with an answer, except inside `error`; null: nothing.
char const* fault_of_answer(envelope const& e) noexcept
{
    if (!e.result && !e.error)
        return "it has no \"method\", \"result\" or \"error\"";
    if (e.result && e.error)
        return "it has both \"result\" and \"error\"";
    if (e.params)
        return "it has \"params\" and also \"result\" or \"error\"";
    if (e.id.state == state::absent)
        return "the answer has no \"id\"";
    if (e.id.state == state::null && e.result)
        return "the \"id\" of a result is null";
    return nullptr;
}

/// Returns the error of an answer, without its id. If something is wrong with it, sets `fault`.
error error_of(json::value& from, char const*& fault)
{
    error out{};
    auto* const object = from.if_object();
    if (!object) {
        fault = "\"error\" is not an object";
        return out;
    }
    auto const* const number = object->if_contains("code");
    auto const* const code = number ? number->if_int64() : nullptr;
    if (!code || *code < std::numeric_limits<int>::min() || *code > std::numeric_limits<int>::max())
        fault = "\"error\" has no \"code\" that is a 32-bit integer";
    else
        out.number = static_cast<int>(*code);
    auto const* const text = object->if_contains("message");
    if (!text || !text->is_string())
        fault = "\"error\" has no \"message\" that is a string";
    else
        out.message.assign(text->get_string().data(), text->get_string().size());
    if (auto* const data = object->if_contains("data"))
        out.data = std::move(*data);
    return out;
}

message message_in(envelope& e, std::string_view line)
{
    if (e.number_too_large)
        return invalid(e, line, "a number is too large for a double");
    if (e.duplicate != envelope::member::none)
        return invalid(e, line, std::string(name_of(e.duplicate)) + " occurs twice");
    if (e.version.state != state::valid || e.version.value != "2.0")
        return invalid(e, line, "\"jsonrpc\" is not \"2.0\"");
    if (e.id.state == state::invalid)
        return invalid(e, line, "\"id\" is not an unsigned 64-bit integer");

    if (e.method.state != state::absent) {
        if (auto const* const fault = fault_of_call(e))
            return invalid(e, line, fault);
        auto params = e.params ? std::move(*e.params) : json::value();
        if (e.id.state == state::absent)
            return notification{std::move(e.method.value), std::move(params)};
        return request{e.id.value, std::move(e.method.value), std::move(params)};
    }

    if (auto const* const fault = fault_of_answer(e))
        return invalid(e, line, fault);
    if (e.result)
        return result{e.id.value, std::move(*e.result)};
    if (e.duplicate_in_error)
        return invalid(
            e, line, '"' + std::string(e.duplicate_in_error) + "\" occurs twice in \"error\"");
    char const* fault = nullptr;
    auto out = error_of(*e.error, fault);
    if (fault)
        return invalid(e, line, fault);
    if (e.id.state == state::valid)
        out.id = e.id.value;
    return out;
}

bool is_letter(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Returns the word of letters at the beginning of a text.
std::string_view first_word(std::string_view text) noexcept
{
    auto const end = std::find_if_not(text.begin(), text.end(), is_letter);
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

/// Returns the name of a usual mistake that makes a line other than JSON; empty: it is another
/// mistake.
/// @param at the position at which the parser stopped.
std::string common_fault(std::string_view line, std::size_t at)
{
    if (line.empty())
        return "it is an empty line";
    if (line.starts_with("\xEF\xBB\xBF"))
        return "it begins with a byte order mark";
    if (line.starts_with("\xFF\xFE") || line.starts_with("\xFE\xFF"))
        return "it begins with a byte order mark of UTF-16; messages are UTF-8";
    // The parser stops inside an invalid character or before it.
    if (auto const valid = valid_utf8_prefix(line); valid < line.size() && valid <= at)
        return "it is not valid UTF-8, at byte " + std::to_string(valid);
    auto const word = first_word(line.substr(std::min(at, line.size())));
    for (std::string_view const number :
        {"NaN", "nan", "NAN", "Infinity", "infinity", "inf", "Inf", "INF"})
        if (word == number)
            return "it contains " + std::string(word) + ", which is not JSON, at byte " +
                std::to_string(at);
    return {};
}

violation not_json(std::string_view line, std::size_t at, std::string const& reason)
{
    auto const fault = common_fault(line, at);
    std::string text = "not a JSON object (";
    text += fault.empty() ? reason + " at byte " + std::to_string(at) : fault;
    text += "): " + in_quotes(line);
    return {error_number::not_json, std::nullopt, std::move(text)};
}

}  // namespace

class reader::parser : public json::basic_parser<envelope> {
public:
    using basic_parser::basic_parser;
};

reader::reader(limits const& bounds) : limits_{bounds.clamped()} {}

reader::~reader() = default;

message reader::read(std::string_view line, json::storage_ptr memory)
{
    if (line.size() > limits_.max_message_bytes)
        return line_too_long(limits_.max_message_bytes, line);

    if (!parser_)
        parser_ = std::make_unique<parser>(options_for(limits_));
    auto& p = *parser_;
    auto& e = p.handler();

    // Destroys the values, and after a long line the parser with its stack, also if an exception
    // leaves this function.
    struct cleanup_guard {
        ~cleanup_guard()
        {
            self.parser_->handler().end();
            if (large)
                self.parser_.reset();
        }
        reader& self;
        bool large;
    } const cleanup{*this, line.size() > max_kept_line};

    p.reset();
    e.begin(std::move(memory));
    boost::system::error_code ec;
    auto const parsed = p.write_some(false, line.data(), line.size(), ec);
    if (ec == json::error::too_deep)
        return invalid(e, line,
            "arrays and objects are nested deeper than " + std::to_string(limits_.max_depth));
    if (!ec && parsed < line.size())
        ec = json::error::extra_data;
    if (ec)
        return not_json(line, parsed, ec.message());
    if (e.root != envelope::root_kind::object)
        return not_json(line, 0,
            e.root == envelope::root_kind::array ? "batches are not supported; found an array"
                                                 : "found a scalar");
    return message_in(e, line);
}

violation line_too_long(std::size_t max_message_bytes, std::string_view start)
{
    return {error_number::invalid_message, std::nullopt,
        "a message longer than max_message_bytes (" + std::to_string(max_message_bytes) +
            "): " + in_quotes(start)};
}

violation line_without_end(std::string_view rest)
{
    return {error_number::not_json, std::nullopt,
        std::to_string(rest.size()) + " bytes without a line end came: " + in_quotes(rest)};
}

}  // namespace leasepool::wire
