// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The trees are in test/unit/data/cgroup; its README.md says what each shows. The build passes the
// path of test/unit/data as a string literal:
//   CMake  target_compile_definitions(t PRIVATE LEASEPOOL_TEST_DATA_DIR="${dir}/test/unit/data")
//   b2     path-constant data : data ; ... <define>LEASEPOOL_TEST_DATA_DIR=\\\"$(data)\\\"

#include "core/support/cpu_count.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

namespace {

using leasepool::detail::cgroup_cpu_limit;
using leasepool::detail::effective_cpu_count;

// No limit is 0, which no limit can be: so that a failed check prints both values.
double limit_of(std::string const& tree)
{
    auto const root = std::filesystem::path(LEASEPOOL_TEST_DATA_DIR) / "cgroup" / tree;
    BOOST_TEST_REQUIRE(std::filesystem::is_directory(root), root.string() << " is missing");
    return cgroup_cpu_limit(root).value_or(0);
}

constexpr double none = 0;

}  // namespace

BOOST_AUTO_TEST_SUITE(cpu_count)

BOOST_AUTO_TEST_CASE(v1_container_mounted_at_its_own_group_takes_its_quota)
{
    BOOST_TEST(limit_of("v1") == 1.5);
}

BOOST_AUTO_TEST_CASE(v1_quota_of_minus_one_is_no_limit)
{
    BOOST_TEST(limit_of("v1_unlimited") == none);
}

BOOST_AUTO_TEST_CASE(hybrid_host_takes_the_quota_of_the_v1_hierarchy)
{
    BOOST_TEST(limit_of("hybrid") == 2.0);
}

BOOST_AUTO_TEST_CASE(v2_service_takes_its_quota)
{
    BOOST_TEST(limit_of("v2") == 2.5);
}

BOOST_AUTO_TEST_CASE(v2_max_in_every_group_is_no_limit)
{
    BOOST_TEST(limit_of("v2_max") == none);
}

BOOST_AUTO_TEST_CASE(nested_v2_groups_take_the_smallest_limit)
{
    BOOST_TEST(limit_of("v2_nested") == 1.5);
}

BOOST_AUTO_TEST_CASE(group_below_the_mounted_one_takes_the_limit_of_the_mounted_one)
{
    BOOST_TEST(limit_of("v2_container") == 3.5);
}

BOOST_AUTO_TEST_CASE(private_namespace_takes_the_limit_at_the_mount_point)
{
    BOOST_TEST(limit_of("v2_private_namespace") == 0.5);
}

BOOST_AUTO_TEST_CASE(mount_that_begins_above_the_namespace_takes_the_limit_at_the_mount_point)
{
    BOOST_TEST(limit_of("v2_parent_mounted") == 3.0);
}

BOOST_AUTO_TEST_CASE(process_outside_of_its_namespace_reads_no_foreign_group)
{
    BOOST_TEST(limit_of("v2_outside_namespace") == none);
}

BOOST_AUTO_TEST_CASE(mounted_group_whose_name_only_begins_alike_is_not_ours)
{
    BOOST_TEST(limit_of("v2_other_group_mounted") == none);
}

BOOST_AUTO_TEST_CASE(mount_point_with_a_space_is_unescaped)
{
    BOOST_TEST(limit_of("v2_escaped_mount_point") == 4.0);
}

BOOST_AUTO_TEST_CASE(mounted_group_with_a_backslash_is_unescaped)
{
    BOOST_TEST(limit_of("v2_escaped_mount_root") == 4.5);
}

BOOST_AUTO_TEST_CASE(optional_fields_of_mountinfo_are_skipped)
{
    BOOST_TEST(limit_of("v2_optional_fields") == 6.0);
}

BOOST_AUTO_TEST_CASE(no_cgroup_mount_is_no_limit)
{
    BOOST_TEST(limit_of("none") == none);
}

BOOST_AUTO_TEST_CASE(missing_root_is_no_limit)
{
    auto const root = std::filesystem::path(LEASEPOOL_TEST_DATA_DIR) / "cgroup" / "no-such-tree";
    BOOST_TEST(!cgroup_cpu_limit(root).has_value());
}

char const* const malformed[] = {
    "cgroup_has_no_colons",
    "cgroup_is_missing",
    "cpu_max_has_a_unit",
    "cpu_max_has_no_period",
    "cpu_max_has_three_fields",
    "cpu_max_is_a_directory",
    "cpu_max_is_empty",
    "cpu_max_is_missing",
    "cpu_max_is_negative",
    "cpu_max_is_text",
    "cpu_max_overflows",
    "cpu_max_period_is_zero",
    "cpu_max_quota_is_zero",
    "mountinfo_is_cut",
    "mountinfo_is_missing",
    "v1_period_is_missing",
};

BOOST_DATA_TEST_CASE(
    malformed_or_missing_file_is_no_limit, boost::unit_test::data::make(malformed), tree)
{
    BOOST_TEST(limit_of(std::string("malformed/") + tree) == none);
}

BOOST_AUTO_TEST_CASE(without_a_limit_the_affinity_counts)
{
    BOOST_TEST(effective_cpu_count(8, std::nullopt) == 8U);
}

BOOST_AUTO_TEST_CASE(limit_below_the_affinity_is_rounded_up)
{
    BOOST_TEST(effective_cpu_count(8, 2.0) == 2U);
    BOOST_TEST(effective_cpu_count(8, 2.01) == 3U);
    BOOST_TEST(effective_cpu_count(8, 0.01) == 1U);
}

BOOST_AUTO_TEST_CASE(limit_above_the_affinity_does_not_count)
{
    BOOST_TEST(effective_cpu_count(8, 8.5) == 8U);
    BOOST_TEST(effective_cpu_count(8, 1e300) == 8U);
    BOOST_TEST(effective_cpu_count(8, std::numeric_limits<double>::infinity()) == 8U);
}

BOOST_AUTO_TEST_CASE(limit_that_is_not_a_positive_number_does_not_count)
{
    BOOST_TEST(effective_cpu_count(8, 0.0) == 8U);
    BOOST_TEST(effective_cpu_count(8, -1.0) == 8U);
    BOOST_TEST(effective_cpu_count(8, std::numeric_limits<double>::quiet_NaN()) == 8U);
}

BOOST_AUTO_TEST_CASE(unknown_affinity_is_one_cpu)
{
    BOOST_TEST(effective_cpu_count(0, std::nullopt) == 1U);
    BOOST_TEST(effective_cpu_count(0, 4.0) == 1U);
}

BOOST_AUTO_TEST_CASE(this_process_has_a_cpu)
{
    BOOST_TEST(leasepool::detail::cpu_count() >= 1U);
}

BOOST_AUTO_TEST_SUITE_END()
