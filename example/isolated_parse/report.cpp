// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "report.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

void print_constants(std::string const& path, header_facts const& facts)
{
    for (auto const& [name, value] : facts.constants)
        std::printf(
            "%s: %s = %jd\n", path.c_str(), name.c_str(), static_cast<std::intmax_t>(value));
}

void report_failure(std::string const& path, verdict const& failure)
{
    std::fprintf(stderr, "  %s: %s%s%s\n", path.c_str(), failure.what.c_str(),
        failure.why.empty() ? "" : ": ", failure.why.c_str());
}

void report_totals(tally const& totals, std::chrono::duration<double> elapsed, bool interrupted)
{
    auto const number = [](auto n) { return static_cast<std::uintmax_t>(n); };
    std::fprintf(stderr, "%s%ju headers, %.1f MB, evaluated in %.2f s: %.0f headers/s\n",
        interrupted ? "interrupted after " : "", number(totals.headers),
        static_cast<double>(totals.bytes) / 1e6, elapsed.count(),
        static_cast<double>(totals.headers) / elapsed.count());
    std::fprintf(
        stderr, "constants: %ju of %ju macros\n", number(totals.constants), number(totals.macros));
    if (!totals.values.empty()) {
        auto const& values = totals.values;
        auto const most = std::max_element(values.begin(), values.end(),
            [](auto const& a, auto const& b) { return a.second < b.second; });
        std::fprintf(stderr,
            "           %ju different values, from %jd to %jd; the favorite is %jd, %ju times\n"
            "           the richest header is %s, with %ju\n",
            number(values.size()), static_cast<std::intmax_t>(values.begin()->first),
            static_cast<std::intmax_t>(values.rbegin()->first),
            static_cast<std::intmax_t>(most->first), number(most->second), totals.richest.c_str(),
            number(totals.richest_constants));
    }
    if (totals.failed == 0)
        return;
    std::fprintf(stderr, "failed:    %ju, of which %ju cost a worker, which was replaced\n",
        number(totals.failed), number(totals.lost_workers));
    for (auto const& [what, times] : totals.failures)
        std::fprintf(stderr, "           %ju %s\n", number(times), what.c_str());
}
