// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/grinder_stats.hpp>
#include <leasepool/stats.hpp>

#include "core/support/text.hpp"

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/mp11/algorithm.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// The conversion of statistics to JSON (`boost::json::value_from`): the described members, in their
// order. The key of a member in nanoseconds is its name and `_ns`.

namespace leasepool {
namespace {

namespace json = boost::json;
namespace describe = boost::describe;

template <class Described>
json::object to_json_object(Described const& from);

template <class T>
requires std::is_arithmetic_v<T> json::value to_json(T number)
{
    return number;
}

json::value to_json(std::string const& text)
{
    return json::value(text);
}

json::value to_json(std::chrono::nanoseconds duration)
{
    return duration.count();
}

json::value to_json(std::source_location const& where)
{
    return json::value(detail::to_text(where));
}

json::value to_json(std::optional<std::size_t> const& number)
{
    return number ? json::value(*number) : json::value();
}

json::value to_json(histogram const& h)
{
    json::array buckets;
    for (auto const& bucket : h.buckets())
        if (bucket.count != 0)
            buckets.push_back({{"up_to", bucket.upper_bound}, {"count", bucket.count}});
    return {{"count", h.count()}, {"sum", h.sum()}, {"max", h.max()}, {"p50", h.quantile(0.5)},
        {"p99", h.quantile(0.99)}, {"buckets", std::move(buckets)}};
}

json::value to_json(std::vector<lease_info> const& leases)
{
    json::array all;
    for (auto const& lease : leases)
        all.push_back(to_json_object(lease));
    return all;
}

template <class T>
bool in_nanoseconds(std::string_view name)
{
    return std::is_same_v<T, std::chrono::nanoseconds> ||
        (std::is_same_v<T, histogram> && name.ends_with("_time"));
}

template <class Described>
json::object to_json_object(Described const& from)
{
    json::object to;
    boost::mp11::mp_for_each<describe::describe_members<Described, describe::mod_public>>(
        [&](auto member) {
            auto const& value = from.*member.pointer;
            std::string key(member.name);
            if (in_nanoseconds<std::decay_t<decltype(value)>>(key))
                key += "_ns";
            to.emplace(key, to_json(value));
        });
    return to;
}

}  // namespace

void tag_invoke(json::value_from_tag const&, json::value& to, grinder_stats const& from)
{
    to = to_json_object(from);
}

void tag_invoke(json::value_from_tag const&, json::value& to, stats const& from)
{
    to = to_json_object(from);
}

}  // namespace leasepool
