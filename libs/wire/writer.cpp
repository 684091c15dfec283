// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "writer.hpp"

#include "utf8.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <charconv>

namespace leasepool::wire {
namespace {

namespace json = boost::json;

// An id of most digits, and what is around it at the end of a request.
constexpr std::size_t id_room = sizeof(R"(,"id":18446744073709551615})") - 1;

void append_number(std::string& out, std::uint64_t number)
{
    char digits[20];
    auto const end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    out.append(digits, end);
}

}  // namespace

/// A line being written; unless it is kept, the buffer is cut back to where it began.
class writer::line {
public:
    line(std::string& out, std::size_t max_bytes) noexcept
        : out_{out}, begin_{out.size()}, max_bytes_{max_bytes}
    {
    }
    ~line()
    {
        if (!kept_)
            out_.resize(begin_);
    }
    line(line const&) = delete;
    line& operator=(line const&) = delete;

    std::string& text() noexcept { return out_; }
    bool fits() const noexcept { return out_.size() - begin_ <= max_bytes_; }
    void keep() noexcept { kept_ = true; }
    void end()
    {
        out_ += '\n';
        kept_ = true;
    }

private:
    std::string& out_;
    std::size_t begin_;
    std::size_t max_bytes_;
    bool kept_ = false;
};

writer::writer(limits const& bounds) : limits_{bounds.in_bounds()} {}

/// Whether the whole of what the serializer was given fits.
bool writer::drain(line& to)
{
    auto& out = to.text();
    std::size_t room = 256;
    while (!serializer_.done()) {
        // A string has no room that is not initialized. What memory there is is used up, within
        // bounds: a small message must not pay for the buffer's capacity.
        auto const at = out.size();
        auto const left = out.capacity() - at;
        // Less than a number takes is not worth a turn, and may not be enough for one.
        auto const space = left < 64 ? room : std::min(room, left);
        out.resize(at + space);
        auto const written = serializer_.read(out.data() + at, space);
        BOOST_ASSERT(written.data() == out.data() + at);
        out.resize(at + written.size());
        if (!to.fits())
            return false;
        room = std::min(2 * room, std::size_t{64} << 10);
    }
    return to.fits();
}

bool writer::append(line& to, json::value const& value)
{
    serializer_.reset(&value);
    return drain(to);
}

bool writer::append(line& to, std::string_view text)
{
    serializer_.reset(json::string_view(text.data(), text.size()));
    return drain(to);
}

/// A long text is not to be moved again and again while it grows.
void writer::expect(line& to, std::size_t bytes) const
{
    constexpr std::size_t around_it = 128;
    if (bytes > 1024)
        to.text().reserve(
            to.text().size() + std::min(bytes, limits_.max_message_bytes) + around_it);
}

/// What a request and a notification have in common, up to the closing brace.
writer::refusal writer::call(line& to, std::string_view method, json::value const& params)
{
    BOOST_ASSERT(params.is_null() || params.is_structured());
    if (method.empty() || !is_utf8(method))
        return encoding_error{encoding_error::kind::invalid_method, {}};
    std::size_t size = 0;
    if (auto bad = find_encoding_error(params, limits_.max_value_depth(), &size))
        return bad;
    expect(to, size);

    to.text() += R"({"jsonrpc":"2.0","method":)";
    bool fits = append(to, method);
    if (fits && !params.is_null()) {
        to.text() += R"(,"params":)";
        fits = append(to, params);
    }
    if (!fits)
        return encoding_error{encoding_error::kind::too_large, largest_part(params)};
    return std::nullopt;
}

writer::refusal writer::request_body(
    std::string& out, std::string_view method, json::value const& params)
{
    line to(out, limits_.max_message_bytes - id_room);
    if (auto bad = call(to, method, params))
        return bad;
    to.keep();
    return std::nullopt;
}

void writer::request_id(std::string& out, std::uint64_t id)
{
    std::string end = R"(,"id":)";
    append_number(end, id);
    end += "}\n";
    out += end;
}

writer::refusal writer::request(
    std::string& out, std::uint64_t id, std::string_view method, json::value const& params)
{
    line to(out, limits_.max_message_bytes - id_room);
    if (auto bad = call(to, method, params))
        return bad;
    request_id(out, id);
    to.keep();
    return std::nullopt;
}

writer::refusal writer::notification(
    std::string& out, std::string_view method, json::value const& params)
{
    line to(out, limits_.max_message_bytes - 1);
    if (auto bad = call(to, method, params))
        return bad;
    out += '}';
    to.end();
    return std::nullopt;
}

writer::refusal writer::result(std::string& out, std::uint64_t id, json::value const& value)
{
    std::size_t size = 0;
    if (auto bad = find_encoding_error(value, limits_.max_value_depth(), &size))
        return bad;
    line to(out, limits_.max_message_bytes - 1);
    expect(to, size);
    out += R"({"jsonrpc":"2.0","id":)";
    append_number(out, id);
    out += R"(,"result":)";
    if (!append(to, value))
        return encoding_error{encoding_error::kind::too_large, largest_part(value)};
    out += '}';
    to.end();
    return std::nullopt;
}

void writer::error(std::string& out, std::optional<std::uint64_t> id, error_number number,
    std::string_view text, json::value const& data)
{
    line to(out, limits_.max_message_bytes - 2);
    out += R"({"jsonrpc":"2.0","id":)";
    if (id)
        append_number(out, *id);
    else
        out += "null";
    out += R"(,"error":{"code":)";
    out += std::to_string(static_cast<int>(number));
    out += R"(,"message":)";
    // Escaped, a byte becomes six at most, a replaced one three: it always fits.
    append(to, repaired_utf8(text, limits_.max_message_bytes / 8));
    if (!data.is_null() && !find_encoding_error(data, limits_.max_value_depth() - 1)) {
        auto const before = out.size();
        out += R"(,"data":)";
        if (!append(to, data))
            out.resize(before);
    }
    out += "}}";
    to.end();
}

}  // namespace leasepool::wire
