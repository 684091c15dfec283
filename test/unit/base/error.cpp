// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Codes, conditions and what they say.

#include <leasepool/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <set>
#include <string>

namespace {

using namespace leasepool;

constexpr std::array all_codes{errc::not_running, errc::unavailable, errc::acquire_timeout,
    errc::too_many_waiters, errc::lease_released, errc::lease_expired, errc::invalid_duration,
    errc::worker_start_failed, errc::pool_broken, errc::would_deadlock, errc::no_worker_state,
    errc::unknown_backend, errc::unsupported_backend, errc::not_serializable, errc::protocol_error,
    errc::message_too_large, errc::worker_died, errc::remote_exception, errc::unknown_job,
    errc::bad_arguments, errc::bad_result, errc::job_timeout, errc::job_not_local,
    errc::started_as_worker, errc::queue_full};

constexpr std::array all_conditions{condition::timeout, condition::canceled,
    condition::worker_failed, condition::misuse, condition::busy};

/// The conditions that a code matches, by their numbers.
std::string conditions_of(error_code code)
{
    std::string matched;
    for (auto const c : all_conditions)
        if (code == c)
            matched += std::to_string(static_cast<int>(c));
    return matched;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(no_code_is_0_or_reads_as_success)
{
    for (auto const e : all_codes) {
        error_code const code = e;
        BOOST_TEST(code.value() != 0);
        BOOST_TEST(code.failed());
        BOOST_TEST(static_cast<bool>(code));
        BOOST_TEST((code != error_code()));
    }
    for (auto const c : all_conditions)
        BOOST_TEST(static_cast<int>(c) != 0);
    BOOST_TEST(!error_code(0, error_category()).failed());
}

BOOST_AUTO_TEST_CASE(every_code_has_a_message_of_its_own_that_says_what_to_do)
{
    std::set<std::string> messages;
    for (auto const e : all_codes) {
        auto const text = error_code(e).message();
        BOOST_TEST(text.find("unknown leasepool error") == text.npos);
        BOOST_TEST(messages.insert(text).second, text);
    }
    // Those for which there is a remedy name it after what happened.
    for (auto const e : all_codes)
        if (e != errc::invalid_duration)
            BOOST_TEST(error_code(e).message().find(';') != std::string::npos);
    BOOST_TEST(error_code(errc::unavailable).message().find("max_pools") != std::string::npos);
    BOOST_TEST(
        error_code(errc::unknown_backend).message().find("thread, process") != std::string::npos);
    std::set<std::string> conditions;
    for (auto const c : all_conditions)
        BOOST_TEST(conditions.insert(make_error_condition(c).message()).second);
}

BOOST_AUTO_TEST_CASE(unknown_values_have_a_message_too)
{
    BOOST_TEST(error_code(9'999, error_category()).message() == "unknown leasepool error 9999");
    BOOST_TEST(error_code(0, error_category()).message() == "unknown leasepool error 0");
    BOOST_TEST(condition_category().message(77) == "unknown leasepool condition 77");
    BOOST_TEST(!condition_category().equivalent(error_code(errc::unavailable), 77));
}

BOOST_AUTO_TEST_CASE(categories_are_named_and_have_fixed_ids)
{
    BOOST_TEST(error_category().name() == std::string("leasepool"));
    BOOST_TEST(condition_category().name() == std::string("leasepool.condition"));
    // Another copy of the category, as another shared object would have one, is the same.
    struct copy final : boost::system::error_category {
        copy() : error_category(0x6c656173'65706f6fULL) {}
        char const* name() const noexcept override { return "copy"; }
        std::string message(int) const override { return {}; }
    } const other;
    BOOST_TEST((other == error_category()));
    BOOST_TEST((error_code(3, other) == errc::acquire_timeout));
    BOOST_TEST((error_category() != condition_category()));
}

BOOST_AUTO_TEST_CASE(codes_and_conditions_convert_by_themselves)
{
    error_code code;
    code = errc::pool_broken;
    BOOST_TEST((code == errc::pool_broken));
    BOOST_TEST((code != errc::unavailable));
    boost::system::error_condition const c = condition::timeout;
    BOOST_TEST(c.value() == 1);
    boost::system::system_error const e(errc::lease_expired, "orders");
    BOOST_TEST(std::string(e.what()).starts_with("orders: the lease outlived its duration"));
}

BOOST_AUTO_TEST_CASE(each_code_matches_the_conditions_documented_for_it)
{
    BOOST_TEST(conditions_of(errc::acquire_timeout) == "15");
    BOOST_TEST(conditions_of(errc::lease_expired) == "1");
    BOOST_TEST(conditions_of(errc::job_timeout) == "1");
    BOOST_TEST(conditions_of(errc::not_running) == "2");
    BOOST_TEST(conditions_of(boost::asio::error::operation_aborted) == "2");
    BOOST_TEST(conditions_of(errc::worker_start_failed) == "3");
    BOOST_TEST(conditions_of(errc::pool_broken) == "3");
    BOOST_TEST(conditions_of(errc::protocol_error) == "3");
    BOOST_TEST(conditions_of(errc::worker_died) == "3");
    for (auto const e : {errc::lease_released, errc::invalid_duration, errc::would_deadlock,
             errc::no_worker_state, errc::unknown_backend, errc::not_serializable,
             errc::message_too_large, errc::unknown_job, errc::bad_arguments, errc::bad_result,
             errc::job_not_local, errc::started_as_worker})
        BOOST_TEST(conditions_of(e) == "4");
    for (auto const e : {errc::unavailable, errc::too_many_waiters, errc::queue_full})
        BOOST_TEST(conditions_of(e) == "5");
    BOOST_TEST(conditions_of(errc::unsupported_backend) == "");
    BOOST_TEST(conditions_of(errc::remote_exception) == "");
    BOOST_TEST(conditions_of(boost::asio::error::timed_out) == "");
    BOOST_TEST(conditions_of(error_code()) == "");
}

BOOST_AUTO_TEST_SUITE_END()
