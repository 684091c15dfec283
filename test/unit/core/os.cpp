// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What the system itself says; on the thread of the test, which is left as it was found.

#include "core/support/os.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <system_error>
#include <vector>

namespace {

namespace lp = leasepool::detail;

bool names_the_cpus(std::system_error const& error, std::string const& list)
{
    BOOST_TEST_MESSAGE(error.what());
    return std::string(error.what()).find("{" + list + "}") != std::string::npos;
}

#if defined(__linux__)

struct thread_as_it_was {
    ~thread_as_it_was()
    {
        lp::set_current_thread_name(name);
        try {
            lp::set_current_thread_affinity(cpus);
        }
        catch (std::system_error const& error) {
            BOOST_ERROR(error.what());
        }
    }

    std::string name = lp::current_thread_name();
    std::vector<int> cpus = lp::current_thread_affinity();
};

#endif

}  // namespace

BOOST_AUTO_TEST_SUITE(os)

#if defined(__linux__)

BOOST_FIXTURE_TEST_CASE(name_of_the_thread_is_read_back, thread_as_it_was)
{
    lp::set_current_thread_name("vendor-3-12");
    BOOST_TEST(lp::current_thread_name() == "vendor-3-12");
}

BOOST_FIXTURE_TEST_CASE(long_name_is_cut_to_what_the_system_takes, thread_as_it_was)
{
    lp::set_current_thread_name("0123456789abcdefgh");
    BOOST_TEST(lp::current_thread_name() == "0123456789abcde");
    lp::set_current_thread_name("0123456789abcd\xC3\xA9");
    BOOST_TEST(lp::current_thread_name() == "0123456789abcd");
}

BOOST_FIXTURE_TEST_CASE(one_cpu_is_read_back, thread_as_it_was)
{
    BOOST_TEST_REQUIRE(!cpus.empty());
    std::vector<int> const one{cpus.back()};
    lp::set_current_thread_affinity(one);
    BOOST_TEST(lp::current_thread_affinity() == one, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(order_and_repetition_of_cpus_do_not_matter, thread_as_it_was)
{
    auto shuffled = cpus;
    std::reverse(shuffled.begin(), shuffled.end());
    shuffled.push_back(cpus.front());
    lp::set_current_thread_affinity(shuffled);
    BOOST_TEST(lp::current_thread_affinity() == cpus, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(cpu_that_does_not_exist_is_an_error_and_changes_nothing, thread_as_it_was)
{
    // Above every kernel's NR_CPUS, alone and beside one that would do; then what no mask holds.
    for (int const absent : {100'000, 2'000'000'000, -1}) {
        std::vector<int> const lists[] = {{absent}, {absent, cpus.front()}, {cpus.front(), absent}};
        for (auto const& list : lists) {
            std::string text;
            for (int const cpu : list)
                text += (text.empty() ? "" : ",") + std::to_string(cpu);
            BOOST_CHECK_EXCEPTION(
                lp::set_current_thread_affinity(list), std::system_error, [&](auto const& error) {
                    return error.code() == std::errc::invalid_argument &&
                        names_the_cpus(error, text);
                });
            BOOST_TEST(lp::current_thread_affinity() == cpus, boost::test_tools::per_element());
        }
    }
}

BOOST_FIXTURE_TEST_CASE(empty_list_is_an_error, thread_as_it_was)
{
    BOOST_CHECK_EXCEPTION(
        lp::set_current_thread_affinity({}), std::system_error, [](auto const& error) {
            return error.code() == std::errc::invalid_argument && names_the_cpus(error, "");
        });
}

#else

BOOST_AUTO_TEST_CASE(affinity_is_not_supported)
{
    std::vector<int> const list{0, 1};
    BOOST_CHECK_EXCEPTION(
        lp::set_current_thread_affinity(list), std::system_error, [](auto const& error) {
            return error.code() == std::errc::not_supported && names_the_cpus(error, "0,1");
        });
    BOOST_CHECK_THROW(lp::current_thread_affinity(), std::system_error);
}

#endif

BOOST_AUTO_TEST_SUITE_END()
