// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What a worker answers.

#include "integration/support/worker_support.hpp"

#include <boost/json/value_to.hpp>

#include <string>
#include <vector>

using namespace leasepool::test;

BOOST_FIXTURE_TEST_SUITE(worker_answers, ready_worker)

BOOST_AUTO_TEST_CASE(ready_names_version_pid_jobs_and_pipelining)
{
    worker_process other;
    auto const ready = other.receive_ready();
    BOOST_TEST(ready.at("version") == json::value(1));
    BOOST_TEST(ready.at("pid").to_number<pid_t>() == other.pid());
    BOOST_TEST(ready.at("capabilities") == json::value(json::array(1, "pipelining")));
    auto const methods = json::value_to<std::vector<std::string>>(ready.at("methods"));
    BOOST_TEST(methods.size() == 28u);
    BOOST_TEST(methods.front() == "add");
}

BOOST_AUTO_TEST_CASE(results_come_in_the_order_of_the_requests)
{
    std::string all;
    for (std::uint64_t i = 0; i != 200; ++i)
        all += call(i, "add", {i, 1});
    worker.send(all);
    for (std::uint64_t i = 0; i != 200; ++i)
        BOOST_TEST(worker.result_of(i).to_number<std::uint64_t>() == i + 1);
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_CASE(request_is_taken_however_it_is_cut)
{
    auto const text = call(~std::uint64_t{}, "echo", {"\u00fc"}) + call(2, "nothing");
    for (char const c : text)
        worker.send({&c, 1});
    BOOST_TEST(worker.result_of(~std::uint64_t{}) == json::value("\u00fc"));
    BOOST_TEST(worker.result_of(2).is_null());
}

BOOST_AUTO_TEST_CASE(params_that_are_left_out_are_no_arguments)
{
    worker.send(line({{"id", 1}, {"method", "nothing"}}));
    worker.send(line({{"id", 2}, {"method", "nothing"}, {"params", nullptr}}));
    BOOST_TEST(worker.result_of(1).is_null());
    BOOST_TEST(worker.result_of(2).is_null());
}

BOOST_AUTO_TEST_CASE(unknown_job_is_an_error_of_the_request)
{
    worker.send(call(1, "leasepool/ready"));
    BOOST_TEST(worker.code_of(1) == -32601);
    worker.send(call(2, "none"));
    auto const error = worker.error_of(2);
    BOOST_TEST(error.at("code") == json::value(-32601));
    BOOST_TEST(error.at("message") == json::value("this worker has no job \"none\""));
    BOOST_TEST(worker.run(3, "add", {1, 2}) == json::value(3));
}

BOOST_AUTO_TEST_CASE(bad_argument_is_named_with_what_was_expected)
{
    auto const check = [&](std::string const& request, char const* at, char const* expected) {
        worker.send(request);
        auto const error = worker.error_of(1);
        BOOST_TEST(error.at("code") == json::value(-32602));
        auto const message = json::value_to<std::string>(error.at("message"));
        auto const got = json::value_to<std::string>(error.at("data").at("got"));
        BOOST_TEST(
            error.at("data") == (json::value{{"at", at}, {"expected", expected}, {"got", got}}));
        BOOST_TEST(message.ends_with(", got " + got), message);
        return message;
    };
    auto const whole = "a whole number from -2147483648 to 2147483647";
    BOOST_TEST(check(call(1, "add", {1, "x"}), "/1", whole) ==
        "argument 2: expected " + std::string(whole) + ", got the string \"x\"");
    check(call(1, "add", {1.5, 1}), "/0", whole);
    auto const path = json::parse(R"([[{"x":1,"y":2},{"x":1,"y":"up"}],"m"])").as_array();
    BOOST_TEST(check(call(1, "length", path), "/0/1/y", "a number") ==
        "argument 1, at /1/y: expected a number, got the string \"up\"");
    BOOST_TEST(check(call(1, "length", json::parse(R"([[{"x":1}],"m"])").as_array()), "/0/0",
                   "an object with the member \"y\"") ==
        "argument 1, at /0: expected an object with the member \"y\", got an "
        "object "
        "without it");
    check(call(1, "add", {1}), "", "an array of 2 arguments");
    check(call(1, "add", {1, 2, 3}), "", "an array of 2 arguments");
    check(line({{"id", 1}, {"method", "add"}}), "", "an array of 2 arguments");
    check(line({{"id", 1}, {"method", "add"}, {"params", {{"a", 1}, {"b", 2}}}}), "",
        "an array of 2 arguments");
    BOOST_TEST(worker.run(2, "add", {1, 2}) == json::value(3));
}

BOOST_AUTO_TEST_CASE(members_that_a_struct_does_not_name_are_passed_over)
{
    auto const path = json::parse(R"([[{"x":1,"y":2,"z":3}],"m"])").as_array();
    BOOST_TEST(worker.run(1, "length", path) == json::value(1.0));
}

BOOST_AUTO_TEST_CASE(exception_is_answered_with_its_type_and_text)
{
    auto const check = [&](char const* what, char const* type, char const* text) {
        worker.send(call(1, "raise", {what}));
        auto const error = worker.error_of(1);
        BOOST_TEST(error.at("code") == json::value(-32000));
        BOOST_TEST(error.at("message") == json::value(text));
        BOOST_TEST(error.at("data") == (json::value{{"type", type}, {"what", text}}));
    };
    check("boom", "std::runtime_error", "boom");
    // What is no UTF-8 in it is replaced.
    check("memory", "std::bad_alloc", "std::bad_alloc");
    check("range", "std::out_of_range", "page \uFFFD is too far");
    check("int", "int", "an exception of type int, which is no std::exception");
    // Nobody has asked it to stop.
    check("canceled", "leasepool::job_canceled",
        "the job was asked to stop: Operation canceled [system:125]");
    BOOST_TEST(worker.run(2, "add", {1, 2}) == json::value(3));
}

BOOST_AUTO_TEST_CASE(result_that_json_cannot_carry_is_an_error_that_says_where)
{
    auto const check = [&](char const* job, json::array params, char const* at) {
        worker.send(call(1, job, std::move(params)));
        auto const error = worker.error_of(1);
        BOOST_TEST(error.at("code") == json::value(-32001));
        BOOST_TEST(error.at("data").at("at") == json::value(at));
        return json::value_to<std::string>(error.at("message"));
    };
    BOOST_TEST(check("not_finite", {}, "") == "not a finite number");
    check("not_text", {}, "/1");
    check("deep", {64},
        "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0"
        "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0");
    BOOST_TEST(check("unspeakable", {}, "") == "the conversion to JSON failed: no words for it");
    BOOST_TEST(worker.run(2, "deep", {63}).is_array());
}

BOOST_AUTO_TEST_CASE(conversion_that_gets_no_memory_is_an_error_of_the_worker)
{
    auto const check = [&](char const* stage, char const* text) {
        worker.send(call(1, "starve", {stage}));
        auto const error = worker.error_of(1);
        BOOST_TEST(error.at("code") == json::value(-32603));
        BOOST_TEST(error.at("message") == json::value(text));
    };
    check("arguments", "out of memory while the arguments were converted");
    check("result", "out of memory while the result was converted");
    BOOST_TEST(worker.run(2, "starve", {"never"}) == json::value("never"));
}

BOOST_AUTO_TEST_CASE(limits_of_the_parent_hold_in_both_directions)
{
    worker.send(limits(1024, 8) + call(1, "repeat", {2000}) + call(2, "repeat", {900}) +
        call(3, "deep", {8}) + call(4, "deep", {7}));
    auto const error = worker.error_of(1);
    BOOST_TEST(error.at("code") == json::value(-32002));
    BOOST_TEST(error.at("message") ==
        json::value("the result is too large for one message (max_message_bytes is 1024)"));
    BOOST_TEST(worker.result_of(2).as_string().size() == 900u);
    BOOST_TEST(worker.code_of(3) == -32001);
    BOOST_TEST(worker.result_of(4).is_array());
    worker.send(call(5, "echo", {std::string(1024, 'x')}));
    auto const refused = worker.receive();
    BOOST_TEST(refused.at("id").is_null());
    BOOST_TEST(refused.at("error").at("code") == json::value(-32600));
    BOOST_TEST(worker.wait() == 3 << 8);
}

BOOST_AUTO_TEST_CASE(large_messages_go_both_ways)
{
    std::string const text(3 << 20, 'y');
    worker.send(call(1, "echo", {text}));
    BOOST_TEST((worker.result_of(1) == json::value(text)));
    BOOST_TEST(worker.run(2, "add", {1, 2}) == json::value(3));
    worker.send(call(3, "repeat", {17 << 20}));
    BOOST_TEST(worker.code_of(3) == -32002);
}

BOOST_AUTO_TEST_CASE(state_lasts_from_job_to_job)
{
    for (int i = 1; i != 4; ++i)
        BOOST_TEST(worker.run(1, "count") == json::value(i));
    BOOST_TEST(worker.finish() == 0);
    BOOST_TEST(worker.errors() == "counted to 3\nend of main\n");
}

BOOST_AUTO_TEST_CASE(notifications_it_does_not_know_are_passed_over)
{
    worker.send(line({{"method", "leasepool/of_tomorrow"}, {"params", {1, 2}}}));
    worker.send(line({{"method", "add"}, {"params", {1, 2}}}));
    BOOST_TEST(worker.run(1, "add", {1, 2}) == json::value(3));
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_CASE(line_that_is_no_message_is_answered_and_ends_the_worker)
{
    struct {
        char const* line;
        int code;
        json::value id;
    } const cases[] = {
        {"print\n", -32700, nullptr},
        {"\n", -32700, nullptr},
        {"[]\n", -32700, nullptr},
        {"{\"id\":1,\"method\":\"add\"}\n", -32600, 1},
        {"{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"add\",\"params\":7}\n", -32600, 4},
        {"{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":7}\n", -32600, nullptr},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"leasepool/cancel\"}\n", -32600, nullptr},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"leasepool/limits\",\"params\":{}}\n", -32600, nullptr},
    };
    for (auto const& each : cases) {
        BOOST_TEST_INFO(each.line);
        worker_process one;
        one.receive_ready();
        one.send(call(10, "add", {1, 1}) + each.line + call(11, "add", {1, 1}));
        // What was taken before is not begun any more; what comes behind is not looked at.
        auto const error = one.receive();
        BOOST_TEST(error.at("id") == each.id);
        BOOST_TEST(error.at("error").at("code") == json::value(each.code));
        BOOST_TEST(one.rest() == "");
        BOOST_TEST(one.wait() == 3 << 8);
    }
}

BOOST_AUTO_TEST_CASE(violation_while_a_job_runs_lets_that_job_answer)
{
    worker.send(call(1, "await_stop") + call(2, "nothing"));
    worker.await_waiting(1);
    worker.send("what?\n");
    BOOST_TEST(worker.receive().at("error").at("code") == json::value(-32700));
    BOOST_TEST(worker.code_of(1) == -32003);
    BOOST_TEST(worker.rest() == "");
    BOOST_TEST(worker.wait() == 3 << 8);
}

BOOST_AUTO_TEST_SUITE_END()
