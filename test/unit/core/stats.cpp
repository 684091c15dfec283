// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/grinder_stats.hpp>
#include <leasepool/stats.hpp>

#include "core/pool/run_queue.hpp"

#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/mp11/algorithm.hpp>
#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// The description of each statistic is complete, and its JSON has each member.

namespace leasepool::test {
namespace {

namespace describe = boost::describe;

template <class T>
using members = describe::describe_members<T, describe::mod_public>;

/// The size of a struct that has the described members only.
template <class T>
constexpr std::size_t described_size()
{
    std::size_t end = 0;
    std::size_t most = 1;
    boost::mp11::mp_for_each<members<T>>([&](auto member) {
        using type = std::decay_t<decltype(std::declval<T>().*member.pointer)>;
        end = (end + alignof(type) - 1) / alignof(type) * alignof(type) + sizeof(type);
        most = alignof(type) > most ? alignof(type) : most;
    });
    return (end + most - 1) / most * most;
}

using described = boost::mpl::list<stats, lease_info, grinder_stats, detail::run_totals>;

}  // namespace

BOOST_AUTO_TEST_SUITE(statistics)

BOOST_AUTO_TEST_CASE_TEMPLATE(each_member_is_described, T, described)
{
    BOOST_TEST(described_size<T>() == sizeof(T));
}

BOOST_AUTO_TEST_CASE(json_has_each_member_in_order)
{
    using namespace std::chrono_literals;
    stats s;
    s.name = "n";
    s.backend = "a";
    s.started = true;
    s.runs_canceled = 3;
    s.wait_time.record(5);
    auto& held = s.leases.emplace_back();
    held.id = 7;
    held.owner = "b";
    held.held = 8ns;
    auto const json = boost::json::value_from(s).as_object();
    std::vector<std::string> keys;
    for (auto const& each : json)
        keys.emplace_back(each.key());
    std::size_t n = 0;
    boost::mp11::mp_for_each<members<stats>>([&](auto member) {
        std::string_view const name = member.name;
        BOOST_TEST_REQUIRE(n != keys.size());
        BOOST_TEST((keys[n] == name || keys[n] == std::string(name) + "_ns"), keys[n]);
        ++n;
    });
    BOOST_TEST(n == keys.size());
    BOOST_TEST(json.at("name").as_string() == "n");
    BOOST_TEST(json.at("backend").as_string() == "a");
    BOOST_TEST(json.at("started").as_bool());
    BOOST_TEST(json.at("runs_canceled").to_number<int>() == 3);
    BOOST_TEST(json.at("wait_time_ns").at("sum").to_number<int>() == 5);
    BOOST_TEST(json.at("message_bytes").at("count").to_number<int>() == 0);
    auto const& lease = json.at("leases").at(0).as_object();
    BOOST_TEST(lease.size() == 8u);
    BOOST_TEST(lease.at("id").to_number<int>() == 7);
    BOOST_TEST(lease.at("held_ns").to_number<int>() == 8);
    BOOST_TEST(lease.at("where").as_string().ends_with(":0"));
}

BOOST_AUTO_TEST_CASE(json_of_a_grinder_says_null_where_there_is_no_limit)
{
    grinder_stats s;
    BOOST_TEST(boost::json::value_from(s).at("max_batch").is_null());
    s.max_batch = 5;
    BOOST_TEST(boost::json::value_from(s).at("max_batch").to_number<int>() == 5);
    BOOST_TEST(boost::json::value_from(s).at("oldest_ns").to_number<int>() == 0);
}

BOOST_AUTO_TEST_CASE(totals_are_added_member_by_member)
{
    detail::run_totals one;
    one.runs = 1;
    one.failed = 2;
    one.canceled = 3;
    one.queue_time.record(4);
    one.run_time.record(5);
    one.message_bytes.record(6);
    auto both = one;
    both.merge(one);
    BOOST_TEST(both.runs == 2u);
    BOOST_TEST(both.failed == 4u);
    BOOST_TEST(both.canceled == 6u);
    BOOST_TEST(both.queue_time.sum() == 8u);
    BOOST_TEST(both.run_time.sum() == 10u);
    BOOST_TEST(both.message_bytes.sum() == 12u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
