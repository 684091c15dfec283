// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include <cstdint>

// What is heard of workers and their jobs: progress, logs, stderr.

namespace leasepool::test {

BOOST_AUTO_TEST_SUITE(process_logs)

BOOST_AUTO_TEST_CASE(progress_reaches_the_caller_in_order_before_the_result)
{
    for (auto const& kind : {std::vector<std::string>{}, {"--pipelining"}})
        with_pool(misbehaving_workers(kind), [](pool_fixture& workers) -> asio::awaitable<void> {
            std::vector<attempt> jobs;
            for (int i = 0; i != 10; ++i)
                jobs.push_back(workers.begin("progress", args(100)));
            for (auto& job : jobs) {
                BOOST_TEST((co_await job.get()).text == "");
                BOOST_TEST(job.news().size() == 100U);
                for (std::size_t i = 0; i != job.news().size(); ++i)
                    BOOST_TEST(job.news()[i] == json::value(i + 1));
            }
        });
}

BOOST_AUTO_TEST_CASE(worker_logs_arrive_with_severity_worker_and_job)
{
    auto options = misbehaving_workers();
    options.log_level = severity::debug;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        auto const pid = (co_await workers.call("pid")).value;
        struct level_case {
            char const* name;
            severity level;
        };
        for (auto const& [name, level] :
            std::initializer_list<level_case>{{"debug", severity::debug}, {"info", severity::info},
                {"warning", severity::warning}, {"error", severity::error},
                {"shrill", severity::info}}) {
            auto const text = std::string("said as ") + name;
            co_await workers.call("log", args(name, text));
            auto const entry = co_await workers.log.await(text);
            BOOST_TEST((entry.level == level));
            BOOST_TEST(entry["worker"] == json::serialize(pid));
            BOOST_TEST(entry["job"] == "log");
            BOOST_TEST(entry["source"] == "log");
            BOOST_TEST(entry["pool"] == "1");
        }
    });
}

BOOST_AUTO_TEST_CASE(worker_logs_below_the_level_are_dropped)
{
    auto options = misbehaving_workers();
    options.log_level = severity::warning;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        for (char const* name : {"debug", "info", "warning", "error"})
            co_await workers.call("log", args(name, std::string("said as ") + name));
        co_await workers.log.await("said as error");
        BOOST_TEST(workers.log.count("said as ") == 2);
        BOOST_TEST(workers.log.count("said as warning") == 1);
        // stderr is not asked.
        co_await workers.call("stderr", args("a line on stderr"));
        co_await workers.log.await("a line on stderr");
    });
}

BOOST_AUTO_TEST_CASE(lines_on_stderr_arrive_with_worker_and_job)
{
    auto options = misbehaving_workers();
    options.stderr_severity = severity::error;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        // It says so before it is killed for it, so the line is there while the job runs.
        auto job = workers.begin("grandchild", args("running", 6));
        auto const seen = co_await job.get();
        BOOST_TEST(contains(seen.text, "grandchild "), seen.text);
        auto const entry = co_await workers.log.await("grandchild ");
        BOOST_TEST((entry.level == severity::error));
        BOOST_TEST(entry["source"] == "stderr");
        BOOST_TEST(entry["job"] == "grandchild");
        try {
            std::rethrow_exception(seen.reason);
        }
        catch (worker_died const& e) {
            BOOST_TEST(entry["worker"] == std::to_string(e.pid()));
            BOOST_TEST(e.exit_status().value_or(-1) == 6);
            BOOST_TEST(!e.signal());
            BOOST_TEST(e.job() == "grandchild");
            BOOST_REQUIRE(e.stderr_lines().size() == 1U);
            BOOST_TEST(e.stderr_lines().front() == entry.message);
        }
        co_await workers.full_again();
    });
}

BOOST_AUTO_TEST_CASE(text_of_a_worker_in_the_log_is_one_line_of_bounded_length)
{
    auto options = misbehaving_workers();
    options.max_message_bytes = std::size_t{1} << 20;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        co_await workers.call("log", args("info", "said\x1B[31m\ttwo\nlines"));
        BOOST_TEST((co_await workers.log.await("said")).message == "said\\x1b[31m\ttwo\\nlines");
        co_await workers.call("stderr", args("wrote\x7F it"));
        BOOST_TEST((co_await workers.log.await("wrote")).message == "wrote\\x7f it");
        co_await workers.call("log", args("info", "long " + std::string(500'000, 'x')));
        auto const entry = co_await workers.log.await("long ");
        BOOST_TEST(entry.message.ends_with("x\xE2\x80\xA6 (500005 bytes)"));
        BOOST_TEST(entry.message.size() < 4200U);
    });
}

BOOST_AUTO_TEST_CASE(last_lines_on_stderr_are_in_the_error)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        co_await workers.call("flood_stderr", args("running", 1'000));
        auto const seen = co_await workers.call("abort");
        try {
            std::rethrow_exception(seen.reason);
        }
        catch (worker_died const& e) {
            BOOST_TEST(e.signal_name() == "SIGABRT");
            BOOST_REQUIRE(!e.stderr_lines().empty());
            BOOST_TEST(e.stderr_lines().size() <= 20U);
            BOOST_TEST(e.stderr_lines().back() == "line 999 of a flood on stderr");
        }
    });
}

BOOST_AUTO_TEST_CASE(what_the_log_cannot_take_is_dropped_and_counted)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        constexpr std::ptrdiff_t lines = 20'000;
        co_await workers.call("flood_stderr", args("running", lines));
        // As the last of them, so that nothing is under way when it is counted.
        co_await workers.call("stderr", args("the end"));
        co_await workers.log.await("the end");
        std::uint64_t dropped = 0;
        for (auto const& entry : workers.log.entries("log records were dropped"))
            dropped += std::stoull(entry["count"]);
        auto const seen = workers.log.count("line ");
        BOOST_TEST_MESSAGE(seen << " lines logged, " << dropped << " records dropped");
        BOOST_TEST(seen + static_cast<std::ptrdiff_t>(dropped) >= lines);
        BOOST_TEST(seen > 0);
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
