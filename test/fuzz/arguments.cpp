// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The conversion of JSON to the types of arguments and results. The first byte of the input chooses
// the type; the rest is the text of the value.
//
// A value is converted, or the fault is described. What was converted must be the same when it is
// converted to JSON and back.

#include <leasepool/detail/json_types.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace fuzzed {

enum class color { red, green };
BOOST_DESCRIBE_ENUM(color, red, green)

struct point {
    double x = 0;
    std::optional<double> y;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

struct circle {
    float radius = 0;
    std::optional<color> fill;
};
BOOST_DESCRIBE_STRUCT(circle, (), (radius, fill))

struct tree {
    std::int8_t value = 0;
    std::vector<tree> branches;
    std::optional<std::map<std::string, point>> named;
};
BOOST_DESCRIBE_STRUCT(tree, (), (value, branches, named))

}  // namespace fuzzed

namespace {

namespace json = boost::json;
using namespace leasepool::detail;
using namespace fuzzed;

void require(bool holds)
{
    if (!holds)
        std::abort();
}

template <class T>
void check(json::value const& value)
{
    try {
        auto const written = json::value_from(from_json<T>(json::value(value)));
        auto const again = json::value_from(from_json<T>(json::value(written)));
        require(json::serialize(again) == json::serialize(written));
    }
    catch (misfit const& why) {
        require(!why.expected.empty() && !why.came.empty());
        require(why.at.empty() || why.at.front() == '/');
    }
}

template <class... Ts>
void check_one(std::size_t which, json::value const& value)
{
    static constexpr std::array<void (*)(json::value const&), sizeof...(Ts)> checks{&check<Ts>...};
    checks[which % checks.size()](value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0)
        return 0;
    boost::system::error_code ec;
    auto const value =
        json::parse(json::string_view(reinterpret_cast<char const*>(data) + 1, size - 1), ec);
    if (ec)
        return 0;
    check_one<bool, std::int64_t, std::uint8_t, double, std::string, color, point,
        std::vector<point>, tree, std::map<std::string, std::vector<tree>>,
        std::tuple<int, point, std::optional<circle>>, std::array<point, 2>,
        std::variant<std::monostate, circle, point, std::vector<tree>>,
        std::vector<std::variant<point, circle, std::string>>, std::optional<std::vector<bool>>>(
        data[0], value);
    return 0;
}
