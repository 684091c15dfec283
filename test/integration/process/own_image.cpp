// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_support.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// Workers that are the executable of their parent again: the image that runs, whatever has become of
// its file.

#if defined(__linux__)

namespace leasepool::test {
namespace {

/// A copy of the program `own_workers`, in a directory of its own.
class copied_program {
public:
    explicit copied_program(std::string const& name)
    {
        auto directory = (std::filesystem::temp_directory_path() / "leasepool-XXXXXX").string();
        if (!::mkdtemp(directory.data()))
            throw std::runtime_error("no temporary directory");
        path_ = std::filesystem::path(directory) / name;
        std::filesystem::copy_file(LEASEPOOL_OWN_WORKERS, path_);
    }
    ~copied_program() { std::filesystem::remove_all(path_.parent_path()); }
    copied_program(copied_program const&) = delete;
    copied_program& operator=(copied_program const&) = delete;

    std::string path() const { return path_.string(); }

    /// Puts another program in the place of the file.
    void replace() const
    {
        auto const other = path() + ".new";
        std::ofstream(other) << "#!/bin/sh\necho another program >&2\n";
        std::filesystem::permissions(other, std::filesystem::perms::owner_all);
        std::filesystem::rename(other, path_);
    }

    void remove() const { std::filesystem::remove(path_); }

private:
    std::filesystem::path path_;
};

spawn_options started_with(copied_program const& copy, std::vector<std::string> const& launcher)
{
    spawn_options options;
    options.command = {copy.path()};
    options.command.insert(options.command.end(), launcher.begin(), launcher.end());
    // The program is no worker, so it must not have the mark of one.
    options.environment["LEASEPOOL_WORKER"] = std::nullopt;
    return options;
}

/// Starts the copy, calls `change`, has the program start a worker, and returns what it prints.
template <class Change>
std::string after(spawn_options const& options, Change const& change)
{
    asio::io_context io;
    std::string printed;
    run(io, [&]() -> asio::awaitable<void> {
        program parent(io.get_executor(), options);
        BOOST_TEST(co_await read_line(parent.standard_output()) == "running");
        change();
        BOOST_TEST(!parent.write("go on\n"));
        printed = co_await read_to_end(parent.standard_output());
        BOOST_TEST(parent.wait() == exited(0));
    });
    return printed;
}

auto const no_change = [] {};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_own_image, nothing_left)

BOOST_AUTO_TEST_CASE(worker_is_named_after_its_program)
{
    copied_program const copy("named_program");
    BOOST_TEST(after(started_with(copy, {}), no_change) == "named_program\n");
    // The kernel keeps 15 characters.
    copied_program const long_name("a_program_with_a_long_name");
    BOOST_TEST(after(started_with(long_name, {}), no_change) == "a_program_with_\n");
    auto options = started_with(copy, {});
    options.environment["LEASEPOOL_TEST_NAME"] = "chosen";
    BOOST_TEST(after(options, no_change) == "chosen\n");
}

BOOST_AUTO_TEST_CASE(image_that_runs_is_started_if_the_file_was_replaced)
{
    copied_program const copy("own");
    BOOST_TEST(after(started_with(copy, {}), [&] { copy.replace(); }) == "own\n");
}

BOOST_AUTO_TEST_CASE(image_that_runs_is_started_if_the_file_was_removed)
{
    copied_program const copy("own");
    BOOST_TEST(after(started_with(copy, {}), [&] { copy.remove(); }) == "own\n");
}

BOOST_AUTO_TEST_CASE(launcher_starts_the_file_if_it_is_still_the_image)
{
    copied_program const copy("own");
    BOOST_TEST(after(started_with(copy, {"env"}), no_change) == "own\n");
}

BOOST_AUTO_TEST_CASE(launcher_is_not_started_if_the_file_is_another_one)
{
    for (bool const removed : {false, true}) {
        copied_program const copy("own");
        auto const printed =
            after(started_with(copy, {"env"}), [&] { removed ? copy.remove() : copy.replace(); });
        BOOST_TEST(printed.starts_with("leasepool: cannot start the program \"" + copy.path() +
                       "\", because its file was replaced or removed since this program was "
                       "started, and a launcher would start another version; set "
                       "process_backend_options::command: Stale file handle"),
            printed);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test

#endif
