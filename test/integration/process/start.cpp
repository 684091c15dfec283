// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_pool_support.hpp"

#include <algorithm>
#include <fcntl.h>
#include <initializer_list>
#include <sys/resource.h>
#include <sys/stat.h>

// How a pool starts, in which surroundings its workers run, and what is said when they cannot.

namespace leasepool::test {
namespace {

/// Starts pools that cannot be; what is said about it, in the log.
struct failed_start {
    error_code code;
    std::string text;
};

failed_start failing(process_backend_options const& options)
{
    nothing_left const checked;
    asio::io_context io;
    pool_fixture workers(io, options);
    failed_start seen;
    run(io, [&]() -> asio::awaitable<void> {
        auto const [error] = co_await workers.pools.async_start(as_tuple);
        seen.code = error;
        seen.text = (co_await workers.log.await("a pool could not be made"))["error"];
        BOOST_TEST(workers.pools.total() == 0U);
    });
    return seen;
}

process_backend_options command(std::vector<std::string> words)
{
    auto options = misbehaving_workers();
    options.command = std::move(words);
    return options;
}

/// No more descriptors than so many can be had while it lives.
class few_descriptors {
public:
    explicit few_descriptors(std::size_t spare)
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit limit = before_;
        limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 256);
        ::setrlimit(RLIMIT_NOFILE, &limit);
        for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
            taken_.push_back(fd);
        for (; spare != 0; --spare, taken_.pop_back())
            ::close(taken_.back());
    }
    ~few_descriptors()
    {
        for (int const fd : taken_)
            ::close(fd);
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }
    few_descriptors(few_descriptors const&) = delete;
    few_descriptors& operator=(few_descriptors const&) = delete;

private:
    rlimit before_ = {};
    std::vector<int> taken_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(process_start)

BOOST_AUTO_TEST_CASE(wrong_at_the_start_fails_the_start)
{
    struct start_case {
        char const* fault;
        char const* text;
    };
    for (auto const& [fault, text] :
        std::initializer_list<start_case>{
            {"exit", "exited with status 3"},
            {"abort", "killed by SIGABRT"},
            {"segfault", "killed by SIGSEGV"},
            {"kill", "killed by SIGKILL"},
            {"spin", "not ready within startup_timeout"},
            {"deaf", "not ready within startup_timeout"},
            {"hang", "not ready within startup_timeout"},
            {"half_line", "not ready within startup_timeout"},
            {"garbage", "}garbage{"},
            {"print", "debugging is fun\"; write only messages to its stdout, and print to stderr"},
            {"empty_line", "not a JSON object"},
            {"deep", "nested deeper"},
            {"too_long", "max_message_bytes"},
            {"endless_line", "max_message_bytes"},
            {"wrong_id", "sent an answer before it was ready"},
            {"twice", "sent an answer before it was ready"},
            {"request", "sent a request"},
            {"bad_log", "before it was ready"},
            {"not_begun", "sent an answer before it was ready"},
            {"could_not_read", "sent an answer before it was ready"},
            {"unknown_notification", "before it was ready"},
            {"stale_progress", "before it was ready"},
            {"close_stdout", "closed its stdout"},
            {"grandchild", "exited with status 5"},
        })
        for (std::size_t const workers : {1U, 3U})
            BOOST_TEST_CONTEXT(fault << ' ' << workers)
            {
                auto options = misbehaving_workers({"--start", fault}, workers);
                options.startup_timeout = 60s;
                options.max_message_bytes = 65536;
                if (contains(text, "startup_timeout"))
                    options.startup_timeout = 30ms;
                auto const seen = failing(options);
                BOOST_TEST(seen.code == errc::worker_start_failed);
                BOOST_TEST(contains(seen.text, text), seen.text << " says: " << text);
            }
}

BOOST_AUTO_TEST_CASE(worker_of_another_version_fails_the_start)
{
    auto const seen = failing(misbehaving_workers({"--version", "7"}));
    BOOST_TEST(seen.code == errc::worker_start_failed);
    BOOST_TEST(contains(seen.text, "speaks version 7 of the protocol; this is version 1"));
}

BOOST_AUTO_TEST_CASE(failed_start_says_what_was_on_stderr)
{
    scratch_folder const folder;
    auto const seen =
        failing(misbehaving_workers({"--fail-starts", folder.file("starts"), "1", "9"}));
    BOOST_TEST(seen.code == errc::worker_start_failed);
    BOOST_TEST(contains(seen.text, "exited with status 4 before it was ready"));
    BOOST_TEST(contains(seen.text, "this is not my day"));
}

BOOST_AUTO_TEST_CASE(stderr_flood_at_the_start_does_no_harm)
{
    with_pool(misbehaving_workers({"--start", "flood_stderr"}, 2),
        [](pool_fixture& workers) { return workers.check_service(); });
}

BOOST_AUTO_TEST_CASE(missing_program_fails_the_start_with_its_name)
{
    for (auto const& words : {std::vector<std::string>{"/nowhere/worker"}, {"no-such-worker"}}) {
        auto const seen = failing(command(words));
        BOOST_TEST(seen.code == boost::system::errc::no_such_file_or_directory);
        BOOST_TEST(contains(seen.text, words.front()), seen.text);
    }
}

BOOST_AUTO_TEST_CASE(program_without_permission_fails_the_start)
{
    scratch_folder const folder;
    auto const path = folder.file("worker");
    std::ofstream(path) << "#!/bin/sh\n";
    ::chmod(path.c_str(), 0600);
    auto const seen = failing(command({path}));
    BOOST_TEST(seen.code == boost::system::errc::permission_denied);
    BOOST_TEST(contains(seen.text, path), seen.text);
}

BOOST_AUTO_TEST_CASE(missing_working_directory_fails_the_start)
{
    auto options = misbehaving_workers();
    options.working_directory = "/nowhere/at/all";
    auto const seen = failing(options);
    BOOST_TEST(seen.code == boost::system::errc::no_such_file_or_directory);
    BOOST_TEST(contains(seen.text, "/nowhere/at/all"), seen.text);
}

BOOST_AUTO_TEST_CASE(too_few_descriptors_fail_the_start_and_later_it_succeeds)
{
    // Wherever it is that they run out: from none that are left to one too few.
    int failures = 0;
    for (std::size_t spare = 0; spare != 40; ++spare) {
        nothing_left const checked;
        asio::io_context io;
        pool_fixture workers(io, misbehaving_workers({}, 3));
        run(io, [&]() -> asio::awaitable<void> {
            // Whatever the manager itself needs of the context is there.
            co_await workers.pools.async_stop({}, asio::use_awaitable);
            error_code failure;
            {
                few_descriptors const few(spare);
                auto const [error] = co_await workers.pools.async_start(as_tuple);
                failure = error;
            }
            // Not within: sanitizers, for one, need descriptors, too.
            if (failure) {
                ++failures;
                BOOST_TEST(failure == boost::system::errc::too_many_files_open, "with " << spare);
                auto const entry = co_await workers.log.await("a pool could not be made");
                BOOST_TEST(contains(entry["error"], "misbehaving_worker"), entry["error"]);
                BOOST_TEST(workers.pools.total() == 0U);
            }
            co_await workers.pools.async_stop({}, asio::use_awaitable);
            co_await workers.start();
            co_await workers.check_service();
            co_await workers.stop();
        });
    }
    BOOST_TEST(failures > 10);
    BOOST_TEST(failures < 40);
}

BOOST_AUTO_TEST_CASE(worker_is_found_in_the_path_it_will_have)
{
    std::filesystem::path const program = LEASEPOOL_MISBEHAVING_WORKER;
    auto options = command({program.filename()});
    options.environment["PATH"] = "/nowhere:" + program.parent_path().string();
    with_pool(options, [](pool_fixture& workers) { return workers.check_service(); });
}

BOOST_AUTO_TEST_CASE(worker_runs_in_the_surroundings_that_were_asked_for)
{
    scratch_folder const folder;
    auto const directory = std::filesystem::canonical(folder.file(".")).string();
    auto options = misbehaving_workers();
    options.launcher = {"nice", "-n", "7"};
    options.working_directory = directory;
    options.environment["LEASEPOOL_TEST_SET"] = "to this";
    options.environment["HOME"] = std::nullopt;
    options.limits.open_files = 123;
    options.limits.file_size = 1U << 20;
    options.limits.cpu_time = 1000s;
    options.limits.address_space = std::uint64_t{4} << 30;
    options.limits.stack_size = 1U << 21;
    with_pool(options, [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto const seen = co_await workers.call("surroundings");
        BOOST_REQUIRE(seen.text == "");
        auto const& around = seen.value.as_object();
        BOOST_TEST(around.at("directory") == json::value(directory));
        BOOST_TEST(
            around.at("nice") == json::value(std::min(19, ::getpriority(PRIO_PROCESS, 0) + 7)));
        auto const& limits = around.at("limits").as_object();
        BOOST_TEST(limits.at("nofile") == json::value(123));
        BOOST_TEST(limits.at("fsize") == json::value(1 << 20));
        BOOST_TEST(limits.at("cpu") == json::value(1000));
        BOOST_TEST(limits.at("as") == json::value(std::int64_t{4} << 30));
        BOOST_TEST(limits.at("stack") == json::value(1 << 21));
        BOOST_TEST(limits.at("core") == json::value(0));
        auto const variable = [&](char const* name) {
            return workers.call("variable", args(name));
        };
        BOOST_TEST((co_await variable("LEASEPOOL_TEST_SET")).value == json::value("to this"));
        BOOST_TEST((co_await variable("HOME")).value.is_null());
        BOOST_TEST((co_await variable("LEASEPOOL_WORKER")).value == json::value("1"));
        BOOST_TEST((co_await variable("LEASEPOOL_LOG_LEVEL")).value == json::value("info"));
        BOOST_TEST(!(co_await variable("PATH")).value.is_null());
    });
    options.inherit_environment = false;
    options.launcher.clear();
    options.log_level = severity::error;
    with_pool(options, [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto const variable = [&](char const* name) {
            return workers.call("variable", args(name));
        };
        BOOST_TEST((co_await variable("PATH")).value.is_null());
        BOOST_TEST((co_await variable("LEASEPOOL_TEST_SET")).value == json::value("to this"));
        BOOST_TEST((co_await variable("LEASEPOOL_LOG_LEVEL")).value == json::value("error"));
    });
}

BOOST_AUTO_TEST_CASE(memory_limit_ends_the_job_that_passes_it)
{
    auto options = misbehaving_workers();
    options.limits.address_space = 64U << 20;
    with_pool(options, [&](pool_fixture& workers) -> asio::awaitable<void> {
        auto const seen = co_await workers.call("leak");
        BOOST_TEST(seen.code == errc::worker_died);
        BOOST_TEST(contains(seen.text, "killed by SIGABRT"), seen.text);
        co_await workers.full_again();
        co_await workers.check_service();
    });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
