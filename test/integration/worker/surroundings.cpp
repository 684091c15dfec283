// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What a job finds around it in a worker, and what it can say.

#include "integration/support/worker_support.hpp"

#include <boost/json/value_to.hpp>

#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#if defined(__linux__)
#include <sys/syscall.h>
#endif

using namespace leasepool::test;

namespace {

std::string text_of(json::value const& from)
{
    return json::value_to<std::string>(from);
}

/// The classic signals in one of the sets of /proc/.../status. popen() itself changes others.
std::uint64_t signals(std::string const& status, std::string const& set)
{
    auto const at = status.find(set);
    BOOST_REQUIRE(at != status.npos);
    return std::stoull(status.substr(at + set.size(), 20), nullptr, 16) & 0x7fffffff;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(worker_surroundings, ready_worker)

BOOST_AUTO_TEST_CASE(what_a_job_prints_comes_out_on_stderr)
{
    BOOST_TEST(worker.run(1, "print", {"here"}).is_null());
    BOOST_TEST(worker.finish() == 0);
    auto const errors = worker.errors();
    for (auto const* const text : {"printf here\n", "cout here\n", "write here\n"})
        BOOST_TEST(errors.find(text) != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(what_was_printed_before_does_not_get_into_the_protocol)
{
    worker_process early({.arguments = {"printed-before"}});
    early.receive_ready();
    BOOST_TEST(early.finish() == 0);
    BOOST_TEST(early.errors().find("before") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(stdin_of_a_job_is_empty)
{
    BOOST_TEST(worker.run(1, "read_stdin") == json::value(0));
    BOOST_TEST(worker.run(2, "output_of", {"cat; echo end"}) == json::value("end\n"));
}

BOOST_AUTO_TEST_CASE(what_a_job_starts_inherits_no_descriptor_of_the_protocol)
{
    auto const listed = text_of(worker.run(1, "output_of", {"ls -l /proc/$$/fd"}));
    BOOST_TEST(listed.find(" 0 -> /dev/null") != std::string::npos, listed);
    for (auto const& pipe : {worker.input_pipe(), worker.output_pipe()})
        BOOST_TEST(listed.find(pipe) == std::string::npos, pipe << " in:\n" << listed);
}

BOOST_AUTO_TEST_CASE(what_a_job_starts_has_the_signals_that_the_worker_was_started_with)
{
    std::ifstream status("/proc/self/status");
    std::string const ours{std::istreambuf_iterator<char>(status), {}};
    auto const theirs = text_of(worker.run(1, "output_of", {"cat /proc/self/status"}));
    for (auto const* const set : {"SigBlk:", "SigIgn:"})
        BOOST_TEST(signals(theirs, set) == signals(ours, set), set);
}

BOOST_AUTO_TEST_CASE(program_that_a_job_starts_is_not_marked_as_a_worker)
{
    auto const marker = worker.run(1, "output_of", {"echo \"[${LEASEPOOL_WORKER-not set}]\""});
    BOOST_TEST(marker == json::value("[not set]\n"));
    BOOST_TEST(worker.run(2, "knows_that_it_is_a_worker") == json::value(true));
}

BOOST_AUTO_TEST_CASE(sigterm_does_not_end_a_worker_or_its_job)
{
    BOOST_REQUIRE(::kill(worker.pid(), SIGTERM) == 0);
    worker.send(call(1, "await_gate"));
    worker.await_waiting(1);
    BOOST_REQUIRE(::kill(worker.pid(), SIGTERM) == 0);
    worker.open_gate();
    BOOST_TEST(worker.result_of(1) == json::value("not asked"));
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_CASE(sigterm_ends_a_program_that_a_job_starts)
{
    auto const command = "kill -TERM $$; echo survived";
    BOOST_TEST(worker.run(1, "output_of", {command}) == json::value(""));
    // A disposition that is not the default is left as it is.
    worker_process ignoring({.arguments = {"ignores-sigterm"}});
    ignoring.receive_ready();
    BOOST_TEST(ignoring.run(1, "output_of", {command}) == json::value("survived\n"));
}

BOOST_AUTO_TEST_CASE(job_that_writes_to_a_pipe_without_a_reader_gets_an_error)
{
    BOOST_TEST(worker.run(1, "write_to_closed_pipe") == json::value(EPIPE));
    BOOST_TEST(worker.run(2, "add", {1, 2}) == json::value(3));
}

BOOST_AUTO_TEST_CASE(sigpipe_ends_a_program_that_a_job_starts)
{
    auto const command = "kill -PIPE $$; echo survived";
    BOOST_TEST(worker.run(1, "output_of", {command}) == json::value(""));
    worker_process ignoring({.arguments = {"ignores-sigpipe"}});
    ignoring.receive_ready();
    BOOST_TEST(ignoring.run(1, "output_of", {command}) == json::value("survived\n"));
}

#if defined(__linux__)

BOOST_AUTO_TEST_CASE(signal_at_the_parents_death_is_sigterm)
{
    worker_process watched({.arguments = {"death-signal"}});
    watched.receive_ready();
    BOOST_TEST(watched.run(1, "death_signal") == json::value(SIGTERM));
}

// The run-time of ThreadSanitizer delays signal handlers, in a call that blocks for ever.
#if !defined(__SANITIZE_THREAD__)

BOOST_AUTO_TEST_CASE(worker_dies_with_its_parent_though_a_forked_copy_has_the_pipes)
{
    int input[2];
    int output[2];
    int ready[2];
    BOOST_TEST_REQUIRE((::pipe(input) == 0 && ::pipe(output) == 0 && ::pipe(ready) == 0));
    pid_t const parent = ::fork();
    BOOST_TEST_REQUIRE(parent >= 0);
    if (parent == 0) {
        pid_t pids[2] = {::fork(), 0};
        if (pids[0] == 0)
            for (;;)
                ::pause();  // the copy
        pids[1] = ::fork();
        if (pids[1] == 0) {
            ::dup2(input[0], STDIN_FILENO);
            ::dup2(output[1], STDOUT_FILENO);
            ::execl(LEASEPOOL_RUNTIME_WORKER, LEASEPOOL_RUNTIME_WORKER, "death-signal", nullptr);
            ::_exit(127);
        }
        // It is ready, so it has asked for the signal.
        char byte = 0;
        if (::read(output[0], &byte, 1) == 1 && ::write(ready[1], pids, sizeof pids) < 0) {}
        for (;;)
            ::pause();
    }
    pid_t pids[2] = {};
    BOOST_TEST_REQUIRE(::read(ready[0], pids, sizeof pids) == static_cast<ssize_t>(sizeof pids));
    int const watch = static_cast<int>(::syscall(SYS_pidfd_open, pids[1], 0));
    BOOST_TEST_REQUIRE(watch >= 0);
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    pollfd gone{watch, POLLIN, 0};
    BOOST_TEST(::poll(&gone, 1, 60'000) == 1);
    ::kill(pids[0], SIGKILL);
    ::kill(pids[1], SIGKILL);
    for (int const fd : {input[0], input[1], output[0], output[1], ready[0], ready[1], watch})
        ::close(fd);
}

#endif
#endif

BOOST_AUTO_TEST_CASE(log_has_severity_and_job_and_begins_with_info)
{
    worker.send(call(7, "log", {"b\u00e4d"}));
    for (auto const* const severity : {"info", "warning", "error"}) {
        auto const message = worker.receive();
        BOOST_TEST(message.at("method") == json::value("leasepool/log"));
        BOOST_TEST(message.at("params") ==
            (json::value{{"severity", severity}, {"message", "b\u00e4d"}, {"id", 7}}));
    }
    BOOST_TEST(worker.result_of(7).is_null());
}

BOOST_AUTO_TEST_CASE(log_record_that_is_not_utf8_is_repaired)
{
    worker.send(call(1, "log", {"bytes"}));
    for (int i = 0; i != 3; ++i)
        BOOST_TEST(worker.receive().at("params").at("message") == json::value("page \uFFFD"));
    BOOST_TEST(worker.result_of(1).is_null());
}

BOOST_AUTO_TEST_CASE(log_level_of_the_environment_is_honored)
{
    std::map<std::string, std::size_t> const expected{
        {"debug", 4}, {"info", 3}, {"warning", 2}, {"error", 1}, {"", 3}, {"loud", 3}};
    for (auto const& [level, count] : expected) {
        worker_process one({.environment = {"LEASEPOOL_WORKER=1", "LEASEPOOL_LOG_LEVEL=" + level}});
        one.receive_ready();
        one.send(call(1, "log", {"x"}));
        std::size_t lines = 0;
        while (one.receive().contains("method"))
            ++lines;
        BOOST_TEST(lines == count, level);
        BOOST_TEST(one.finish() == 0);
        BOOST_TEST((one.errors().find("LEASEPOOL_LOG_LEVEL is \"loud\"") != std::string::npos) ==
            (level == "loud"));
    }
}

BOOST_AUTO_TEST_CASE(long_log_line_is_cut_to_what_can_be_sent)
{
    worker.send(limits(1024, 8) + call(1, "log", {std::string(400, '\"')}));
    std::size_t lines = 0;
    for (auto message = worker.receive(); message.contains("method"); message = worker.receive()) {
        ++lines;
        auto const& text = message.at("params").at("message").as_string();
        BOOST_TEST(text.size() > 100u);
        BOOST_TEST(text.size() < 400u);
    }
    BOOST_TEST(lines == 3u);
}

BOOST_AUTO_TEST_CASE(threads_of_a_job_may_all_speak_at_once)
{
    worker.send(call(1, "chatter", {4, 50}));
    std::map<int, int> next;
    std::size_t logged = 0;
    for (;;) {
        auto const message = worker.receive();
        if (message.contains("result"))
            break;
        if (message.at("method") == json::value("leasepool/log")) {
            ++logged;
            continue;
        }
        auto const& value = message.at("params").at("value").as_array();
        auto const thread = value.at(0).to_number<int>();
        BOOST_TEST(value.at(1).to_number<int>() == next[thread]++);
    }
    BOOST_TEST(logged == 200u);
    BOOST_TEST(next.size() == 4u);
    BOOST_TEST(worker.finish() == 0);
}

BOOST_AUTO_TEST_CASE(progress_that_cannot_be_sent_throws_in_the_job)
{
    auto const text = worker.run(1, "progress_of_infinity");
    BOOST_TEST(text_of(text).find("progress: not a finite number") == 0u);
}

BOOST_AUTO_TEST_CASE(job_for_which_nothing_comes_wakes_no_other_thread)
{
    auto const sleeps = [&](std::uint64_t id) {
        return worker.run(id, "sleeps_of_watcher").to_number<std::uint64_t>();
    };
    // The watcher is started with the first job, and is asleep for good some time after that.
    std::uint64_t id = 0;
    auto before = sleeps(++id);
    for (int quiet = 0; quiet != 200; ++quiet) {
        BOOST_REQUIRE(id < 10'000);
        if (auto const now = sleeps(++id); now != before) {
            before = now;
            quiet = 0;
        }
    }
    for (int i = 0; i != 1000; ++i)
        worker.run(++id, "add", {1, 1});
    BOOST_TEST(before > 0u);
    BOOST_TEST(sleeps(++id) == before);
}

BOOST_AUTO_TEST_SUITE_END()
