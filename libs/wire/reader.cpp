// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "reader.hpp"

#include "envelope.hpp"
#include "utf8.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/system/error_code.hpp>

#include <limits>
#include <string>
#include <utility>

namespace leasepool::wire {
namespace {

namespace json = boost::json;
using type = envelope::type;

json::parse_options options_for(limits const& bounds) noexcept
{
    json::parse_options options;
    options.max_depth = bounds.max_depth;
    return options;
}

violation refuse(envelope const& e, std::string_view line, std::string_view reason)
{
    auto id = e.id.is == type::right ? std::optional(e.id.value) : std::nullopt;
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

/// What is wrong with a call; null: nothing.
char const* fault_of_call(envelope const& e) noexcept
{
    if (e.method.is != type::right)
        return "\"method\" is not a string";
    if (e.method.value.empty())
        return "\"method\" is empty";
    if (e.result || e.error)
        return "it has both \"method\" and an answer";
    if (e.params && !e.params->is_structured() && !e.params->is_null())
        return "\"params\" is neither an array nor an object";
    if (e.id.is == type::null)
        return "the \"id\" of a request is null";
    return nullptr;
}

char const* fault_of_answer(envelope const& e) noexcept
{
    if (!e.result && !e.error)
        return "it has neither \"method\" nor \"result\" nor \"error\"";
    if (e.result && e.error)
        return "it has both \"result\" and \"error\"";
    if (e.params)
        return "it has both \"params\" and an answer";
    if (e.id.is == type::absent)
        return "an answer without \"id\"";
    if (e.id.is == type::null && e.result)
        return "the \"id\" of a result is null";
    return nullptr;
}

/// The error of an answer; its id is still to be set. What is wrong with it goes to `fault`.
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
        fault = "\"error\" has no \"code\" that is a whole number of 32 bits";
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
        return refuse(e, line, "a number is too large for a double");
    if (e.twice != envelope::member::none)
        return refuse(e, line, std::string(name_of(e.twice)) + " is there twice");
    if (e.version.is != type::right || e.version.value != "2.0")
        return refuse(e, line, "\"jsonrpc\" is not \"2.0\"");
    if (e.id.is == type::wrong)
        return refuse(e, line, "\"id\" is not a whole number from 0 on");

    if (e.method.is != type::absent) {
        if (auto const* const fault = fault_of_call(e))
            return refuse(e, line, fault);
        auto params = e.params ? std::move(*e.params) : json::value();
        if (e.id.is == type::absent)
            return notification{std::move(e.method.value), std::move(params)};
        return request{e.id.value, std::move(e.method.value), std::move(params)};
    }

    if (auto const* const fault = fault_of_answer(e))
        return refuse(e, line, fault);
    if (e.result)
        return result{e.id.value, std::move(*e.result)};
    char const* fault = nullptr;
    auto out = error_of(*e.error, fault);
    if (fault)
        return refuse(e, line, fault);
    if (e.id.is == type::right)
        out.id = e.id.value;
    return out;
}

}  // namespace

class reader::parser : public json::basic_parser<envelope> {
public:
    using basic_parser::basic_parser;
};

reader::reader(peer from, limits const& bounds) : from_{from}, limits_{bounds.in_bounds()} {}

reader::~reader() = default;

message reader::read(std::string_view line, json::storage_ptr memory)
{
    if (line.size() > limits_.max_message_bytes)
        return violation{error_number::invalid_message, std::nullopt,
            "a message longer than max_message_bytes (" +
                std::to_string(limits_.max_message_bytes) + "): " + in_quotes(line)};

    if (!parser_)
        parser_ = std::make_unique<parser>(options_for(limits_));
    auto& p = *parser_;
    auto& e = p.handler();

    // Whatever leaves this function, neither values nor a stack as large as this message stay.
    struct cleaner {
        ~cleaner()
        {
            self.parser_->handler().end();
            if (large)
                self.parser_.reset();
        }
        reader& self;
        bool large;
    } const cleaner{*this, line.size() > kept_for_bytes};

    p.reset();
    e.begin(std::move(memory));
    boost::system::error_code ec;
    auto const parsed = p.write_some(false, line.data(), line.size(), ec);
    if (ec == json::error::too_deep)
        return refuse(e, line,
            "arrays and objects are deeper inside each other than " +
                std::to_string(limits_.max_depth));
    if (!ec && parsed < line.size())
        ec = json::error::extra_data;
    if (ec)
        return refuse_json(line, parsed, ec.message());
    if (e.what != envelope::root::object)
        return refuse_json(line, 0,
            e.what == envelope::root::array ? "an array; batches are not taken" : "not an object");
    return message_in(e, line);
}

violation reader::refuse_json(
    std::string_view line, std::size_t at, std::string const& reason) const
{
    std::string text = "not a JSON object";
    text += " (" + reason + " at byte " + std::to_string(at) + "): " + in_quotes(line);
    if (from_ == peer::worker)
        text += "; did something in the worker print to stdout? Only messages may go there, "
                "print to stderr instead";
    return {error_number::not_json, std::nullopt, std::move(text)};
}

}  // namespace leasepool::wire
