// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_support.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

// The search for a program in PATH.

namespace leasepool::test {
namespace {

/// A directory of its own.
class scratch_directory {
public:
    scratch_directory()
    {
        auto name = (std::filesystem::temp_directory_path() / "leasepool-XXXXXX").string();
        if (!::mkdtemp(name.data()))
            throw std::runtime_error("no temporary directory");
        path_ = name;
    }
    ~scratch_directory()
    {
        ::chmod(path_.c_str(), 0700);
        std::filesystem::remove_all(path_);
    }
    scratch_directory(scratch_directory const&) = delete;
    scratch_directory& operator=(scratch_directory const&) = delete;

    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

/// Makes another directory the working directory.
class working_directory {
public:
    explicit working_directory(std::string const& path) { std::filesystem::current_path(path); }
    ~working_directory() { std::filesystem::current_path(before_); }
    working_directory(working_directory const&) = delete;
    working_directory& operator=(working_directory const&) = delete;

private:
    std::filesystem::path before_ = std::filesystem::current_path();
};

/// Takes the privileges of root, for which no directory is closed.
class without_privileges {
public:
    without_privileges()
    {
        if (before_ == 0)
            BOOST_TEST_REQUIRE(::seteuid(65534) == 0);
    }
    ~without_privileges() { BOOST_TEST(::seteuid(before_) == 0); }
    without_privileges(without_privileges const&) = delete;
    without_privileges& operator=(without_privileges const&) = delete;

private:
    uid_t before_ = ::geteuid();
};

std::string directory_of_child()
{
    return std::filesystem::path(LEASEPOOL_SPAWNED_CHILD).parent_path().string();
}

spawn_options looked_up_in(std::string const& path)
{
    auto options = spawned_child({"exit", "5"});
    options.command[0] = std::filesystem::path(LEASEPOOL_SPAWNED_CHILD).filename().string();
    options.environment["PATH"] = path;
    return options;
}

/// Returns what the error of the start says after the name of the program.
std::string failure_in(std::string const& path, int error)
{
    asio::io_context io;
    try {
        program const started(io.get_executor(), looked_up_in(path));
    }
    catch (boost::system::system_error const& e) {
        BOOST_TEST(e.code() == error_code(error, boost::system::system_category()));
        std::string const text = e.what();
        return text.substr(text.find("\", ") + 3);
    }
    return "it was started";
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_spawn_path, nothing_left)

BOOST_AUTO_TEST_CASE(entry_that_cannot_be_resolved_is_skipped)
{
    scratch_directory const directory;
    auto const file = directory.path() + "/file";
    auto const loop = directory.path() + "/loop";
    std::ofstream(file) << "no directory\n";
    std::filesystem::create_symlink(loop, loop);
    working_directory const here(directory.path());
    for (auto const& entry : {std::string("/nonexistent"), std::string("nonexistent"), file, loop,
             std::string(), std::string(300, 'x'), "/" + std::string(5000, 'x')})
        BOOST_TEST_CONTEXT('"' << entry << '"')
        {
            auto const path = entry + ':' + directory_of_child();
            BOOST_TEST(outcome_of(looked_up_in(path)).status == exited(5));
            BOOST_TEST(failure_in(entry, ENOENT).starts_with("it is in no directory of PATH: "));
        }
}

BOOST_AUTO_TEST_CASE(directory_without_permission_is_skipped)
{
    scratch_directory const directory;
    ::chmod(directory.path().c_str(), 0);
    without_privileges const other_user;
    auto options = looked_up_in(directory.path() + ":/usr/bin:/bin");
    options.command = {"sh", "-c", "exit 6"};
    BOOST_TEST(outcome_of(options).status == exited(6));
    BOOST_TEST(failure_in(directory.path() + ":/nonexistent", EACCES)
                   .starts_with("it is in no directory of PATH that this user may search: "));
}

BOOST_AUTO_TEST_CASE(file_that_cannot_be_executed_is_skipped)
{
    scratch_directory const directory;
    std::filesystem::path const program = LEASEPOOL_SPAWNED_CHILD;
    auto const file = directory.path() + '/' + program.filename().string();
    std::ofstream(file) << "no program\n";
    auto const path = directory.path() + ':' + directory_of_child();
    BOOST_TEST(outcome_of(looked_up_in(path)).status == exited(5));
    BOOST_TEST(failure_in(directory.path() + ":/nonexistent", EACCES)
                   .starts_with("it was found in PATH but cannot be executed: "));
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    BOOST_TEST(outcome_of(looked_up_in(path)).status == exited(5));
}

BOOST_AUTO_TEST_CASE(empty_entry_is_the_working_directory)
{
    working_directory const here(directory_of_child());
    for (auto const* const path : {"", ":/nonexistent", "/nonexistent:", "/nonexistent::/none"})
        BOOST_TEST_CONTEXT('"' << path << '"')
    BOOST_TEST(outcome_of(looked_up_in(path)).status == exited(5));
}

BOOST_AUTO_TEST_CASE(relative_entry_is_skipped_if_the_working_directory_is_gone)
{
    auto const gone = std::make_unique<scratch_directory>();
    working_directory const here(gone->path());
    std::filesystem::remove(gone->path());
    auto const usual = directory_of_child();
    for (auto const* const entry : {"", ".", "relative"}) {
        BOOST_TEST(outcome_of(looked_up_in(entry + (':' + usual))).status == exited(5));
        BOOST_TEST(failure_in(entry, ENOENT).starts_with("it is in no directory of PATH: "));
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
