// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "report.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cmath>
#include <cstdio>
#include <ostream>
#include <string>

namespace leasepool::bench {
namespace {

std::string line(std::string const& what, std::string const& ours, std::string const& reference,
    std::string const& ratio, std::string const& goal, std::string const& verdict)
{
    char text[160];
    std::snprintf(text, sizeof text, "%-26s %16s %16s %8s %9s  %s\n", what.c_str(), ours.c_str(),
        reference.c_str(), ratio.c_str(), goal.c_str(), verdict.c_str());
    return text;
}

std::string number(double value, int digits)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string quantity(double value, std::string const& unit)
{
    int const digits = std::abs(value) >= 100 || value == std::floor(value) ? 0 : 2;
    return number(value, digits) + " " + unit;
}

}  // namespace

void print_header(std::ostream& to)
{
    to << line("what", "ours", "reference", "ratio", "goal", "") << std::flush;
}

void print(std::ostream& to, result const& r)
{
    auto const& what = *r.of;
    auto const goal =
        (what.want == better::lower ? "<= " : ">= ") + number(what.goal, r.reference ? 2 : 0);
    to << line(what.name, quantity(r.ours, what.unit),
        r.reference ? quantity(*r.reference, what.unit) : "-",
        r.reference ? number(r.ratio(), 2) : "-", goal, r.ok() ? "ok" : "MISSED");
    for (std::size_t n = 0; n != r.unjudged.size(); ++n)
        to << line("", "", quantity(r.unjudged[n], what.unit), number(r.ratio_to(r.unjudged[n]), 2),
            "-", what.unjudged[n].name);
    to << std::flush;
}

void write_json(std::ostream& to, std::vector<result> const& results)
{
    namespace json = boost::json;
    to << "[";
    for (char const* before = "\n"; auto const& r : results) {
        auto const& what = *r.of;
        json::array unjudged;
        for (std::size_t n = 0; n != r.unjudged.size(); ++n)
            unjudged.push_back({{"name", what.unjudged[n].name}, {"figure", r.unjudged[n]},
                {"ratio", r.ratio_to(r.unjudged[n])}});
        json::object const entry{
            {"name", what.name},
            {"ours", r.ours},
            {"reference", r.reference ? json::value(*r.reference) : json::value()},
            {"reference_name", r.reference ? json::value(what.reference_name) : json::value()},
            {"unit", what.unit},
            {"ratio", r.ratio()},
            {"better", what.want == better::lower ? "lower" : "higher"},
            {"goal", what.goal},
            {"ok", r.ok()},
            {"unjudged", std::move(unjudged)},
        };
        to << before << "  " << json::serialize(entry);
        before = ",\n";
    }
    to << "\n]\n";
}

}  // namespace leasepool::bench
