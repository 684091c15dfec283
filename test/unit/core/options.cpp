// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Bad options are refused at construction, by name, value and bound.

#include <leasepool/manager.hpp>
#include <leasepool/options.hpp>
#include <leasepool/thread_backend.hpp>
#include <leasepool/work_grinder.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace leasepool;
using namespace std::chrono_literals;

/// The text of the refusal; empty: accepted.
template <class Options>
std::string refusal(Options const& options)
{
    try {
        validate(options);
        return {};
    }
    catch (std::invalid_argument const& e) {
        return e.what();
    }
}

constexpr auto longest = steady_duration::max() / 4;
auto const longest_text =
    std::to_string(std::chrono::nanoseconds(longest).count()) + " ns (73 years)";
constexpr std::size_t many = std::size_t{1} << 32;

/// A size that must be at least `least`.
void check_least(std::size_t manager_options::*option, std::string const& name, std::size_t least)
{
    manager_options options{.max_pools = 4};
    options.*option = least;
    BOOST_TEST(refusal(options) == "");
    options.*option = least - 1;
    BOOST_TEST(refusal(options) ==
        "leasepool::manager_options::" + name + " is " + std::to_string(least - 1) +
            "; it must be at least " + std::to_string(least));
}

/// A duration from `least` on, up to the longest.
template <class Options>
void check_duration(steady_duration Options::*option, std::string const& name, bool may_be_0)
{
    Options options{};
    options.*option = may_be_0 ? steady_duration::zero() : steady_duration(1);
    BOOST_TEST(refusal(options) == "", name);
    options.*option = longest;
    BOOST_TEST(refusal(options) == "", name);

    std::string const bound = may_be_0 ? "; it must be 0 or more" : "; it must be greater than 0";
    if (!may_be_0) {
        options.*option = steady_duration::zero();
        BOOST_TEST(refusal(options) == name + " is 0 ns" + bound);
    }
    options.*option = -1ns;
    BOOST_TEST(refusal(options) == name + " is -1 ns" + bound);
    options.*option = steady_duration::min();
    BOOST_TEST(refusal(options).starts_with(name + " is -"));
    for (auto const too_long : {longest + steady_duration(1), steady_duration::max()}) {
        options.*option = too_long;
        BOOST_TEST(refusal(options) ==
            name + " is " + std::to_string(too_long.count()) + " ns; it must be at most " +
                longest_text + ", so that times cannot overflow");
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(defaults_are_valid_and_as_documented)
{
    manager_options const o;
    BOOST_TEST(refusal(o) == "");
    BOOST_TEST(o.max_pools == available_cpus());
    BOOST_TEST(o.max_pools >= 1u);
    BOOST_TEST(!o.max_retired);
    BOOST_TEST(o.min_pools == 1u);
    BOOST_TEST(!o.size_provider);
    BOOST_TEST(o.units_per_pool == 10u);
    BOOST_TEST((o.check_interval == 120s));
    BOOST_TEST((o.default_duration == 300s));
    BOOST_TEST((o.grace == 15s));
    BOOST_TEST((o.idle_ttl == 60s));
    BOOST_TEST(o.max_waiters == 10'000u);
    BOOST_TEST(refusal(thread_backend_options()) == "");
    BOOST_TEST(thread_backend_options().workers_per_pool == 4u);
    BOOST_TEST((stop_options().deadline == 30s));
    BOOST_TEST((stop_options().mode == stop_mode::drain));
    BOOST_TEST(!stop_options().abandon_after);
}

BOOST_AUTO_TEST_CASE(sizes_have_a_least_value)
{
    check_least(&manager_options::units_per_pool, "units_per_pool", 1);
    check_least(&manager_options::max_waiters, "max_waiters", 1);
    check_least(&manager_options::make_attempts, "make_attempts", 1);
    check_least(&manager_options::min_pools, "min_pools", 1);
    BOOST_TEST(refusal(manager_options{.max_pools = 0}) ==
        "leasepool::manager_options::max_pools is 0; it must be at least 1");
    BOOST_TEST(refusal(manager_options{.max_retired = 0}) == "");
}

BOOST_AUTO_TEST_CASE(numbers_of_pools_have_a_greatest_value)
{
    BOOST_TEST(refusal(manager_options{.max_pools = many}) == "");
    BOOST_TEST(refusal(manager_options{.max_pools = many + 1}) ==
        "leasepool::manager_options::max_pools is 4294967297; it must be at most 4294967296");
    BOOST_TEST(refusal(manager_options{.max_retired = many}) == "");
    BOOST_TEST(refusal(manager_options{.max_retired = std::numeric_limits<std::size_t>::max()}) ==
        "leasepool::manager_options::max_retired is 18446744073709551615; it must be at most "
        "4294967296");
}

BOOST_AUTO_TEST_CASE(minimum_above_the_maximum_is_refused)
{
    BOOST_TEST(refusal(manager_options{.max_pools = 3, .min_pools = 3}) == "");
    BOOST_TEST(refusal(manager_options{.max_pools = 3, .min_pools = 4}) ==
        "leasepool::manager_options::min_pools is 4; it must be at most 3 (max_pools)");
}

BOOST_AUTO_TEST_CASE(durations_of_zero_or_less_or_that_overflow_are_refused)
{
    std::string const prefix = "leasepool::manager_options::";
    check_duration(&manager_options::check_interval, prefix + "check_interval", false);
    check_duration(&manager_options::default_duration, prefix + "default_duration", false);
    check_duration(&manager_options::grace, prefix + "grace", true);
    check_duration(&manager_options::idle_ttl, prefix + "idle_ttl", true);
    check_duration(&manager_options::backoff, prefix + "backoff", false);
    check_duration(&manager_options::max_backoff, prefix + "max_backoff", false);
    check_duration(&thread_backend_options::spin, "leasepool::thread_backend_options::spin", true);
}

BOOST_AUTO_TEST_CASE(thread_options_out_of_bounds_are_refused)
{
    std::string const prefix = "leasepool::thread_backend_options::";
    BOOST_TEST(refusal(thread_backend_options{.workers_per_pool = 1}) == "");
    BOOST_TEST(refusal(thread_backend_options{.workers_per_pool = 0}) ==
        prefix + "workers_per_pool is 0; it must be at least 1");
    BOOST_TEST(refusal(thread_backend_options{.workers_per_pool = 65'536}) == "");
    BOOST_TEST(refusal(thread_backend_options{.workers_per_pool = 65'537}) ==
        prefix + "workers_per_pool is 65537; it must be at most 65536");
    for (int const nice : {-20, 0, 19})
        BOOST_TEST(refusal(thread_backend_options{.nice = nice}) == "");
    BOOST_TEST(
        refusal(thread_backend_options{.nice = 20}) == prefix + "nice is 20; it must be -20 to 19");
    BOOST_TEST(refusal(thread_backend_options{.nice = -21}) ==
        prefix + "nice is -21; it must be -20 to 19");
    BOOST_TEST(refusal(thread_backend_options{.affinity = {0, 3}}) == "");
    BOOST_TEST(refusal(thread_backend_options{.affinity = {0, -2}}) ==
        prefix + "affinity is -2; it must be numbers of CPUs, 0 or more");
}

BOOST_AUTO_TEST_CASE(grinder_options_out_of_bounds_are_refused)
{
    std::string const prefix = "leasepool::grinder_options::";
    BOOST_TEST(refusal(grinder_options{}) == "");
    BOOST_TEST(refusal(grinder_options{.batch_size = 0}) ==
        prefix + "batch_size is 0; it must be at least 1");
    BOOST_TEST(refusal(grinder_options{.batch_size = 5, .max_batch = 5}) == "");
    BOOST_TEST(refusal(grinder_options{.batch_size = 5, .max_batch = 4}) ==
        prefix + "max_batch is 4; it must be at least 5 (batch_size)");
    BOOST_TEST(refusal(grinder_options{.batch_size = 5, .max_pending = 5}) == "");
    BOOST_TEST(refusal(grinder_options{.batch_size = 5, .max_pending = 4}) ==
        prefix + "max_pending is 4; it must be at least 5 (batch_size)");
    BOOST_TEST(refusal(grinder_options{.max_concurrent_batches = 0}) ==
        prefix + "max_concurrent_batches is 0; it must be at least 1");
    check_duration(&grinder_options::max_wait, prefix + "max_wait", false);
    check_duration(&grinder_options::duration, prefix + "duration", false);
}

BOOST_AUTO_TEST_CASE(names_must_be_utf8)
{
    BOOST_TEST(refusal(manager_options{.name = "Gr\xc3\xbc\xc3\x9f"
                                               "e"}) == "");
    BOOST_TEST(refusal(manager_options{.name = "a\xff"}) ==
        "leasepool::manager_options::name is \"a\\xff\"; it must be valid UTF-8");
    BOOST_TEST(refusal(grinder_options{.name = "a\xff"}) ==
        "leasepool::grinder_options::name is \"a\\xff\"; it must be valid UTF-8");
}

BOOST_AUTO_TEST_CASE(constructors_refuse_what_validate_refuses)
{
    boost::asio::io_context io;
    BOOST_CHECK_THROW(manager(io, thread_backend(), {.max_pools = 0}), std::invalid_argument);
    BOOST_CHECK_THROW(
        manager(io.get_executor(), thread_backend(), {.grace = -1s}), std::invalid_argument);
    BOOST_CHECK_THROW(thread_backend({.workers_per_pool = 0}), std::invalid_argument);
    manager pools(io, thread_backend());
    BOOST_CHECK_THROW(work_grinder(pools, {.batch_size = 0}), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
