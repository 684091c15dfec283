// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "report.hpp"

#include <cstdint>
#include <cstdio>
#include <string>

namespace {

std::string duration(double nanoseconds)
{
    char text[32];
    if (nanoseconds < 1e6)
        std::snprintf(text, sizeof text, "%.0f us", nanoseconds / 1e3);
    else if (nanoseconds < 1e9)
        std::snprintf(text, sizeof text, "%.1f ms", nanoseconds / 1e6);
    else
        std::snprintf(text, sizeof text, "%.2f s", nanoseconds / 1e9);
    return text;
}

std::string median_and_longest(leasepool::histogram const& times)
{
    return "median " + duration(static_cast<double>(times.quantile(0.5))) + ", longest " +
        duration(static_cast<double>(times.max()));
}

void list(noted const& what, char const* title)
{
    if (what.count() == 0)
        return;
    std::fprintf(stderr, "%s: %zu\n", title, what.count());
    for (auto const& line : what.first())
        std::fprintf(stderr, "  %s\n", line.c_str());
    if (what.count() > what.first().size())
        std::fprintf(stderr, "  ...\n");
}

}  // namespace

void report_totals(tally const& totals, std::chrono::duration<double> elapsed, bool interrupted)
{
    auto const megabytes = static_cast<double>(totals.bytes) / 1e6;
    std::fprintf(stderr, "%s%ju files, %ju bytes in %.2f s: %.0f MB/s\n",
        interrupted ? "interrupted after " : "", static_cast<std::uintmax_t>(totals.files),
        static_cast<std::uintmax_t>(totals.bytes), elapsed.count(), megabytes / elapsed.count());
}

void report_holdups(leasepool::histogram const& delays)
{
    std::fprintf(stderr, "io_context held up: %s, 99 %% within %s\n",
        median_and_longest(delays).c_str(),
        duration(static_cast<double>(delays.quantile(0.99))).c_str());
}

void report_leases(leasepool::stats const& stats)
{
    std::fprintf(stderr, "leases:    %ju on %zu pools of %zu threads; waited for: %s; held: %s\n",
        static_cast<std::uintmax_t>(stats.acquired), stats.max_pools, stats.workers_per_pool,
        median_and_longest(stats.wait_time).c_str(), median_and_longest(stats.hold_time).c_str());
    std::fprintf(stderr, "functions: %ju, of which %ju failed; in the queue: %s; ran: %s\n",
        static_cast<std::uintmax_t>(stats.runs), static_cast<std::uintmax_t>(stats.runs_failed),
        median_and_longest(stats.queue_time).c_str(), median_and_longest(stats.run_time).c_str());
}

void report_problems(tally const& totals)
{
    if (totals.links != 0)
        std::fprintf(stderr, "symbolic links, not followed: %ju\n",
            static_cast<std::uintmax_t>(totals.links));
    list(totals.special, "neither files nor folders, skipped");
    list(totals.unreadable, "could not be read");
}
