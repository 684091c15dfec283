// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// All that a parent sends to a worker, from the first byte to the end of the input.
//
// The worker must end, must send only messages of the protocol, and must answer no request twice.

#include "../../libs/worker/session.hpp"
#include "../../libs/wire/line_buffer.hpp"
#include "../../libs/wire/reader.hpp"

#include <leasepool/detail/worker_entry.hpp>
#include <leasepool/job.hpp>

#include <boost/describe/class.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unistd.h>
#include <variant>
#include <vector>

namespace fuzzed {

namespace json = boost::json;
using leasepool::job_context;

struct point {
    double x = 0;
    std::optional<double> y;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

int add(int a, int b)
{
    return static_cast<int>(static_cast<unsigned>(a) + static_cast<unsigned>(b));
}

json::value echo(json::value value)
{
    return value;
}

std::vector<point> points(std::vector<point> const& path)
{
    return path;
}

void fail(std::string const& why)
{
    throw std::runtime_error(why);
}

void report(job_context& context, json::value const& value, std::string const& text)
{
    context.progress(value);
    context.log(leasepool::severity::error, text);
    context.throw_if_stopped();
}

constexpr leasepool::job add_job{"add", &add};
constexpr leasepool::job echo_job{"echo", &echo};
constexpr leasepool::job points_job{"points", &points};
constexpr leasepool::job fail_job{"fail", &fail};
constexpr leasepool::job report_job{"report", &report};

}  // namespace fuzzed

namespace {

namespace wire = leasepool::wire;
using leasepool::detail::worker_entry;
using leasepool::detail::worker_entry_for;

// It fits into a pipe, and the depth that it can have fits the stack.
constexpr std::size_t max_input = 4096;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

template <class Signature>
worker_entry const& entry_of(leasepool::job<Signature> const& from)
{
    static worker_entry_for<Signature> const entry(from);
    return entry;
}

/// Counts the requests with each id in the input.
std::map<std::uint64_t, int> requests_in(std::string_view input)
{
    std::map<std::uint64_t, int> out;
    wire::reader reader({.max_message_bytes = 1 << 20, .max_depth = 4096});
    while (!input.empty()) {
        auto line = input.substr(0, input.find('\n'));
        input.remove_prefix(std::min(line.size() + 1, input.size()));
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        auto const m = reader.read(line);
        if (auto const* const r = std::get_if<wire::request>(&m))
            ++out[r->id];
        else if (auto const* const v = std::get_if<wire::violation>(&m); v && v->id)
            ++out[*v->id];
    }
    return out;
}

void check_output(int fd, std::string_view input)
{
    auto expected = requests_in(input);
    wire::line_buffer lines(std::size_t{1} << 30);
    wire::reader reader({.max_message_bytes = std::size_t{1} << 30, .max_depth = 4096});
    require(::lseek(fd, 0, SEEK_SET) == 0);
    for (;;) {
        auto const space = lines.prepare();
        auto const n = ::read(fd, space.data(), space.size());
        require(n >= 0);
        if (n == 0)
            break;
        lines.commit(static_cast<std::size_t>(n));
        while (auto const line = lines.next()) {
            auto const m = reader.read(*line);
            if (auto const* const r = std::get_if<wire::result>(&m))
                require(--expected[r->id] >= 0);
            else if (auto const* const e = std::get_if<wire::error>(&m))
                require(!e->id || --expected[*e->id] >= 0);
            else
                require(std::holds_alternative<wire::notification>(m));
        }
    }
    require(lines.unfinished().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace fuzzed;
    if (size > max_input)
        return 0;
    std::string_view const input(reinterpret_cast<char const*>(data), size);
    static std::array<worker_entry const*, 5> const jobs{&entry_of(add_job), &entry_of(echo_job),
        &entry_of(points_job), &entry_of(fail_job), &entry_of(report_job)};

    std::array<int, 2> in{};
    require(::pipe(in.data()) == 0);
    std::FILE* const out = std::tmpfile();
    require(out != nullptr);
    require(::write(in[1], input.data(), input.size()) == static_cast<ssize_t>(input.size()));
    ::close(in[1]);
    {
        leasepool::worker::session session(
            {in[0], ::fileno(out)}, jobs, leasepool::severity::debug, std::chrono::hours(1));
        session.run();
        static_cast<void>(session.unfinished_input());
    }
    check_output(::fileno(out), input);
    std::fclose(out);
    ::close(in[0]);
    return 0;
}
