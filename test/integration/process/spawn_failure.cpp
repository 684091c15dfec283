// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_support.hpp"

#include <boost/system/system_error.hpp>

#include <fstream>
#include <stdexcept>
#include <string_view>
#include <sys/resource.h>

// What cannot be started.

namespace leasepool::test {
namespace {

// Exactly what was there before is there at once, without waiting for anything.
boost::system::system_error failure_of(spawn_options const& options)
{
    asio::io_context io;
    asio::posix::stream_descriptor const waits_already(io);
    auto const before = open_descriptors();
    try {
        program const started(io.get_executor(), options);
    }
    catch (boost::system::system_error const& e) {
        BOOST_TEST(!has_child());
        BOOST_TEST(open_descriptors() == before, boost::test_tools::per_element());
        return e;
    }
    throw std::runtime_error("it has been started");
}

void check_failure(spawn_options const& options, int error, std::string const& said)
{
    auto const failure = failure_of(options);
    BOOST_TEST(failure.code() == error_code(error, boost::system::system_category()));
    BOOST_TEST(std::string_view(failure.what()).starts_with(said), failure.what());
}

struct scratch_file {
    scratch_file()
        : path(std::filesystem::temp_directory_path() /
              ("leasepool-program-" + std::to_string(::getpid())))
    {
        std::ofstream(path) << "no program\n";
    }
    ~scratch_file() { std::filesystem::remove(path); }
    std::filesystem::path path;
};

spawn_options just(std::string program)
{
    spawn_options options;
    options.command = {std::move(program)};
    return options;
}

volatile std::sig_atomic_t children_ended = 0;

std::string refusal_of(spawn_options const& options)
{
    asio::io_context io;
    try {
        program const started(io.get_executor(), options);
    }
    catch (std::invalid_argument const& e) {
        return e.what();
    }
    return "it was not refused";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_spawn_failure, nothing_left)

BOOST_AUTO_TEST_CASE(missing_program)
{
    check_failure(just("/nonexistent/worker"), ENOENT,
        "leasepool: cannot start the program \"/nonexistent/worker\": No such file");
}

BOOST_AUTO_TEST_CASE(program_that_is_not_in_path)
{
    check_failure(just("leasepool-nonexistent"), ENOENT,
        "leasepool: cannot start the program \"leasepool-nonexistent\", it is in no directory of "
        "PATH: No such file");
}

BOOST_AUTO_TEST_CASE(program_without_permission)
{
    scratch_file const file;
    check_failure(just(file.path.string()), EACCES,
        "leasepool: cannot start the program \"" + file.path.string() + "\": Permission denied");
    auto options = just(file.path.filename().string());
    options.environment["PATH"] = file.path.parent_path().string();
    check_failure(options, EACCES,
        "leasepool: cannot start the program \"" + options.command[0] +
            "\", it was found in PATH but cannot be executed: Permission denied");
}

BOOST_AUTO_TEST_CASE(program_that_is_a_directory)
{
    check_failure(
        just("/usr"), EACCES, "leasepool: cannot start the program \"/usr\": Permission denied");
}

BOOST_AUTO_TEST_CASE(file_that_is_no_program)
{
    scratch_file const file;
    std::filesystem::permissions(file.path, std::filesystem::perms::owner_all);
    check_failure(just(file.path.string()), ENOEXEC,
        "leasepool: cannot start the program \"" + file.path.string() + "\": Exec format error");
}

BOOST_AUTO_TEST_CASE(missing_launcher_is_what_is_named)
{
    auto options = spawned_child({"exit", "0"});
    options.launcher = {"/nonexistent/launcher"};
    check_failure(options, ENOENT,
        "leasepool: cannot start the program \"/nonexistent/launcher\": No such file");
}

BOOST_AUTO_TEST_CASE(missing_working_directory)
{
    auto options = spawned_child({"exit", "0"});
    options.working_directory = "/nonexistent/directory";
    check_failure(options, ENOENT,
        "leasepool: cannot start the program \"" + options.command[0] +
            "\" in the working directory \"/nonexistent/directory\": No such file");
}

BOOST_AUTO_TEST_CASE(arguments_that_are_too_long)
{
    auto options = spawned_child({"exit", std::string(10U << 20, 'x')});
    check_failure(options, E2BIG, "leasepool: cannot start the program \"" + options.command[0]);
}

BOOST_AUTO_TEST_CASE(too_few_descriptors_however_many)
{
    rlimit before = {};
    ::getrlimit(RLIMIT_NOFILE, &before);
    asio::io_context io;
    asio::posix::stream_descriptor const waits_already(io);
    std::vector<detail::unique_fd> in_the_gaps;
    do
        in_the_gaps.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    while (in_the_gaps.back().get() != *open_descriptors().rbegin());
    auto const used = static_cast<rlim_t>(*open_descriptors().rbegin()) + 1;
    disposition const counting(SIGCHLD, [](int) { children_ended = children_ended + 1; });
    children_ended = 0;
    int started = 0;
    int failures = 0;
    for (rlim_t more = 0; more != 20; ++more) {
        error_code ec;
        std::string what;
        rlimit const few = {used + more, before.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &few);
        try {
            program const one(io.get_executor(), spawned_child({"stay"}));
        }
        catch (boost::system::system_error const& e) {
            ec = e.code();
            what = e.what();
        }
        ::setrlimit(RLIMIT_NOFILE, &before);
        if (ec) {
            // What is enough for one is enough with more.
            BOOST_TEST(started == 0);
            BOOST_TEST(ec == error_code(EMFILE, boost::system::system_category()));
            BOOST_TEST(what.find(LEASEPOOL_SPAWNED_CHILD) != std::string::npos, what);
            ++failures;
        }
        else
            ++started;
        await_no_child();
        BOOST_TEST(*open_descriptors().rbegin() + 1 == static_cast<int>(used));
    }
    BOOST_TEST(started > 0);
    // Nothing was started and killed again.
    BOOST_TEST(children_ended == started);
    BOOST_TEST(failures > 6);
}

BOOST_AUTO_TEST_CASE(options_that_make_no_sense)
{
    BOOST_TEST(refusal_of(just("")) == "leasepool: spawn_options::command is \"\": name a program");
    BOOST_TEST(refusal_of(just(std::string("a\0b", 3))) ==
        "leasepool: spawn_options::command is \"a…\": it must not contain a NUL");
    auto options = just("true");
    options.environment["A=B"] = "C";
    BOOST_TEST(refusal_of(options) ==
        "leasepool: spawn_options::environment is \"A=B\": a name is not empty and has no '='");
    options = just("true");
    options.limits.cpu_time = 0s;
    BOOST_TEST(
        refusal_of(options) == "leasepool: spawn_options::limits.cpu_time is 0 s: at least 1 s");
    options = just("true");
    options.parent_death_signal = 1000;
    BOOST_TEST(refusal_of(options) ==
        "leasepool: spawn_options::parent_death_signal is 1000: no such signal");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
