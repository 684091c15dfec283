// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "writer.hpp"

#include "base/utf8.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <charconv>

// The text of messages. `worker_link`, `write_body` and `channel` call it; it calls
// `find_encoding_error` and Boost.JSON's serializer.

namespace leasepool::wire {
namespace {

namespace json = boost::json;
using detail::is_utf8;
using detail::repaired_utf8;

// The maximum size of the id at the end of a request, with its key and the closing brace.
constexpr std::size_t id_size = sizeof(R"(,"id":18446744073709551615})") - 1;

void append_number(std::string& out, std::uint64_t number)
{
    char digits[20];
    auto const end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    out.append(digits, end);
}

}  // namespace

/// A line that is being written. If it is not kept, the destructor removes it from the buffer.
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
    void finish()
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

writer::writer(limits const& bounds) : limits_{bounds.clamped()} {}

/// Appends the text that the serializer makes. Returns false if the line becomes too long.
bool writer::serialize(line& to)
{
    auto& out = to.text();
    std::size_t chunk = 256;
    while (!serializer_.done()) {
        // The serializer writes into the string, so the string must be enlarged first, which fills
        // the new part with zeros. The existing capacity is used, but not all of it at once:
        // otherwise a small message would pay for zeros in a large buffer.
        auto const at = out.size();
        auto const left = out.capacity() - at;
        // A smaller rest of the capacity may not have room for one number.
        auto const space = left < 64 ? chunk : std::min(chunk, left);
        out.resize(at + space);
        auto const written = serializer_.read(out.data() + at, space);
        BOOST_ASSERT(written.data() == out.data() + at);
        out.resize(at + written.size());
        if (!to.fits())
            return false;
        chunk = std::min(2 * chunk, std::size_t{64} << 10);
    }
    return to.fits();
}

bool writer::append(line& to, json::value const& value)
{
    serializer_.reset(&value);
    return serialize(to);
}

bool writer::append(line& to, std::string_view text)
{
    serializer_.reset(json::string_view(text.data(), text.size()));
    return serialize(to);
}

/// Reserves memory for a long text, so that it is not moved several times while it grows.
void writer::reserve(line& to, std::size_t bytes) const
{
    constexpr std::size_t overhead = 128;
    if (bytes > 1024)
        to.text().reserve(to.text().size() + std::min(bytes, limits_.max_message_bytes) + overhead);
}

writer::refusal writer::find_error(json::value const& value, std::size_t* size) const
{
    auto found = find_encoding_error(value, limits_.max_value_depth(), size);
    if (found && found->what == encoding_error::kind::too_deep)
        found->limit = limits_.max_depth;
    return found;
}

writer::refusal writer::too_large(json::value const& value) const
{
    return encoding_error{
        encoding_error::kind::too_large, largest_part(value), limits_.max_message_bytes};
}

/// Appends the part that a request and a notification have in common, without the closing brace.
writer::refusal writer::write_call(line& to, std::string_view method, json::value const& params)
{
    BOOST_ASSERT(params.is_null() || params.is_structured());
    if (method.empty() || !is_utf8(method))
        return encoding_error{encoding_error::kind::invalid_method, {}};
    std::size_t size = 0;
    if (auto refused = find_error(params, &size))
        return refused;
    reserve(to, size);

    to.text() += R"({"jsonrpc":"2.0","method":)";
    bool fits = append(to, method);
    if (fits && !params.is_null()) {
        to.text() += R"(,"params":)";
        fits = append(to, params);
    }
    if (!fits)
        return too_large(params);
    return std::nullopt;
}

writer::refusal writer::request_body(
    std::string& out, std::string_view method, json::value const& params)
{
    line to(out, limits_.max_message_bytes - id_size);
    if (auto refused = write_call(to, method, params))
        return refused;
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
    line to(out, limits_.max_message_bytes - id_size);
    if (auto refused = write_call(to, method, params))
        return refused;
    request_id(out, id);
    to.keep();
    return std::nullopt;
}

writer::refusal writer::notification(
    std::string& out, std::string_view method, json::value const& params)
{
    line to(out, limits_.max_message_bytes - 1);
    if (auto refused = write_call(to, method, params))
        return refused;
    out += '}';
    to.finish();
    return std::nullopt;
}

writer::refusal writer::result(std::string& out, std::uint64_t id, json::value const& value)
{
    std::size_t size = 0;
    if (auto refused = find_error(value, &size))
        return refused;
    line to(out, limits_.max_message_bytes - 1);
    reserve(to, size);
    out += R"({"jsonrpc":"2.0","id":)";
    append_number(out, id);
    out += R"(,"result":)";
    if (!append(to, value))
        return too_large(value);
    out += '}';
    to.finish();
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
    // This always fits: the text is at most an eighth of the limit, and one byte of it becomes at
    // most six bytes when it is escaped, three when it is replaced.
    append(to, repaired_utf8(text, limits_.max_message_bytes / 8));
    if (!data.is_null() && !find_encoding_error(data, limits_.max_value_depth() - 1)) {
        auto const before = out.size();
        out += R"(,"data":)";
        if (!append(to, data))
            out.resize(before);
    }
    out += "}}";
    to.finish();
}

}  // namespace leasepool::wire
