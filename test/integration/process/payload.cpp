// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <limits>
#include <tuple>

// What goes through the pipes: how much of it, and what is refused or cannot be taken.

namespace leasepool::test {
namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

json::string text_of(std::size_t bytes)
{
    return json::string(bytes, 'x');
}

void check_says(job_result const& seen, error_code const& code, std::string_view words)
{
    BOOST_TEST(seen.code == code);
    BOOST_TEST(contains(seen.text, words), seen.text << " says: " << words);
}

struct point {
    double x = 0;
    double y = 0;
};
BOOST_DESCRIBE_STRUCT(point, (), (x, y))

json::value nested(int depth)
{
    json::value out(1);
    for (int i = 0; i != depth; ++i)
        out = json::array({std::move(out)});
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process_payload)

BOOST_AUTO_TEST_CASE(payloads_of_every_size_go_both_ways)
{
    auto options = misbehaving_workers();
    options.max_message_bytes = 65 * mib;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        for (std::size_t const bytes : {std::size_t{0}, std::size_t{1}, 8 * kib - 1, 8 * kib,
                 64 * kib - 1, 64 * kib, 64 * kib + 1, mib, 64 * mib})
            BOOST_TEST_CONTEXT(bytes)
            {
                auto const text = text_of(bytes);
                auto const seen = co_await workers.call("echo", args(text));
                BOOST_TEST(seen.text == "");
                BOOST_TEST((seen.value == json::value(text)));
                if (bytes > mib)
                    continue;
                BOOST_TEST((co_await workers.call("size", args(text))).value ==
                    json::value(static_cast<std::int64_t>(bytes)));
                BOOST_TEST((co_await workers.call("bytes", args(bytes))).value.as_string().size() ==
                    bytes);
            }
    });
}

BOOST_AUTO_TEST_CASE(bytes_of_requests_and_answers_are_counted)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        co_await workers.call("size", args(text_of(1000)));
        auto const asked =
            std::string_view(R"({"jsonrpc":"2.0","method":"size","params":[""],"id":1})").size() +
            1000 + 1;
        auto const answered =
            std::string_view(R"({"jsonrpc":"2.0","id":1,"result":1000})").size() + 1;
        auto one = co_await workers.pools.async_stats(asio::use_awaitable);
        BOOST_TEST(one.message_bytes.count() == 2U);
        BOOST_TEST(one.message_bytes.max() == asked);
        BOOST_TEST(one.message_bytes.sum() == asked + answered);
        // What is never answered has been asked all the same.
        co_await workers.call("exit", args("running"));
        auto const two = co_await workers.pools.async_stats(asio::use_awaitable);
        BOOST_TEST(two.message_bytes.count() == 3U);
        // Also if its pool is gone.
        workers.lease.release();
        co_await workers.pools.async_stop({}, asio::use_awaitable);
        auto const after = co_await workers.pools.async_stats(asio::use_awaitable);
        BOOST_TEST((after.message_bytes == two.message_bytes));
        co_await workers.start();
    });
}

BOOST_AUTO_TEST_CASE(large_payloads_both_ways_at_once_do_not_deadlock)
{
    // A worker that pipelines answers while the next request is being written.
    for (auto const& kind :
        {std::vector<std::string>{}, {"--pipelining"}, std::vector<std::string>{"--lying"}})
        with_pool(misbehaving_workers(kind, 2), [](pool_fixture& workers) -> asio::awaitable<void> {
            std::vector<attempt> jobs;
            auto const text = text_of(mib);
            for (int i = 0; i != 12; ++i)
                jobs.push_back(workers.begin("echo", args(text)));
            for (auto& job : jobs)
                BOOST_TEST(((co_await job.get()).value == json::value(text)));
        });
}

BOOST_AUTO_TEST_CASE(large_payload_to_a_worker_that_does_not_read_is_given_up)
{
    with_pool(misbehaving_workers({}, 2), [](pool_fixture& workers) -> asio::awaitable<void> {
        // It waits in the pipe's queue here, when its worker dies: it goes to another one.
        auto const text = text_of(mib);
        auto wrong = workers.begin("close_stdin");
        auto second = workers.begin("hang");
        co_await wrong.begun();
        co_await second.begun();
        auto large = workers.begin("size", args(text));
        second.cancel(asio::cancellation_type::terminal);
        BOOST_TEST((co_await large.get()).value == json::value(mib));
    });
}

BOOST_AUTO_TEST_CASE(argument_that_is_too_large_is_named)
{
    auto options = misbehaving_workers();
    options.max_message_bytes = 64 * kib;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        auto const seen = co_await workers.call("size", args(1, text_of(64 * kib)));
        check_says(seen, errc::message_too_large, "argument 2");
        check_says(seen, errc::message_too_large, "max_message_bytes");
        // The largest that does: its request is exactly as long as may be.
        std::size_t const frame =
            std::string_view(R"({"jsonrpc":"2.0","method":"size","params":[""],"id":)").size() +
            std::string_view("18446744073709551615}").size();
        BOOST_TEST((co_await workers.call("size", args(text_of(64 * kib - frame)))).value ==
            json::value(64 * kib - frame));
        check_says(co_await workers.call("size", args(text_of(64 * kib - frame + 1))),
            errc::message_too_large, "argument 1");
        BOOST_TEST(workers.log.count("worker ended") == 0);
    });
}

BOOST_AUTO_TEST_CASE(answer_that_is_too_large_ends_its_worker)
{
    auto options = misbehaving_workers();
    options.max_message_bytes = 64 * kib;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        check_says(co_await workers.call("bytes", args(64 * kib)), errc::message_too_large,
            "sent a message longer than max_message_bytes (65536)");
        co_await workers.full_again();
        BOOST_TEST(
            (co_await workers.call("bytes", args(63 * kib))).value.as_string().size() == 63 * kib);
        // One that says so itself stays.
        check_says(co_await workers.call("error", args(-32002, "too large for you")),
            errc::message_too_large, "too large for you");
        BOOST_TEST(workers.log.count("worker ended") == 1);
    });
}

BOOST_AUTO_TEST_CASE(what_cannot_be_json_is_refused_and_named)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        auto const refused = [&](json::array arguments,
                                 std::string_view at) -> asio::awaitable<void> {
            auto const seen = co_await workers.call("echo", std::move(arguments));
            check_says(seen, errc::not_serializable, at);
            check_says(seen, errc::not_serializable, "\"echo\"");
        };
        auto const nan = std::numeric_limits<double>::quiet_NaN();
        auto const infinity = std::numeric_limits<double>::infinity();
        co_await refused(args(1, nan), "argument 2");
        co_await refused(args(infinity), "argument 1");
        co_await refused(args(1, 2, "\xff"), "argument 3");
        co_await refused(args(nested(80)), "argument 1");
        json::object inner;
        inner["b"] = args(0, -infinity);
        json::object outer;
        outer["a"] = std::move(inner);
        co_await refused(args(1, std::move(outer)), "argument 2, at /a/b/1");
        json::object bad_key;
        bad_key["\xc0\x80"] = 1;
        co_await refused(args(std::move(bad_key)), "argument 1");

        // A typed job, too.
        leasepool::job<int(std::vector<point>)> const measure{"echo"};
        std::vector<point> const points{{1, 2}, {3, nan}};
        auto const call = measure(points);
        outcome<int> typed(*workers.context());
        workers.lease.async_run(call, typed.handler());
        try {
            co_await typed.get();
            BOOST_ERROR("it was sent");
        }
        catch (boost::system::system_error const& e) {
            BOOST_TEST(e.code() == errc::not_serializable);
            BOOST_TEST(contains(e.what(), "argument 1, at /1/y"), e.what());
        }
        // The worker has never heard of them.
        BOOST_TEST(workers.log.count("worker ended") == 0);
        co_await workers.check_service();
    });
}

BOOST_AUTO_TEST_CASE(error_answers_are_told_apart)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        auto unknown = co_await workers.call("no_such_job");
        check_says(unknown, errc::unknown_job, "the worker has no job \"no_such_job\"; it has: ");
        check_says(unknown, errc::unknown_job, "surroundings");

        auto const answer = [&](int code, char const* text, json::value data = nullptr) {
            auto arguments = args(code, text);
            if (!data.is_null())
                arguments.push_back(std::move(data));
            return workers.call("error", std::move(arguments));
        };
        json::object at;
        at["at"] = "/1/points/3/x";
        at["expected"] = "a number";
        check_says(co_await answer(-32602, "no", at), errc::bad_arguments,
            "argument 2, at /points/3/x: expected a number");
        at["got"] = "the string \"up\"";
        check_says(co_await answer(-32602, "no", at), errc::bad_arguments,
            "argument 2, at /points/3/x: expected a number, got the string \"up\"");
        check_says(co_await answer(-32602, "how many?"), errc::bad_arguments, "how many?");
        at["at"] = "/x";
        check_says(co_await answer(-32001, "not finite", at), errc::bad_result,
            "its result, at /x, cannot be sent: not finite");
        check_says(co_await answer(-32603, "out of order"), errc::worker_error, "out of order");
        check_says(co_await answer(-32003, "I stopped"), errc::remote_exception, "I stopped");

        json::object thrown;
        thrown["type"] = "std::out_of_range";
        thrown["what"] = "no such page";
        auto const seen = co_await answer(-32000, "it threw", thrown);
        check_says(
            seen, errc::remote_exception, "job \"error\" threw std::out_of_range: no such page");
        try {
            std::rethrow_exception(seen.reason);
        }
        catch (remote_error const& e) {
            BOOST_TEST(e.job() == "error");
            BOOST_TEST(e.type() == "std::out_of_range");
            BOOST_TEST(e.message() == "no such page");
            BOOST_TEST(e.number() == -32000);
            BOOST_TEST(e.data() == json::value(thrown));
        }
        auto const own = co_await answer(-32050, "of my own", json::value(args(1, 2)));
        check_says(own, errc::remote_exception, "of my own (error -32050)");

        leasepool::job<int(std::string)> const wrong_type{"echo"};
        auto const call = wrong_type("text");
        outcome<int> typed(*workers.context());
        workers.lease.async_run(call, typed.handler());
        try {
            co_await typed.get();
            BOOST_ERROR("a string is no int");
        }
        catch (boost::system::system_error const& e) {
            BOOST_TEST(e.code() == errc::bad_result);
            BOOST_TEST(contains(e.what(), "\"echo\""), e.what());
        }
        BOOST_TEST(workers.log.count("worker ended") == 0);
        co_await workers.check_service();
    });
}

BOOST_AUTO_TEST_CASE(advice_about_stdout_is_given_once)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        auto const seen = co_await workers.call("print");
        check_says(seen, errc::protocol_error, "\"debugging is fun\": ");
        auto const advice = seen.text.find("print to stderr");
        BOOST_TEST(advice != seen.text.npos, seen.text);
        BOOST_TEST(seen.text.find("print to stderr", advice + 1) == seen.text.npos, seen.text);
        co_await workers.full_again();
    });
}

BOOST_AUTO_TEST_CASE(params_may_be_an_object_or_left_out)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        json::value by_name = json::object();
        by_name.as_object()["size"] = 3;
        auto const answer = co_await workers.lease.async_call("echo", by_name, asio::use_awaitable);
        BOOST_TEST(answer.is_null());
        BOOST_TEST(
            (co_await workers.lease.async_call("nothing", nullptr, asio::use_awaitable)).is_null());
        BOOST_CHECK_THROW(
            workers.lease.async_call("echo", 3, [](auto, auto) {}), std::invalid_argument);
    });
}

// The spellings that the comment of async_call recommends for g++ 12.
BOOST_AUTO_TEST_CASE(params_of_an_awaited_call_are_named_or_made_without_a_list)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        boost::json::value const params{2, 3};
        BOOST_TEST((co_await workers.lease.async_call("add", params)) == json::value(5));
        auto call = workers.lease.async_call("add", {3, 4});
        BOOST_TEST((co_await std::move(call)) == json::value(7));
        BOOST_TEST((co_await workers.lease.async_call("add", json::value_from(std::tuple(4, 5)))) ==
            json::value(9));
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
