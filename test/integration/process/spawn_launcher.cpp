// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/process_support.hpp"

#include "process/child/launcher.hpp"

#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

// The launcher as a launcher of Boost.Process: it calls the initializers.

namespace leasepool::test {
namespace {

namespace process_v2 = boost::process::v2;

using path = process_v2::filesystem::path;
using argv = char const* const*;

/// Has the parameters of an initializer of Boost.
struct initializer_of_boost {
    int* setups;
    int error = 0;

    error_code on_setup(process_v2::posix::default_launcher&, path const&, argv) const
    {
        ++*setups;
        return {};
    }
    error_code on_exec_setup(process_v2::posix::default_launcher&, path const&, argv) const
    {
        return {error, boost::system::system_category()};
    }
    static std::string cannot(std::size_t) { return " with this initializer"; }
};

/// No base class is what an initializer of Boost takes.
struct launcher_without_base {};

struct initializer_without_functions {};

static_assert(detail::initializer_for<initializer_of_boost, detail::launcher>);
static_assert(detail::initializer_for<process_v2::process_stdio, detail::launcher>);
static_assert(detail::initializer_for<process_v2::process_start_dir, detail::launcher>);
static_assert(!detail::initializer_for<initializer_of_boost, launcher_without_base>);
static_assert(!detail::initializer_for<process_v2::process_stdio, launcher_without_base>);
static_assert(!detail::initializer_for<initializer_without_functions, detail::launcher>);

}  // namespace

BOOST_FIXTURE_TEST_SUITE(process_spawn_launcher, nothing_left)

BOOST_AUTO_TEST_CASE(initializers_of_boost_are_called_in_the_parent_and_in_the_child)
{
    asio::io_context io;
    detail::start_attempt attempt;
    detail::launcher launch(attempt, "child");
    std::array<char const*, 3> const words{LEASEPOOL_SPAWNED_CHILD, "exit", nullptr};
    int setups = 0;
    BOOST_CHECK_EXCEPTION(launch(io.get_executor(), words[0], words.data(),
                              initializer_of_boost{&setups}, initializer_of_boost{&setups, EDOM}),
        boost::system::system_error, [](boost::system::system_error const& e) {
            BOOST_TEST(std::string_view(e.what()).starts_with(
                           "leasepool: cannot start the program \"child\" with this initializer"),
                e.what());
            return e.code() == error_code(EDOM, boost::system::system_category());
        });
    BOOST_TEST(setups == 2);
    BOOST_TEST(!has_child());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
