// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What a peer could send: bytes, in reads of any size. The first byte of the input chooses the
// sizes, the second the limits; the rest is the stream.
//
// Lines must not depend on how the stream was cut, and a message that was read must be the same
// when it is written and read again.

#include "../../libs/wire/line_buffer.hpp"
#include "../../libs/wire/reader.hpp"
#include "../../libs/wire/writer.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

namespace json = boost::json;
using namespace leasepool::wire;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

struct outcome {
    std::vector<std::string> lines;
    std::string rest;
    bool too_long = false;

    bool operator==(outcome const&) const = default;
};

outcome lines_of(std::string_view bytes, std::size_t at_once, std::size_t max_line)
{
    line_buffer buffer(max_line);
    outcome out;
    while (!bytes.empty()) {
        auto const space = buffer.prepare();
        auto const n = std::min({space.size(), bytes.size(), at_once});
        std::copy_n(bytes.data(), n, space.data());
        buffer.commit(n);
        bytes.remove_prefix(n);
        while (auto const line = buffer.next())
            out.lines.emplace_back(*line);
    }
    out.too_long = buffer.too_long();
    out.rest = buffer.too_long() ? buffer.start() : buffer.unfinished();
    return out;
}

/// The message as a line; empty: it is none, or one that cannot be sent.
std::string written(writer& w, message const& m)
{
    std::string out;
    if (auto const* const r = std::get_if<request>(&m))
        require(!w.request(out, r->id, r->method, r->params));
    else if (auto const* const n = std::get_if<notification>(&m))
        require(!w.notification(out, n->method, n->params));
    else if (auto const* const a = std::get_if<result>(&m))
        require(!w.result(out, a->id, a->value));
    else if (auto const* const e = std::get_if<error>(&m))
        w.error(out, e->id, error_number{e->number}, e->message, e->data);
    if (!out.empty()) {
        require(out.back() == '\n' && out.find('\n') == out.size() - 1);
        out.pop_back();
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size < 2)
        return 0;
    std::string_view const bytes(reinterpret_cast<char const*>(data) + 2, size - 2);
    std::size_t const at_once = 1 + data[0];
    std::size_t const max_line = std::size_t{1} << (data[1] % 16);

    auto const whole = lines_of(bytes, bytes.size(), max_line);
    require(lines_of(bytes, at_once, max_line) == whole);

    // Written anew a message may be longer, and its depth is the same.
    reader in({.max_depth = 16});
    writer out({.max_message_bytes = std::size_t{1} << 24, .max_depth = 16});
    for (auto const& line : whole.lines) {
        json::monotonic_resource memory;
        auto const first = in.read(line, &memory);
        if (auto const* const v = std::get_if<violation>(&first)) {
            require(!v->text.empty());
            continue;
        }
        auto const again = written(out, first);
        require(written(out, in.read(again)) == again);
    }
    return 0;
}
