// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Tests of the params of notifications and of the data of errors.

#include "wire/notifications.hpp"
#include "wire/protocol.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace {

namespace json = boost::json;
using namespace leasepool::wire;

template <class T>
std::string fault(read_result<T> const& r)
{
    auto const* const text = std::get_if<std::string>(&r);
    return text ? *text : std::string();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire_notifications)

BOOST_AUTO_TEST_CASE(ready_is_read_as_it_was_written)
{
    auto const params = to_params(ready{1, 4'242, {"add", "gr\xC3\xBC\xC3\x9F"}, {"pipelining"}});
    BOOST_TEST(json::serialize(params) ==
        "{\"version\":1,\"pid\":4242,\"methods\":[\"add\",\"gr\xC3\xBC\xC3\x9F\"],\"capabilities\":"
        "["
        "\"pipelining\"]}");
    auto const back = std::get<ready>(read_ready(params));
    BOOST_TEST(back.version == protocol_version);
    BOOST_TEST(back.pid == 4'242);
    BOOST_TEST((back.methods == std::vector<std::string>{"add", "gr\xC3\xBC\xC3\x9F"}));
    BOOST_TEST(back.can(pipelining));
    BOOST_TEST(!back.can("pipe"));
}

BOOST_AUTO_TEST_CASE(ready_may_omit_capabilities_and_have_unknown_members)
{
    auto const r = read_ready({{"version", 1}, {"pid", 1}, {"methods", json::array{}}, {"x", 1}});
    BOOST_TEST(std::get<ready>(r).capabilities.empty());
    auto const null = read_ready(
        {{"version", 1}, {"pid", 1}, {"methods", json::array{}}, {"capabilities", nullptr}});
    BOOST_TEST_REQUIRE(fault(null) == "");
    BOOST_TEST(std::get<ready>(null).capabilities.empty());
}

BOOST_AUTO_TEST_CASE(only_the_version_of_a_ready_of_another_version_is_read)
{
    BOOST_TEST(std::get<ready>(read_ready({{"version", 2}, {"pid", "?"}})).version == 2);
}

BOOST_AUTO_TEST_CASE(fault_in_ready_names_the_member)
{
    BOOST_TEST(fault(read_ready(nullptr)) == "leasepool/ready: \"params\" is not an object");
    BOOST_TEST(fault(read_ready({1, 2, 3})) == "leasepool/ready: \"params\" is not an object");
    BOOST_TEST(fault(read_ready({{"version", "1"}})) ==
        "leasepool/ready: \"version\" is not a signed 64-bit integer");
    BOOST_TEST(fault(read_ready({{"version", 1}, {"methods", json::array{}}})) ==
        "leasepool/ready: \"pid\" is not a signed 64-bit integer");
    for (auto const& methods : {json::value(), json::value("add"), json::value{"add", 1}})
        BOOST_TEST(fault(read_ready({{"version", 1}, {"pid", 1}, {"methods", methods}})) ==
            "leasepool/ready: \"methods\" is not an array of strings");
    BOOST_TEST(fault(read_ready({{"version", 1}, {"pid", 1}, {"methods", json::array{}},
                   {"capabilities", "pipelining"}})) ==
        "leasepool/ready: \"capabilities\" is not an array of strings");
}

BOOST_AUTO_TEST_CASE(log_is_read_as_it_was_written)
{
    auto const back =
        std::get<log_line>(read_log(to_params(log_line{"warning", "na\xC3\xAFve", 7})));
    BOOST_TEST(back.severity == "warning");
    BOOST_TEST(back.message == "na\xC3\xAFve");
    BOOST_TEST((back.id == 7u));
    BOOST_TEST(!std::get<log_line>(read_log(to_params(log_line{"info", "m", {}}))).id);
    BOOST_TEST(
        !std::get<log_line>(read_log({{"severity", "info"}, {"message", ""}, {"id", nullptr}})).id);
    BOOST_TEST(fault(read_log({{"severity", "info"}, {"message", 1}})) ==
        "leasepool/log: \"message\" is not a string");
    BOOST_TEST(
        fault(read_log({{"message", "m"}})) == "leasepool/log: \"severity\" is not a string");
    BOOST_TEST(fault(read_log({{"severity", "info"}, {"message", ""}, {"id", -1}})) ==
        "leasepool/log: \"id\" is not an unsigned 64-bit integer");
}

BOOST_AUTO_TEST_CASE(progress_is_read_as_it_was_written)
{
    auto const back = std::get<progress>(read_progress(to_params(progress{7, {{"done", 0.5}}})));
    BOOST_TEST(back.id == 7u);
    BOOST_TEST((back.value == json::value{{"done", 0.5}}));
    BOOST_TEST(std::get<progress>(read_progress({{"id", 7}})).value.is_null());
    BOOST_TEST(fault(read_progress({{"value", 1}})) ==
        "leasepool/progress: \"id\" is not an unsigned 64-bit integer");
}

BOOST_AUTO_TEST_CASE(cancel_and_limits_are_read_as_they_were_written)
{
    BOOST_TEST(std::get<cancel>(read_cancel(to_params(cancel{UINT64_MAX}))).id == UINT64_MAX);
    BOOST_TEST(fault(read_cancel({{"id", "7"}})) ==
        "leasepool/cancel: \"id\" is not an unsigned 64-bit integer");

    auto const back = std::get<limits>(
        read_limits(to_params(limits{.max_message_bytes = 123'456, .max_depth = 100})));
    BOOST_TEST(back.max_message_bytes == 123'456u);
    BOOST_TEST(back.max_depth == 100u);
    BOOST_TEST(fault(read_limits({{"max_message_bytes", 5'000}})) ==
        "leasepool/limits: \"max_depth\" is not an unsigned 64-bit integer");
    auto const minimum =
        std::get<limits>(read_limits({{"max_message_bytes", 0}, {"max_depth", 0}}));
    BOOST_TEST(minimum.max_message_bytes == limits::min_message_bytes);
    BOOST_TEST(minimum.max_depth == limits::min_depth);
}

BOOST_AUTO_TEST_CASE(data_of_errors_is_read_as_it_was_written_and_may_be_incomplete)
{
    auto const t = read_thrown(to_data(thrown{"std::runtime_error", "na\xEFve"}));
    BOOST_TEST(t.type == "std::runtime_error");
    BOOST_TEST(t.what == "na\xEF\xBF\xBDve");
    auto const m = read_conversion_error(to_data(conversion_error{"/1/x", "a number", "a string"}));
    BOOST_TEST(m.at == "/1/x");
    BOOST_TEST(m.expected == "a number");
    BOOST_TEST(m.got == "a string");
    BOOST_TEST(
        to_data(conversion_error{"", "x", ""}) == (json::value{{"at", ""}, {"expected", "x"}}));
    for (auto const& data : {json::value(), json::value(1), json::value{{"what", 1}, {"at", {}}}}) {
        BOOST_TEST(read_thrown(data).what == "");
        BOOST_TEST(read_conversion_error(data).at == "");
    }
}

BOOST_AUTO_TEST_SUITE_END()
