// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What jobs fail with, and what it says.

#include "process/pool/job_outcome.hpp"

#include "wire/protocol.hpp"
#include "wire/reader.hpp"
#include "wire/writer.hpp"

#include <leasepool/remote_error.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <exception>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace json = boost::json;
using namespace leasepool::detail;
using leasepool::errc;
using leasepool::remote_error;
using leasepool::worker_died;
namespace wire = leasepool::wire;
using wire::error_number;

/// A call of job "resize".
struct resize_call final : remote_call {
    explicit resize_call(json::value arguments) : arguments_(std::move(arguments)) {}

    std::string_view name() const noexcept override { return "resize"; }
    json::value arguments() override { return arguments_; }
    void take_result(json::value&&) override {}

private:
    json::value arguments_;
};

json::value const no_data;

/// What a job of one array of two arguments fails with.
std::exception_ptr failure_with(error_number number, json::value data, std::string message = "why")
{
    resize_call call(json::array{1, 2});
    return failure_of(
        {.id = 1, .number = static_cast<int>(number), .message = message, .data = std::move(data)},
        call, {"add", "upper"});
}

/// Its text, without that of its code; it has to have this code.
std::string text_of(std::exception_ptr const& thrown, errc code)
{
    try {
        std::rethrow_exception(thrown);
    }
    catch (boost::system::system_error const& e) {
        BOOST_TEST((e.code() == code), e.code());
        std::string const text = e.what();
        return text.substr(0, text.find(": " + e.code().message()));
    }
}

template <class Exception>
Exception caught(std::exception_ptr const& thrown)
{
    try {
        std::rethrow_exception(thrown);
    }
    catch (Exception const& e) {
        return e;
    }
}

/// What writing the request fails with.
std::string refusal_of(json::value arguments, errc code, wire::limits const& bounds = {})
{
    resize_call call(std::move(arguments));
    std::string text;
    try {
        write_body(call, bounds);
        BOOST_ERROR("it is written");
    }
    catch (...) {
        text = text_of(std::current_exception(), code);
    }
    BOOST_TEST(call.body.empty());
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(job_outcome)

// Requests -----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(body_and_id_are_a_request)
{
    resize_call call(json::array{1.5, "two"});
    write_body(call, {});
    auto line = call.body;
    wire::writer::request_id(line, 7);
    BOOST_TEST_REQUIRE(line.ends_with("\n"));
    line.pop_back();
    BOOST_TEST(json::parse(line) ==
        (json::value{
            {"jsonrpc", "2.0"}, {"method", "resize"}, {"params", {1.5, "two"}}, {"id", 7}}));
}

BOOST_AUTO_TEST_CASE(body_without_arguments_has_no_params)
{
    resize_call call(nullptr);
    write_body(call, {});
    auto line = call.body;
    wire::writer::request_id(line, 7);
    line.pop_back();
    BOOST_TEST(!json::parse(line).as_object().contains("params"));
}

BOOST_AUTO_TEST_CASE(argument_that_cannot_be_sent_is_named)
{
    auto const infinite = std::numeric_limits<double>::infinity();
    BOOST_TEST(refusal_of(json::array{1, infinite}, errc::not_serializable) ==
        "job \"resize\": argument 2: not a finite number");
    BOOST_TEST(
        refusal_of(json::array{json::object{{"x", json::array{"\xff"}}}}, errc::not_serializable) ==
        "job \"resize\": argument 1, at /x/0: a string that is not valid UTF-8");
}

BOOST_AUTO_TEST_CASE(arguments_that_are_too_large_are_named)
{
    BOOST_TEST(refusal_of(json::array{1, std::string(2000, 'x')}, errc::message_too_large,
                   {.max_message_bytes = 1024}) ==
        "job \"resize\": argument 2: too large for one message (max_message_bytes is 1024)");
}

BOOST_AUTO_TEST_CASE(arguments_that_are_too_deep_are_named)
{
    BOOST_TEST(
        refusal_of(json::parse("[[[[[[[[1]]]]]]]]"), errc::not_serializable, {.max_depth = 8}) ==
        "job \"resize\": argument 1, at /0/0/0/0/0/0: arrays and objects nested too "
        "deeply (a message has at most 8 levels)");
}

// Answers ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(unknown_job_says_which_there_are)
{
    BOOST_TEST(text_of(failure_with(error_number::unknown_method, no_data), errc::unknown_job) ==
        "the worker has no job \"resize\"; it has: add, upper");
    resize_call call(nullptr);
    auto const none = failure_of({.id = 1,
                                     .number = static_cast<int>(error_number::unknown_method),
                                     .message = "",
                                     .data = {}},
        call, {});
    BOOST_TEST(
        text_of(none, errc::unknown_job) == "the worker has no job \"resize\"; it has: none");
}

BOOST_AUTO_TEST_CASE(bad_argument_is_named_with_what_was_expected)
{
    auto const text = [](json::value data) {
        return text_of(
            failure_with(error_number::bad_arguments, std::move(data)), errc::bad_arguments);
    };
    BOOST_TEST(
        text({{"at", "/1/points/3/x"}, {"expected", "a number"}, {"got", "the string \"up\""}}) ==
        "job \"resize\": argument 2, at /points/3/x: expected a number, got the string \"up\"");
    BOOST_TEST(text({{"at", ""}, {"expected", "2 arguments"}, {"got", "none"}}) ==
        "job \"resize\": the arguments: expected 2 arguments, got none");
}

BOOST_AUTO_TEST_CASE(bad_argument_with_less_data_says_what_there_is)
{
    auto const text = [](json::value data) {
        return text_of(
            failure_with(error_number::bad_arguments, std::move(data)), errc::bad_arguments);
    };
    BOOST_TEST(text(nullptr) == "job \"resize\": why");
    BOOST_TEST(text("what is no object") == "job \"resize\": why");
    BOOST_TEST(text({{"at", "/0"}}) == "job \"resize\": argument 1: why");
    BOOST_TEST(text({{"at", "/0"}, {"expected", "a number"}}) ==
        "job \"resize\": argument 1: expected a number; the worker says: why");
    BOOST_TEST(text({{"at", 7}, {"expected", false}}) == "job \"resize\": why");
}

BOOST_AUTO_TEST_CASE(result_that_cannot_be_sent_is_told_with_its_place)
{
    BOOST_TEST(text_of(failure_with(error_number::bad_result, {{"at", "/x"}}), errc::bad_result) ==
        "job \"resize\": its result, at /x, cannot be sent: why");
    BOOST_TEST(text_of(failure_with(error_number::bad_result, no_data), errc::bad_result) ==
        "job \"resize\": its result cannot be sent: why");
}

BOOST_AUTO_TEST_CASE(other_errors_of_the_worker_have_their_codes)
{
    BOOST_TEST(text_of(failure_with(error_number::internal, no_data), errc::worker_error) ==
        "job \"resize\": why");
    BOOST_TEST(text_of(failure_with(error_number::result_too_large, no_data),
                   errc::message_too_large) == "job \"resize\": why");
}

BOOST_AUTO_TEST_CASE(exception_of_a_job_keeps_its_type_and_text)
{
    json::value const data{{"type", "ValueError"}, {"what", "no such page"}, {"more", 7}};
    auto const e = caught<remote_error>(failure_with(error_number::job_threw, data));
    BOOST_TEST((e.code() == errc::remote_exception));
    BOOST_TEST(e.job() == "resize");
    BOOST_TEST(e.type() == "ValueError");
    BOOST_TEST(e.message() == "no such page");
    BOOST_TEST(e.number() == -32000);
    BOOST_TEST(e.data() == data);
}

BOOST_AUTO_TEST_CASE(text_of_a_worker_is_escaped_and_cut_in_every_error)
{
    std::string const flood = "\x1B[31mFAKE\nLOG" + std::string(1 << 20, 'm');
    std::string const shown = R"(\x1b[31mFAKE\nLOG)";
    using enum error_number;
    for (auto const number : {bad_arguments, internal, bad_result, result_too_large, job_threw,
             canceled, error_number{-32050}})
        for (auto const& data : {no_data, json::value{{"at", "/0/" + flood}, {"expected", flood}},
                 json::value{{"at", "/" + flood}, {"expected", "x"}, {"got", flood}},
                 json::value{{"type", flood}, {"what", flood}}}) {
            std::string text;
            try {
                std::rethrow_exception(failure_with(number, data, flood));
            }
            catch (std::exception const& e) {
                text = e.what();
            }
            BOOST_TEST(text.find(shown) != text.npos, text.substr(0, 200));
            BOOST_TEST(text.find_first_of("\x1B\n") == text.npos);
            BOOST_TEST(text.size() < 4096u);
        }
}

BOOST_AUTO_TEST_CASE(names_of_jobs_of_a_worker_are_escaped_and_cut)
{
    resize_call call(nullptr);
    auto const failure = [&](std::vector<std::string> const& methods) {
        return text_of(failure_of({.id = 1,
                                      .number = static_cast<int>(error_number::unknown_method),
                                      .message = "",
                                      .data = {}},
                           call, methods),
            errc::unknown_job);
    };
    BOOST_TEST(
        failure({"a\x1B", "b\n"}) == R"(the worker has no job "resize"; it has: a\x1b, b\n)");
    auto const many = failure(std::vector<std::string>(100'000, "name"));
    BOOST_TEST(many.size() < 1200u);
    BOOST_TEST(many.ends_with(", name, ... (100000 in all)"), many);
    BOOST_TEST(failure({std::string(1 << 20, 'n')}).size() < 300u);
}

BOOST_AUTO_TEST_CASE(exception_keeps_its_whole_text_beside_the_short_one)
{
    std::string const whole = "line 1\nline 2\t\x1B[0m" + std::string(100'000, 'm');
    auto const e = caught<remote_error>(
        failure_with(error_number::job_threw, {{"type", "Error"}, {"what", whole}}));
    BOOST_TEST((e.message() == whole));
    std::string const what = e.what();
    BOOST_TEST(what.starts_with("job \"resize\" threw Error: line 1\\nline 2\t\\x1b[0mmm"), what);
    BOOST_TEST(what.ends_with("m\xE2\x80\xA6 (100018 bytes)"), what);
}

BOOST_AUTO_TEST_CASE(exception_without_data_has_the_message_of_the_answer)
{
    auto const e = caught<remote_error>(failure_with(error_number::job_threw, no_data));
    BOOST_TEST(e.type() == "");
    BOOST_TEST(e.message() == "why");
}

BOOST_AUTO_TEST_CASE(number_of_a_jobs_own_reaches_the_caller)
{
    for (int const number : {-32050, 42, 0}) {
        auto const e =
            caught<remote_error>(failure_with(static_cast<error_number>(number), no_data));
        BOOST_TEST(e.number() == number);
        BOOST_TEST(e.message() == "why");
    }
}

BOOST_AUTO_TEST_CASE(job_that_says_it_was_canceled_though_nobody_asked_has_thrown)
{
    auto const e = caught<remote_error>(failure_with(error_number::canceled, no_data));
    BOOST_TEST(e.number() == -32003);
}

// Workers ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(death_by_a_signal_names_it)
{
    worker_facts const worker{.pid = 4242, .methods = {}, .stderr_lines = {"oops", "help"}};
    auto const e = caught<worker_died>(
        death_of(worker, {exit_status::kind::signaled, SIGSEGV, false}, "resize"));
    BOOST_TEST((e.code() == errc::worker_died));
    BOOST_TEST(e.pid() == 4242);
    BOOST_TEST(e.job() == "resize");
    BOOST_TEST((e.signal() == SIGSEGV));
    BOOST_TEST(e.signal_name() == "SIGSEGV");
    BOOST_TEST(!e.exit_status());
    BOOST_TEST(e.stderr_lines() == worker.stderr_lines);
}

BOOST_AUTO_TEST_CASE(death_by_an_exit_has_its_status)
{
    auto const e =
        caught<worker_died>(death_of({}, {exit_status::kind::exited, 3, false}, "resize"));
    BOOST_TEST((e.exit_status() == 3));
    BOOST_TEST(!e.signal());
    BOOST_TEST(e.signal_name() == "");
}

BOOST_AUTO_TEST_CASE(death_that_somebody_else_waited_for_has_neither)
{
    auto const e = caught<worker_died>(death_of({}, {}, "resize"));
    BOOST_TEST(!e.exit_status());
    BOOST_TEST(!e.signal());
}

BOOST_AUTO_TEST_CASE(trouble_names_the_worker_and_has_its_last_lines)
{
    auto const quiet = trouble_with({.pid = 7, .methods = {}, .stderr_lines = {}},
        errc::protocol_error, "sent a second \"ready\"");
    BOOST_TEST(text_of(quiet, errc::protocol_error) == "worker 7 sent a second \"ready\"");

    auto const loud = trouble_with({.pid = 7, .methods = {}, .stderr_lines = {"one", "two"}},
        errc::worker_start_failed, "was not ready");
    BOOST_TEST(text_of(loud, errc::worker_start_failed) ==
        "worker 7 was not ready; its last lines on stderr:\n    one\n    two");
}

BOOST_AUTO_TEST_CASE(lines_of_stderr_are_escaped_and_cut_in_texts)
{
    worker_facts const worker{
        .pid = 7, .methods = {}, .stderr_lines = {"\x1B[2Jgone", std::string(4000, 'x')}};
    auto const check = [](std::string const& text) {
        BOOST_TEST(text.find(R"(\x1b[2Jgone)") != text.npos, text);
        BOOST_TEST(text.find('\x1B') == text.npos);
        BOOST_TEST(
            text.find(std::string(200, 'x') + "\xE2\x80\xA6 (4000 bytes)") != text.npos, text);
        BOOST_TEST(text.size() < 600u);
    };
    auto const died =
        caught<worker_died>(death_of(worker, {exit_status::kind::exited, 3, false}, "resize"));
    check(died.what());
    BOOST_TEST((died.stderr_lines() == worker.stderr_lines));
    check(text_of(trouble_with(worker, errc::worker_start_failed, "was not ready"),
        errc::worker_start_failed));
}

BOOST_AUTO_TEST_CASE(bytes_without_a_line_end_are_in_every_error_of_the_worker)
{
    using namespace std::chrono_literals;
    auto const rest = wire::line_without_end(R"({"jsonrpc":"2.0","id":1,"result":5})").text;
    BOOST_TEST(rest ==
        R"(35 bytes without a line end came: "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}")");
    worker_facts const worker{.pid = 7, .methods = {}, .stderr_lines = {}, .unfinished = rest};
    auto const died =
        caught<worker_died>(death_of(worker, {exit_status::kind::exited, 0, false}, "resize"));
    BOOST_TEST(died.unfinished() == rest);
    BOOST_TEST(died.what() ==
        "worker 7 exited with status 0 while it ran job \"resize\"; " + rest +
            "; it wrote nothing to stderr");
    BOOST_TEST(text_of(killed_at_timeout(worker, "resize", 1s, 2s), errc::job_timeout) ==
        "job \"resize\" did not end within its timeout of 1 s, and did not stop within kill_grace "
        "(2 "
        "s), so worker 7 was killed; " +
            rest);
    BOOST_TEST(text_of(trouble_with(worker, errc::worker_start_failed, "was not ready"),
                   errc::worker_start_failed) == "worker 7 was not ready; " + rest);
}

BOOST_AUTO_TEST_SUITE_END()
