// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Jobs as items of a work grinder, on threads and on worker processes.

#include "integration/support/io_threads.hpp"
#include "integration/support/jobs_here.hpp"

#include <leasepool/process_backend.hpp>
#include <leasepool/remote_error.hpp>
#include <leasepool/work_grinder.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/data/test_case.hpp>

#include <array>
#include <future>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;
using namespace leasepool::test::jobs;
namespace data = boost::unit_test::data;

// Not nameless: the test cases over both backends are templates.
namespace jobs_grinder_test {

using any_manager = manager<any_backend>;

inline std::array<char const*, 2> const both{"thread", "process"};

inline any_backend backend_named(std::string const& name)
{
    if (name == "thread")
        return thread_backend({.workers_per_pool = 2});
    return process_backend({.workers_per_pool = 2, .kill_grace = 200ms});
}

struct stage {
    io_threads io;
    any_manager pools;
    work_grinder<any_backend> grinder;

    explicit stage(std::string const& backend,
        grinder_options options = {.batch_size = 5, .max_wait = 1ms}, manager_options how = {})
        : pools(io.context(), backend_named(backend), std::move(how)),
          grinder(pools, std::move(options))
    {
        start(pools);
        get(grinder.async_start(asio::use_future));
    }
    ~stage()
    {
        get(grinder.async_stop({.mode = stop_mode::cancel}, asio::use_future));
        get(pools.async_stop({.mode = stop_mode::cancel}, asio::use_future));
        io.join();
    }

    template <class Call>
    auto submit(Call&& call)
    {
        return grinder.async_submit(std::forward<Call>(call), asio::use_future);
    }
};

template <class Future>
error_code failure_of(Future&& future)
{
    try {
        get(std::move(future));
    }
    catch (boost::system::system_error const& e) {
        return e.code();
    }
    return {};
}

}  // namespace jobs_grinder_test

using namespace jobs_grinder_test;

BOOST_AUTO_TEST_SUITE(jobs_through_a_grinder)

BOOST_DATA_TEST_CASE(every_item_gets_its_own_result, data::make(both), backend)
{
    stage s(backend);
    std::vector<std::future<int>> sums;
    for (int i = 0; i != 500; ++i)
        sums.push_back(s.submit(add_job(i, 1)));
    for (int i = 0; i != 500; ++i)
        BOOST_TEST(get(std::move(sums[static_cast<std::size_t>(i)])) == i + 1);
    auto const stats = get(s.grinder.async_stats(asio::use_future));
    BOOST_TEST(stats.completed == 500u);
    BOOST_TEST(stats.pending == 0u);
}

BOOST_DATA_TEST_CASE(failure_of_an_item_is_its_own, data::make(both), backend)
{
    stage s(backend);
    auto good = s.submit(add_job(1, 1));
    auto thrown = s.submit(fail_job("page 7"));
    auto missing = s.submit(elsewhere_job(1));
    auto also_good = s.submit(add_job(2, 2));
    BOOST_TEST(get(std::move(good)) == 2);
    BOOST_TEST(get(std::move(also_good)) == 4);
    BOOST_CHECK_THROW(get(std::move(thrown)), std::exception);
    BOOST_TEST((failure_of(missing) == condition::misuse));
}

BOOST_DATA_TEST_CASE(running_item_is_asked_to_stop, data::make(both), backend)
{
    stage s(backend, {.batch_size = 1});
    asio::cancellation_signal signal;
    auto const strand = asio::make_strand(s.io.context());
    auto future = s.grinder.async_submit(wait_for_stop_job(),
        asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(strand, asio::use_future)));
    // It has begun, or will never: both end so.
    while (s.pools.leased() == 0)
        std::this_thread::yield();
    asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
    BOOST_TEST(failure_of(future) == asio::error::operation_aborted);
    BOOST_TEST(get(s.submit(add_job(1, 1))) == 2);
}

BOOST_DATA_TEST_CASE(canceling_stop_ends_what_runs_and_what_waits, data::make(both), backend)
{
    stage s(backend, {.batch_size = 1, .max_concurrent_batches = 1});
    std::vector<std::future<void>> items;
    for (int i = 0; i != 6; ++i)
        items.push_back(s.submit(wait_for_stop_job()));
    while (s.pools.leased() == 0)
        std::this_thread::yield();
    get(s.grinder.async_stop({.mode = stop_mode::cancel}, asio::use_future));
    // What had begun ended for the asking; the code of that is the lease's, or the stop's.
    for (auto& item : items)
        BOOST_TEST((failure_of(item) == condition::canceled));
    get(s.grinder.async_start(asio::use_future));
    BOOST_TEST(get(s.submit(add_job(1, 1))) == 2);
}

BOOST_AUTO_TEST_CASE(item_whose_worker_dies_fails_alone)
{
    stage s("process", {.batch_size = 20, .max_wait = 1ms});
    std::vector<std::future<int>> sums;
    std::vector<std::future<void>> dead;
    for (int i = 0; i != 200; ++i)
        if (i % 40 == 7)
            dead.push_back(s.submit(die_job()));
        else
            sums.push_back(s.submit(add_job(i, 0)));
    for (auto& each : dead)
        BOOST_TEST(failure_of(each) == errc::worker_died);
    for (auto& each : sums)
        BOOST_CHECK_NO_THROW(get(std::move(each)));
}

BOOST_AUTO_TEST_CASE(item_that_cannot_be_sent_fails_at_once_and_alone)
{
    stage s("process");
    auto bad = s.submit(half_job(std::numeric_limits<double>::infinity()));
    auto good = s.submit(half_job(3));
    BOOST_TEST(failure_of(bad) == errc::not_serializable);
    BOOST_TEST(get(std::move(good)) == 1.5);
}

BOOST_AUTO_TEST_CASE(lease_that_expires_gives_back_the_items_that_had_not_begun)
{
    // One lease at a time, of 100 ms, and a job in the way that takes for ever unless it is stopped.
    stage s("process", {.batch_size = 6, .duration = 100ms, .max_concurrent_batches = 1},
        {.max_pools = 1, .grace = 0ms});
    auto first = s.submit(wait_for_stop_job());
    auto second = s.submit(wait_for_stop_job());
    std::vector<std::future<int>> behind;
    for (int i = 0; i != 4; ++i)
        behind.push_back(s.submit(add_job(i, 0)));
    BOOST_TEST(failure_of(first) == errc::lease_expired);
    BOOST_TEST(failure_of(second) == errc::lease_expired);
    for (auto& each : behind)
        BOOST_CHECK_NO_THROW(get(std::move(each)));
}

BOOST_AUTO_TEST_SUITE_END()
