// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/forks.hpp"
#include "integration/support/io_threads.hpp"
#include "integration/support/process_pool_support.hpp"
#include "integration/support/started_program.hpp"

#include <boost/asio/read_until.hpp>

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

// What pools of processes do, or do not do, to the program that has them; and what becomes of the
// workers when that is gone.

namespace leasepool::test {
namespace {

volatile std::sig_atomic_t children_ended = 0;

void reap_everything(int)
{
    int const before = errno;
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {}
    errno = before;
}

void (*disposition_of(int signal))(int)
{
    struct sigaction action = {};
    ::sigaction(signal, nullptr, &action);
    return action.sa_handler;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(process_host)

BOOST_AUTO_TEST_CASE(own_children_and_sigchld_stay_the_programs)
{
    nothing_left const checked;
    disposition const counting(SIGCHLD, [](int) { children_ended = children_ended + 1; });
    auto const before = disposition_of(SIGCHLD);
    children_ended = 0;
    pid_t const own = ::fork();
    if (own == 0)
        ::_exit(42);
    // It is a zombie while workers come and go.
    siginfo_t info = {};
    BOOST_TEST(::waitid(P_PID, static_cast<id_t>(own), &info, WEXITED | WNOWAIT) == 0);
    {
        asio::io_context io;
        pool_fixture workers(io, misbehaving_workers({}, 3));
        run(io, [&]() -> asio::awaitable<void> {
            co_await workers.start();
            for (auto const* const fault : {"exit", "segfault", "garbage"})
                BOOST_TEST((co_await workers.call(fault)).code.failed());
            co_await workers.full_again(3);
            co_await workers.check_service();
            co_await workers.stop();
        });
    }
    int status = 0;
    BOOST_TEST(::waitpid(own, &status, 0) == own);
    BOOST_TEST(WEXITSTATUS(status) == 42);
    BOOST_TEST(children_ended >= 1);
    BOOST_TEST((disposition_of(SIGCHLD) == before));
}

BOOST_AUTO_TEST_CASE(statuses_that_somebody_else_takes_cost_no_job)
{
    // The kernel takes them; or the program does, before anybody else can.
    for (auto* const handler : {SIG_IGN, &reap_everything}) {
        disposition const taking(SIGCHLD, handler);
        auto options = misbehaving_workers({}, 2);
        // Without its status, one that dies slowly cannot be told from one that stays.
        options.kill_grace = 60s;
        with_pool(options, [](pool_fixture& workers) -> asio::awaitable<void> {
            for (int i = 0; i != 20; ++i) {
                auto wrong = workers.begin("exit");
                auto right = workers.begin("add", args(i, 1));
                BOOST_TEST((co_await wrong.get()).code == errc::worker_died);
                BOOST_TEST((co_await right.get()).value == json::value(i + 1));
            }
            co_await workers.full_again(20);
            co_await workers.check_service();
        });
    }
}

BOOST_AUTO_TEST_CASE(write_to_a_dead_worker_raises_no_signal)
{
    disposition const deadly(SIGPIPE, SIG_DFL);
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        for (int i = 0; i != 10; ++i) {
            // The next job is written to a pipe that nobody reads.
            auto closes = workers.begin("close_stdin", args("running"));
            auto next = workers.begin("add", args(i, 1));
            BOOST_TEST((co_await closes.get()).text == "");
            BOOST_TEST((co_await next.get()).value == json::value(i + 1));
        }
    });
    BOOST_TEST((disposition_of(SIGPIPE) == SIG_DFL));
    sigset_t pending;
    ::sigpending(&pending);
    BOOST_TEST(::sigismember(&pending, SIGPIPE) == 0);
}

BOOST_AUTO_TEST_CASE(workers_do_not_hold_each_others_pipes)
{
    // 32 workers, started at once. Those of one manager see the end of their input while the others
    // are there; if one had another's pipe, the end would not come.
    nothing_left const checked;
    asio::io_context io;
    auto options = misbehaving_workers({}, 8);
    options.kill_grace = 60s;
    std::vector<std::unique_ptr<pool_fixture>> fixtures;
    for (int i = 0; i != 4; ++i)
        fixtures.push_back(std::make_unique<pool_fixture>(io, options));
    run(io, [&]() -> asio::awaitable<void> {
        happening started(io);
        for (auto const& each : fixtures)
            each->pools.async_start(started.handler());
        co_await started.await(4);
        for (auto const& each : fixtures) {
            co_await each->pools.async_stop({}, asio::use_awaitable);
            for (auto const& entry : each->log.entries("worker ended"))
                BOOST_TEST(entry["error"] == "exited with status 0");
            BOOST_TEST(each->log.count("worker ended") == 8);
        }
    });
}

BOOST_AUTO_TEST_CASE(pools_come_and_go_on_several_threads)
{
    nothing_left const checked;
    io_threads io(3);
    for (int round = 0; round != 30; ++round) {
        process_manager pools(io.context(),
            process_backend(misbehaving_workers({"--pipelining"}, 2)),
            {.max_pools = 2, .min_pools = 2});
        if (round % 3 == 0)
            pools.async_start(asio::use_future);  // and is destroyed while it starts
        else {
            get(pools.async_start(asio::use_future));
            auto lease = get(pools.async_acquire({}, asio::use_future));
            std::vector<std::future<json::value>> jobs;
            for (int i = 0; i != 50; ++i)
                jobs.push_back(
                    lease.async_call(i % 10 == 5 ? "exit" : "add", args(i, 1), asio::use_future));
            for (int i = 0; round % 3 == 1 && i != 50; ++i) {
                auto& job = jobs[static_cast<std::size_t>(i)];
                if (i % 10 == 5)
                    BOOST_CHECK_THROW(get(std::move(job)), worker_died);
                else
                    BOOST_TEST(get(std::move(job)) == json::value(i + 1));
            }
        }
    }
    io.join();
}

#if defined(__linux__)

BOOST_AUTO_TEST_CASE(workers_die_with_a_parent_that_is_killed)
{
    scratch_folder const folder;
    auto const script = folder.file("worker.py");
    std::ofstream(script) << R"(
import json, os, sys, time
def send(m):
    sys.stdout.write(json.dumps(m) + "\n")
    sys.stdout.flush()
send({"jsonrpc": "2.0", "method": "leasepool/ready",
      "params": {"version": 1, "pid": os.getpid(), "methods": ["hang"]}})
for line in sys.stdin:
    m = json.loads(line)
    if "id" in m:
        send({"jsonrpc": "2.0", "method": "leasepool/progress",
              "params": {"id": m["id"], "value": {"pid": os.getpid()}}})
        time.sleep(600)
)";
    std::vector<std::string> const python{"python3", script};
    std::vector<std::string> const ours{LEASEPOOL_MISBEHAVING_WORKER};
    struct orphan_case {
        std::vector<std::string> worker;
        char const* job;
    };
    std::vector<orphan_case> const cases{
        {python, "idle"}, {python, "hang"}, {ours, "idle"}, {ours, "deaf"}, {ours, "spin"}};
    for (auto const& [worker, job] : cases)
        BOOST_TEST_CONTEXT(worker.front() << ' ' << job)
        {
            nothing_left const checked;
            asio::io_context io;
            run(io, [&]() -> asio::awaitable<void> {
                detail::spawn_options options;
                options.command = {LEASEPOOL_PARENT_OF_WORKERS, job};
                options.command.insert(options.command.end(), worker.begin(), worker.end());
                program parent(io.get_executor(), options);
                std::string text;
                auto const n = co_await asio::async_read_until(parent.standard_output(),
                    asio::dynamic_buffer(text), '\n', asio::use_awaitable);
                auto const pid = std::stoi(text.substr(0, n));
                detail::unique_fd const watch(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
                BOOST_REQUIRE(static_cast<bool>(watch));
                ::kill(parent.pid(), SIGKILL);
                pollfd gone{watch.get(), POLLIN, 0};
                bool const died = ::poll(&gone, 1, 60'000) == 1;
                BOOST_TEST(died);
                if (!died)
                    ::kill(pid, SIGKILL);
            });
        }
}

#endif

#if defined(LEASEPOOL_TEST_FORKS)

BOOST_AUTO_TEST_CASE(job_on_a_pool_of_the_parent_fails_and_the_child_gets_a_pool_of_its_own)
{
    with_pool(misbehaving_workers(), [](pool_fixture& workers) -> asio::awaitable<void> {
        co_await workers.check_service();
        auto& io = *workers.context();
        io.notify_fork(asio::execution_context::fork_prepare);
        pid_t const forked = ::fork();
        if (forked == 0) {
            ::alarm(60);
            int result = 1;
            try {
                io.notify_fork(asio::execution_context::fork_child);
                job_result first;
                job_result second;
                bool done = false;
                workers.lease.async_call(
                    "pid", json::value(), [&](std::exception_ptr why, json::value value) {
                        first = job_result_of(std::move(why), std::move(value));
                        workers.pools.async_acquire({}, [&](error_code, process_lease lease) {
                            workers.lease = std::move(lease);
                            workers.lease.async_call(
                                "pid", json::value(), [&](std::exception_ptr e, json::value v) {
                                    second = job_result_of(std::move(e), std::move(v));
                                    done = true;
                                });
                        });
                    });
                while (!done)
                    io.run_one();
                result = first.code == errc::pool_broken && second.text.empty() ? 0 : 2;
            }
            catch (...) {
            }
            ::_exit(result);
        }
        io.notify_fork(asio::execution_context::fork_parent);
        BOOST_TEST_REQUIRE(forked > 0);
        int status = -1;
        BOOST_TEST_REQUIRE(::waitpid(forked, &status, 0) == forked);
        BOOST_TEST((WIFEXITED(status) && WEXITSTATUS(status) == 0), "status " << status);
        co_await workers.check_service();
    });
}

#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
