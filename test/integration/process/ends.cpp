// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include <csignal>
#include <fstream>
#include <map>
#include <string>
#include <sys/wait.h>
#include <vector>

#if defined(__linux__)
#include <sys/ptrace.h>
#endif

// What the end of a worker tells of its jobs: those that it has not read go to another worker, those
// that it may have run do not. And workers that do not end.

namespace leasepool::test {
namespace {

/// Returns how often each line is in the file.
std::map<std::string, int> lines_in(std::string const& path)
{
    std::map<std::string, int> found;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        ++found[line];
    return found;
}

/// Between this program and a worker, with processes of their own that pass the bytes on. The worker
/// survives them, and goes on with what has reached it.
process_backend_options behind_a_relay()
{
    auto options = misbehaving_workers();
    options.command = {
        "/bin/sh", "-c", "cat | setsid \"$0\" --lying | cat", options.command.front()};
    return options;
}

#if defined(__linux__)

/// A process that traces another one, which therefore is not reported as ended when it is killed.
class tracer {
public:
    explicit tracer(pid_t traced)
    {
        int ends[2];
        BOOST_TEST_REQUIRE(::pipe(ends) == 0);
        pid_ = ::fork();
        BOOST_TEST_REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            char const succeeded = ::ptrace(PTRACE_SEIZE, traced, nullptr, nullptr) == 0;
            if (::write(ends[1], &succeeded, 1) != 1)
                ::_exit(1);
            for (;;)
                ::pause();
        }
        char answer = 0;
        attached = ::read(ends[0], &answer, 1) == 1 && answer == 1;
        ::close(ends[0]);
        ::close(ends[1]);
    }
    ~tracer()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    tracer(tracer const&) = delete;
    tracer& operator=(tracer const&) = delete;

    bool attached = false;

private:
    pid_t pid_;
};

#endif

}  // namespace

BOOST_AUTO_TEST_SUITE(process_ends)

// What was not read --------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(request_that_a_killed_worker_has_not_read_goes_to_another_one)
{
    for (auto const& kind : {std::vector<std::string>{}, {"--pipelining"}})
        with_pool(misbehaving_workers(kind), [](pool_fixture& workers) -> asio::awaitable<void> {
            auto const pid =
                static_cast<pid_t>((co_await workers.call("pid")).value.to_number<std::int64_t>());
            // It reads nothing from here on.
            ::kill(pid, SIGSTOP);
            siginfo_t info = {};
            BOOST_TEST_REQUIRE(
                ::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOWAIT) == 0);
            auto job = workers.begin("pid");
            ::kill(pid, SIGKILL);
            auto const seen = co_await job.get();
            BOOST_TEST(seen.text == "");
            BOOST_TEST(seen.value != json::value(pid));
        });
}

BOOST_AUTO_TEST_CASE(worker_that_exits_between_two_jobs_costs_none)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        for (int i = 0; i != 50; ++i) {
            BOOST_TEST((co_await workers.call("exit", args("after", 0))).text == "");
            BOOST_TEST((co_await workers.call("add", args(i, 1))).value == json::value(i + 1));
        }
    });
}

BOOST_AUTO_TEST_CASE(request_that_a_killed_worker_has_read_is_not_run_again)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        auto job = workers.begin("hang");
        ::kill(co_await job.begun(), SIGKILL);
        BOOST_TEST((co_await job.get()).code == errc::worker_died);
        co_await workers.check_service();
    });
}

BOOST_AUTO_TEST_CASE(worker_behind_a_relay_in_the_command_gets_one_request_at_a_time)
{
    scratch_folder const folder;
    auto const path = folder.file("ran");
    with_pool(behind_a_relay(), [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto const worker =
            static_cast<pid_t>((co_await workers.call("pid")).value.to_number<std::int64_t>());
        for (int i = 0; i != 50; ++i)
            co_await workers.check_service();
        auto slow = workers.begin("sleep", args(200));
        std::vector<attempt> behind;
        for (int i = 0; i != 20; ++i)
            behind.push_back(workers.begin("append", args(path, i)));
        auto const relay = std::stoi(workers.log.last("worker ready")["worker"]);
        BOOST_TEST(relay != worker);
        ::kill(relay, SIGKILL);
        BOOST_TEST((co_await slow.get()).code == errc::worker_died);
        for (auto& job : behind)
            BOOST_TEST((co_await job.get()).text == "");
        await_gone(worker);
    });
    auto const ran = lines_in(path);
    BOOST_TEST(ran.size() == 20U);
    for (auto const& [line, times] : ran)
        BOOST_TEST(times == 1, "job " << line << " ran " << times << " times");
}

// Goodbye ------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_that_says_goodbye_costs_no_job)
{
    for (auto const& kind : {std::vector<std::string>{}, {"--lying"}})
        with_pool(misbehaving_workers(kind), [](pool_fixture& workers) -> asio::awaitable<void> {
            for (int round = 0; round != 20; ++round) {
                std::vector<attempt> jobs;
                for (int i = 0; i != 5; ++i)
                    jobs.push_back(workers.begin("add", args(round, i)));
                jobs.push_back(workers.begin("goodbye", args("after")));
                for (int i = 5; i != 10; ++i)
                    jobs.push_back(workers.begin("add", args(round, i)));
                for (auto& job : jobs)
                    BOOST_TEST((co_await job.get()).text == "");
            }
            for (auto const& entry : workers.log.entries(""))
                BOOST_TEST((entry.level < severity::warning), entry.message);
        });
}

BOOST_AUTO_TEST_CASE(answer_after_a_goodbye_breaks_the_protocol)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        BOOST_TEST((co_await workers.call("goodbye_and_answer", args("after"))).text == "");
        co_await workers.log.await("a worker broke the protocol");
        co_await workers.check_service();
    });
}

// Workers that do not end --------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(worker_that_closes_its_input_and_hangs_is_ended)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        auto const seen = co_await workers.call("close_stdin_and_hang");
        BOOST_TEST(seen.code == errc::protocol_error);
        BOOST_TEST(contains(seen.text, "closed its stdin, did not exit within kill_grace (20 ms)"),
            seen.text);
        co_await workers.check_service();
    });
}

BOOST_AUTO_TEST_CASE(kill_after_a_timeout_is_named_counted_and_logged_once)
{
    auto options = misbehaving_workers();
    options.job_timeout = 50ms;
    with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
        auto job = workers.begin("deaf");
        auto const pid = std::to_string(co_await job.begun());
        auto const seen = co_await job.get();
        BOOST_TEST(seen.code == errc::job_timeout);
        for (auto const& words : {std::string("\"deaf\""), std::string("50 ms"),
                 std::string("kill_grace (20 ms)"), "worker " + pid + " was killed"})
            BOOST_TEST(contains(seen.text, words), seen.text << " says: " << words);

        auto const ended = workers.log.entries("worker ended");
        BOOST_TEST_REQUIRE(ended.size() == 1U);
        BOOST_TEST((ended.front().level == severity::warning));
        BOOST_TEST(ended.front()["job"] == "deaf");
        BOOST_TEST(contains(ended.front()["error"], "did not within kill_grace"));

        auto const stats = co_await workers.pools.async_stats(asio::use_awaitable);
        BOOST_TEST(stats.runs == 1U);
        BOOST_TEST(stats.runs_failed == 1U);
        BOOST_TEST(stats.runs_canceled == 0U);
    });
}

#if defined(__linux__)

BOOST_AUTO_TEST_CASE(worker_that_a_kill_does_not_end_is_given_up)
{
    auto options = misbehaving_workers();
    options.job_timeout = 20ms;
    nothing_left const checked;
    asio::io_context io;
    pool_fixture workers(io, options);
    std::optional<tracer> held;
    run(io, [&]() -> asio::awaitable<void> {
        co_await workers.start();
        auto job = workers.begin("deaf");
        held.emplace(co_await job.begun());
        auto const seen = co_await job.get();
        if (held->attached) {
            BOOST_TEST(seen.code == errc::worker_lost);
            BOOST_TEST(contains(seen.text, "did not end within kill_grace"), seen.text);
            BOOST_TEST(workers.log.count("a worker cannot be killed") == 1);
        }
        else
            BOOST_TEST_MESSAGE("this system does not allow to trace a process");
        co_await workers.check_service();
        co_await workers.stop();
    });
}

#endif

// Starts -------------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(first_worker_that_fails_once_does_not_fail_the_start)
{
    scratch_folder const folder;
    with_pool(misbehaving_workers({"--fail-starts", folder.file("starts"), "2", "2"}, 3),
        [](pool_fixture& workers) -> asio::awaitable<void> {
            BOOST_TEST(workers.log.count("a worker could not be started") == 1);
            co_await workers.check_service();
        });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
