// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/support/cpu_count.hpp"

#include "core/support/os.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <istream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

// The number of CPUs that this process may use, from its affinity and the files of its cgroup.
// `available_cpus` calls it. cpu_count.hpp names the sources.

namespace leasepool::detail {
namespace {

namespace fs = std::filesystem;

// Drops empty pieces, which paths need. The other formats here have no empty pieces.
std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> pieces;
    while (!text.empty()) {
        auto const end = std::min(text.find(separator), text.size());
        if (end != 0)
            pieces.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return pieces;
}

bool contains(std::string_view list, std::string_view name)
{
    auto const names = split(list, ',');
    return std::find(names.begin(), names.end(), name) != names.end();
}

using line_reader = std::function<std::string(fs::path const&)>;

std::string first_line_of(fs::path const& file)
{
    std::ifstream in(file);
    std::string line;
    std::getline(in, line);
    return line;
}

// A quota of "max" (v2) or -1 (v1) fails here like malformed text: both mean no limit.
std::optional<std::uint64_t> parse_positive(std::string_view text)
{
    std::uint64_t value = 0;
    auto const end = text.data() + text.size();
    auto const [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end || value == 0)
        return std::nullopt;
    return value;
}

std::optional<double> quotient(std::string_view quota, std::string_view period)
{
    auto const numerator = parse_positive(quota);
    auto const denominator = parse_positive(period);
    if (!numerator || !denominator)
        return std::nullopt;
    return static_cast<double>(*numerator) / static_cast<double>(*denominator);
}

std::optional<double> v1_limit(fs::path const& group, line_reader const& first_line)
{
    return quotient(
        first_line(group / "cpu.cfs_quota_us"), first_line(group / "cpu.cfs_period_us"));
}

std::optional<double> v2_limit(fs::path const& group, line_reader const& first_line)
{
    auto const line = first_line(group / "cpu.max");
    auto const fields = split(line, ' ');
    return fields.size() == 2 ? quotient(fields[0], fields[1]) : std::nullopt;
}

// The group of the process in the hierarchies that can limit its CPU time.
struct membership {
    std::optional<std::string> v1;
    std::optional<std::string> v2;
};

// A line is hierarchy-ID:controller-list:path. The path may itself contain colons.
membership read_membership(std::istream& in)
{
    membership result;
    for (std::string line; std::getline(in, line);) {
        auto const first = line.find(':');
        auto const second = first == line.npos ? line.npos : line.find(':', first + 1);
        if (second == line.npos)
            continue;
        auto const controllers = std::string_view(line).substr(first + 1, second - first - 1);
        if (controllers.empty() && line.starts_with("0:"))
            result.v2 = line.substr(second + 1);
        else if (contains(controllers, "cpu"))
            result.v1 = line.substr(second + 1);
    }
    return result;
}

struct cgroup_mount {
    bool v2;
    std::string root;   // the group that is mounted
    std::string point;  // the directory on which it is mounted
};

// Space, tab, newline and backslash are written as a backslash and three octal digits.
std::string unescape(std::string_view field)
{
    auto const octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string text;
    for (std::size_t i = 0; i < field.size(); ++i) {
        if (field[i] == '\\' && i + 3 < field.size() && octal(field[i + 1]) &&
            octal(field[i + 2]) && octal(field[i + 3])) {
            int const code =
                (field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0');
            text.push_back(static_cast<char>(static_cast<unsigned char>(code)));
            i += 3;
        }
        else {
            text.push_back(field[i]);
        }
    }
    return text;
}

// ID parent major:minor root mount-point options [optional fields...] - type source super-options
std::optional<cgroup_mount> parse_mount(std::string_view line)
{
    auto const fields = split(line, ' ');
    if (fields.size() < 10)
        return std::nullopt;
    auto const dash = std::find(fields.begin() + 6, fields.end(), "-");
    if (fields.end() - dash < 4)
        return std::nullopt;
    bool const v2 = dash[1] == "cgroup2";
    bool const v1 = dash[1] == "cgroup" && contains(dash[3], "cpu");
    if (!v1 && !v2)
        return std::nullopt;
    return cgroup_mount{v2, unescape(fields[3]), unescape(fields[4])};
}

// Returns the path from the mounted group down to the group of the process; nothing if that is not
// below the mounted group. Both paths are relative to the cgroup namespace of the reader. A path
// outside of the namespace begins with "/..".
std::optional<std::vector<std::string_view>> way_down(
    std::string_view mounted, std::string_view own)
{
    auto const from = split(mounted, '/');
    auto const to = split(own, '/');
    auto const up = [](std::string_view name) { return name == ".."; };

    auto const [rest_from, rest_to] = std::mismatch(from.begin(), from.end(), to.begin(), to.end());
    if (rest_from == from.end() && std::none_of(rest_to, to.end(), up))
        return std::vector<std::string_view>(rest_to, to.end());

    // The mount shows a group above the namespace. The group of the process is somewhere below it,
    // but the names between are hidden, so only the mounted group itself can be read.
    if (rest_from != from.end() && std::all_of(from.begin(), from.end(), up))
        return std::vector<std::string_view>{};
    return std::nullopt;
}

void tighten(std::optional<double>& limit, std::optional<double> other)
{
    if (other && (!limit || *other < *limit))
        limit = other;
}

}  // namespace

std::optional<double> cgroup_cpu_limit(
    std::istream& cgroup, std::istream& mountinfo, line_reader const& first_line)
{
    auto const own = read_membership(cgroup);
    std::optional<double> limit;
    for (std::string line; std::getline(mountinfo, line);) {
        auto const mount = parse_mount(line);
        if (!mount)
            continue;
        auto const& path = mount->v2 ? own.v2 : own.v1;
        if (!path)
            continue;
        auto const way = way_down(mount->root, *path);
        if (!way)
            continue;
        auto const read = mount->v2 ? &v2_limit : &v1_limit;
        auto group = "/" / fs::path(mount->point).relative_path();
        tighten(limit, read(group, first_line));
        for (auto const name : *way) {
            group /= name;
            tighten(limit, read(group, first_line));
        }
    }
    return limit;
}

std::optional<double> cgroup_cpu_limit(fs::path const& root)
{
    std::ifstream cgroup(root / "proc/self/cgroup");
    std::ifstream mountinfo(root / "proc/self/mountinfo");
    return cgroup_cpu_limit(cgroup, mountinfo,
        [&](fs::path const& file) { return first_line_of(root / file.relative_path()); });
}

std::size_t effective_cpu_count(std::size_t affinity, std::optional<double> limit) noexcept
{
    auto count = affinity;
    // Compared as double first: the limit may be larger than any size_t.
    if (limit && *limit > 0 && std::ceil(*limit) < static_cast<double>(affinity))
        count = static_cast<std::size_t>(std::ceil(*limit));
    return std::max<std::size_t>(count, 1);
}

std::size_t cpu_count()
{
#if defined(__linux__)
    std::size_t affinity = 0;
    try {
        affinity = current_thread_affinity().size();
    }
    catch (std::system_error const&) {  // a seccomp filter may refuse the call
        affinity = std::thread::hardware_concurrency();
    }
    return effective_cpu_count(affinity, cgroup_cpu_limit("/"));
#else
    return effective_cpu_count(std::thread::hardware_concurrency(), std::nullopt);
#endif
}

}  // namespace leasepool::detail
