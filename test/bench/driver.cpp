// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "driver.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace leasepool::bench {
namespace {

// Google Benchmark can interleave repetitions itself, but only in random order over all that is
// registered. What is compared here are neighbors in time: one side, then at once the other,
// with the one that goes first alternating, so that a machine that changes speed changes all.

/// Keeps the figures that Google Benchmark would print.
class collector final : public benchmark::BenchmarkReporter {
public:
    explicit collector(row const& what) : row_(what) {}

    bool ReportContext(Context const&) override { return true; }

    void ReportRuns(std::vector<Run> const& runs) override
    {
        for (auto const& run : runs) {
            if (failed(run))
                throw std::runtime_error(run.benchmark_name() + " failed");
            figure_ = row_.scale * value(run);
        }
    }

    double figure() const { return figure_; }

private:
    template <class R>
    static bool failed(R const& run)
    {
        if constexpr (requires { run.error_occurred; })
            return run.error_occurred;
        else
            return run.skipped != decltype(run.skipped){};
    }

    double value(Run const& run) const
    {
        switch (row_.from) {
        case source::real_time:
        case source::manual_time:
            return run.GetAdjustedRealTime();
        case source::rate:
            return run.counters.at("items_per_second");
        case source::figure:
            return run.counters.at("figure");
        }
        return 0;
    }

    row const& row_;
    double figure_ = 0;
};

std::string enlist(
    row const& what, std::string const& side, std::function<void(benchmark::State&)> f)
{
    auto name = what.name + "/" + side;
    auto* const added = benchmark::RegisterBenchmark(name.c_str(), std::move(f));
    added->Iterations(what.iterations)->Unit(benchmark::kNanosecond);
    if (what.from == source::manual_time)
        added->UseManualTime();
    else
        added->UseRealTime();
    return "^" + name + "/";
}

double run_once(row const& what, std::string const& pattern)
{
    collector reporter(what);
    if (benchmark::RunSpecifiedBenchmarks(&reporter, pattern) != 1)
        throw std::logic_error("no benchmark is called " + pattern);
    return reporter.figure();
}

double median(std::vector<double> values)
{
    std::ranges::sort(values);
    auto const half = values.size() / 2;
    return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

result measure(row const& what, int rounds)
{
    struct side {
        std::string pattern;
        std::vector<double> figures{};
    };
    std::vector<side> sides{{enlist(what, "ours", what.ours)}};
    if (what.reference)
        sides.push_back({enlist(what, "reference", what.reference)});
    for (auto const& other : what.unjudged)
        sides.push_back({enlist(what, "unjudged" + std::to_string(sides.size()), other.run)});
    for (int round = 0; round < rounds; ++round)
        for (std::size_t n = 0; n != sides.size(); ++n) {
            auto& each = sides[round % 2 ? sides.size() - 1 - n : n];
            each.figures.push_back(run_once(what, each.pattern));
        }
    auto next = sides.begin();
    auto const figure = [&] { return median((next++)->figures); };
    result r{&what, figure(), {}, {}};
    if (what.reference)
        r.reference = figure();
    while (next != sides.end())
        r.unjudged.push_back(figure());
    return r;
}

}  // namespace leasepool::bench
