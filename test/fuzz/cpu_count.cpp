// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The limit of CPU time, from the texts of the kernel's files. Zero bytes divide the input into
// /proc/self/cgroup, /proc/self/mountinfo and the first lines of files of groups. Which of these a file
// has depends on its path.
//
// The limit must be the smallest in the files that were read, those must be files of limits below a
// mount, and the order of the mounts must not matter.

#include "../../libs/core/support/cpu_count.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using leasepool::detail::cgroup_cpu_limit;
using leasepool::detail::effective_cpu_count;
using strings = std::vector<std::string>;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

strings pieces_of(std::string const& text, char separator)
{
    strings out;
    std::istringstream in(text);
    for (std::string piece; std::getline(in, piece, separator);)
        out.push_back(piece);
    return out;
}

std::optional<double> number_in(std::string const& text)
{
    if (text.empty() || text.find_first_not_of("0123456789") != text.npos)
        return std::nullopt;
    errno = 0;
    auto const value = std::strtoull(text.c_str(), nullptr, 10);
    if (value == 0 || errno == ERANGE)
        return std::nullopt;
    return static_cast<double>(value);
}

std::optional<double> limit_in(std::string const& quota, std::string const& period)
{
    auto const above = number_in(quota);
    auto const below = number_in(period);
    if (!above || !below)
        return std::nullopt;
    return *above / *below;
}

/// The files of the groups, and which of them have been read.
class group_files {
public:
    explicit group_files(strings lines) : lines_(std::move(lines)) {}

    std::string first_line(std::filesystem::path const& file)
    {
        require(file.is_absolute());
        auto const name = file.filename();
        require(name == "cpu.max" || name == "cpu.cfs_quota_us" || name == "cpu.cfs_period_us");
        leads_up = leads_up || std::find(file.begin(), file.end(), "..") != file.end();
        auto const line = line_of(file);
        auto const group = file.parent_path();
        if (name != "cpu.max")
            add(limit_in(
                line_of(group / "cpu.cfs_quota_us"), line_of(group / "cpu.cfs_period_us")));
        else {
            auto fields = pieces_of(line, ' ');
            std::erase(fields, "");
            if (fields.size() == 2)
                add(limit_in(fields[0], fields[1]));
        }
        return line;
    }

    std::optional<double> smallest;
    bool leads_up = false;

private:
    std::string line_of(std::filesystem::path const& file) const
    {
        if (lines_.empty())
            return "";
        std::size_t hash = 0;
        for (char const c : file.native())
            hash = 31 * hash + static_cast<unsigned char>(c);
        return lines_[hash % lines_.size()];
    }
    void add(std::optional<double> limit)
    {
        if (limit && (!smallest || *limit < *smallest))
            smallest = limit;
    }

    strings lines_;
};

std::optional<double> limit_of(
    std::string const& cgroup, strings const& mounts, strings const& lines)
{
    std::string text;
    for (auto const& mount : mounts)
        text += mount + '\n';
    std::istringstream cgroup_file(cgroup);
    std::istringstream mountinfo_file(text);
    group_files files(lines);
    auto const limit = cgroup_cpu_limit(cgroup_file, mountinfo_file,
        [&](std::filesystem::path const& file) { return files.first_line(file); });
    require(limit == files.smallest);
    require(!limit || *limit > 0);
    // A mount point may lead up, as text. A dot may be escaped.
    bool const mount_leads_up = text.find("..") != text.npos || text.find("\\056") != text.npos;
    require(mount_leads_up || !files.leads_up);
    auto const cpus = effective_cpu_count(8, limit);
    require(cpus >= 1 && cpus <= 8);
    return limit;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto parts = pieces_of(std::string(reinterpret_cast<char const*>(data), size), '\0');
    parts.resize(std::max<std::size_t>(parts.size(), 2));
    auto mounts = pieces_of(parts[1], '\n');
    strings const lines(parts.begin() + 2, parts.end());

    auto const limit = limit_of(parts[0], mounts, lines);
    std::ranges::reverse(mounts);
    require(limit_of(parts[0], mounts, lines) == limit);
    if (!mounts.empty()) {
        mounts.pop_back();
        auto const of_fewer = limit_of(parts[0], mounts, lines);
        require(!of_fewer || (limit && *of_fewer >= *limit));
    }
    return 0;
}
