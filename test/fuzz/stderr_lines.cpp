// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What a worker writes to stderr, in reads of any size. The first byte of the input chooses the sizes;
// the rest is the stream. In it byte 1 stands for as many times 64 letters as the byte after it says, so
// that a short input has lines that are too long.
//
// Lines must not depend on how the stream was cut. Each is valid UTF-8, and what is valid is not changed.

#include "../../libs/process/pool/stderr_lines.hpp"
#include "../../libs/base/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using leasepool::detail::is_utf8;
using leasepool::detail::stderr_lines;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

std::string expanded(std::string_view from)
{
    std::string out;
    for (std::size_t n = 0; n != from.size(); ++n)
        if (from[n] == '\1' && n + 1 != from.size())
            out.append(64 * static_cast<std::size_t>(static_cast<unsigned char>(from[++n])), 'x');
        else
            out.push_back(from[n]);
    return out;
}

struct outcome {
    std::vector<std::string> lines;
    std::vector<std::string> last;

    bool operator==(outcome const&) const = default;
};

outcome lines_of(std::string_view bytes, std::size_t at_once)
{
    stderr_lines lines;
    outcome out;
    auto const use = [&](std::string const& line) { out.lines.push_back(line); };
    for (; !bytes.empty(); bytes.remove_prefix(std::min(at_once, bytes.size())))
        lines.add(bytes.substr(0, at_once), use);
    lines.finish(use);
    out.last = lines.last();
    auto const count = out.lines.size();
    lines.finish(use);
    require(out.lines.size() == count);
    return out;
}

void check_line(std::string const& line, std::string_view written)
{
    require(is_utf8(line) && line.find('\n') == line.npos);
    auto const kept = written.substr(0, stderr_lines::longest);
    // A byte that is not UTF-8 becomes a character of three bytes.
    require(line.size() <= 3 * kept.size());
    if (is_utf8(kept))
        require(line == kept || line + '\r' == kept);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0)
        return 0;
    auto const bytes =
        expanded(std::string_view(reinterpret_cast<char const*>(data) + 1, size - 1));
    auto const whole = lines_of(bytes, std::max<std::size_t>(bytes.size(), 1));
    require(lines_of(bytes, 1 + data[0]) == whole);

    std::string_view rest = bytes;
    for (auto const& line : whole.lines) {
        require(!rest.empty());
        auto const written = rest.substr(0, rest.find('\n'));
        check_line(line, written);
        rest.remove_prefix(std::min(written.size() + 1, rest.size()));
    }
    require(rest.empty());

    auto const remembered = std::min(whole.lines.size(), stderr_lines::most);
    require(std::ranges::equal(whole.last,
        std::vector(
            whole.lines.end() - static_cast<std::ptrdiff_t>(remembered), whole.lines.end())));
    return 0;
}
