// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What must not need memory at all.

#include "integration/support/allocation_fixture.hpp"
#include "integration/support/failing_heap.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

BOOST_AUTO_TEST_SUITE(allocation_free)

BOOST_AUTO_TEST_CASE(executor_of_a_lease_is_type_erased_without_an_allocation)
{
    fixture d;
    d.start();
    d.take_lease();
    auto const before = allocations_here();
    {
        asio::any_io_executor const any = d.held.get_executor();
        asio::any_io_executor const same = d.held;
        asio::any_io_executor const tracked = asio::prefer(
            any, asio::execution::outstanding_work.tracked, asio::execution::blocking.never);
        auto const copy = tracked;
        if (!(any == same) || any == copy)
            throw std::logic_error("executors are not equal");
    }
    auto const after = allocations_here();
    BOOST_TEST(after == before);
}

BOOST_AUTO_TEST_CASE(release_does_not_allocate_on_any_thread)
{
    // Also where the pool is not kept, where it is kept for a while, and where somebody waits.
    for (auto const idle_ttl : {0ms, 60'000ms})
        for (std::size_t const min_pools : {1u, 2u})
            for (bool const somebody_waits : {false, true})
                for (auto const where : {"io thread", "foreign thread", "pool's thread"}) {
                    fixture d({.max_pools = 2, .min_pools = min_pools, .idle_ttl = idle_ttl});
                    d.start();
                    d.take_lease();
                    auto other = std::move(d.held);
                    d.take_lease();
                    witness waiting;
                    if (somebody_waits)
                        d.pools.async_acquire({}, waiting.handler());
                    d.io.poll();
                    std::atomic<long> allocated = -1;
                    auto const release = [&] {
                        auto const before = allocations_here();
                        d.held.release();
                        allocated = allocations_here() - before;
                    };
                    if (where == std::string("io thread"))
                        asio::post(d.io, release);
                    else if (where == std::string("foreign thread"))
                        std::thread(release).join();
                    else
                        asio::post(other, release);
                    while (allocated < 0)
                        d.io.poll();
                    BOOST_TEST_CONTEXT(where << ", min_pools " << min_pools << ", waiter "
                                             << somebody_waits << ", ttl " << idle_ttl.count())
                    BOOST_TEST(allocated == 0);
                    if (somebody_waits)
                        d.until([&] { return waiting.calls == 1; });
                }
}

BOOST_AUTO_TEST_CASE(release_does_not_allocate_if_the_manager_is_on_a_thread_pool)
{
    asio::thread_pool threads(1);
    {
        thread_manager pools(threads, thread_backend({.workers_per_pool = 1}), {.max_pools = 1});
        gate started;
        pools.async_start([&](error_code) { started.open(); });
        started.pass();
        gate granted;
        thread_lease held;
        pools.async_acquire({}, [&](error_code, thread_lease lease) {
            held = std::move(lease);
            granted.open();
        });
        granted.pass();
        auto const before = allocations_here();
        held.release();
        auto const after = allocations_here();
        BOOST_TEST(after == before);
    }
    threads.join();
}

BOOST_AUTO_TEST_SUITE_END()
