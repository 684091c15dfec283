// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The same with worker processes: whichever allocation of the thread fails that runs the context, a
// start and a job complete once, and the manager works after that.

#include "integration/support/allocation_fixture.hpp"
#include "integration/support/failing_heap.hpp"
#include "integration/support/process_pool_support.hpp"

#include "wire/line_buffer.hpp"
#include "wire/message.hpp"
#include "wire/reader.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace leasepool::test {
namespace {

struct process_fixture {
    explicit process_fixture(std::vector<std::string> const& kind = {})
        : pools(io, process_backend(misbehaving_workers(kind)),
              {.max_pools = 1, .backoff = 1ms, .max_backoff = 1ms, .make_attempts = 1'000})
    {
    }

    ~process_fixture()
    {
        lease = {};
        bool stopped = false;
        pools.async_stop({}, [&](error_code) { stopped = true; });
        run_until(io, [&] { return stopped; });
    }

    void start()
    {
        bool started = false;
        pools.async_start([&](error_code error) {
            BOOST_TEST_REQUIRE(!error);
            started = true;
        });
        run_until(io, [&] { return started; });
    }

    void take_lease()
    {
        bool done = false;
        pools.async_acquire({}, [&](error_code error, process_lease granted) {
            BOOST_TEST_REQUIRE(!error);
            lease = std::move(granted);
            done = true;
        });
        run_until(io, [&] { return done; });
    }

    job_result call()
    {
        job_result seen;
        bool done = false;
        lease.async_call("add", json::value(args(2, 3)), [&](std::exception_ptr e, json::value v) {
            seen = job_result_of(std::move(e), std::move(v));
            done = true;
        });
        run_until(io, [&] { return done; });
        return seen;
    }

    /// `killed`: the worker may be about to die.
    void check_service(bool killed)
    {
        auto seen = call();
        if (killed && seen.code == errc::worker_died)
            seen = call();
        BOOST_TEST(seen.text == "");
        BOOST_TEST(seen.value == json::value(5));
    }

    asio::io_context io;
    process_manager pools;
    process_lease lease;
};

void start_with_each_allocation_failing(failing_heap::of of)
{
    nothing_left const checked;
    for (long n = 1;; ++n)
        BOOST_TEST_CONTEXT("allocation " << n)
        {
            BOOST_TEST_REQUIRE(n < 1'000);
            process_fixture d;
            int calls = 0;
            error_code error;
            bool threw = false;
            bool failed = false;
            {
                failing_heap const heap(n, of);
                try {
                    d.pools.async_start([&](error_code e) {
                        error = e;
                        ++calls;
                    });
                }
                catch (std::bad_alloc const&) {
                    threw = true;
                }
                if (!threw)
                    run_until(d.io, [&] { return calls != 0; });
                failed = heap.failed();
            }
            BOOST_TEST(calls == (threw ? 0 : 1));
            if (threw || error) {
                BOOST_TEST(failed);
                d.start();
            }
            d.take_lease();
            d.check_service(failed);
            if (!failed)
                break;
        }
}

void jobs_with_each_allocation_failing(std::vector<std::string> const& kind, std::size_t jobs)
{
    struct outcome {
        int calls = 0;
        bool threw = false;
        job_result seen{};
    };
    nothing_left const checked;
    process_fixture d(kind);
    d.start();
    d.take_lease();
    for (long n = 1;; ++n)
        BOOST_TEST_CONTEXT(jobs << " jobs, allocation " << n)
        {
            BOOST_TEST_REQUIRE(n < 5'000);
            // So that they are sent ahead, if the worker pipelines.
            for (int calm = 0; calm != 3; ++calm)
                d.check_service(false);
            std::vector<outcome> all(jobs);
            bool failed = false;
            {
                failing_heap const heap(n);
                for (auto& of : all)
                    try {
                        d.lease.async_call("add", json::value(args(2, 3)),
                            [&of](std::exception_ptr e, json::value v) {
                                of.seen.reason = std::move(e);
                                of.seen.value = std::move(v);
                                ++of.calls;
                            });
                    }
                    catch (std::bad_alloc const&) {
                        of.threw = true;
                    }
                run_until(d.io, [&] {
                    return std::all_of(all.begin(), all.end(),
                        [](outcome const& of) { return of.threw || of.calls != 0; });
                });
                failed = heap.failed();
            }
            for (auto const& of : all) {
                BOOST_TEST(of.calls == (of.threw ? 0 : 1));
                if (!of.threw && !of.seen.reason)
                    BOOST_TEST(of.seen.value == json::value(5));
                else
                    BOOST_TEST(failed);
            }
            // Its worker may have gone, and its successor takes a moment; its pool may have gone, too.
            if (!d.lease.valid())
                d.take_lease();
            d.check_service(failed);
            if (!failed)
                break;
        }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(allocation_processes)

BOOST_AUTO_TEST_CASE(start_of_workers_fails_or_succeeds_and_can_be_tried_again)
{
    // Programs are started on a thread of their own.
    for (auto const of : {failing_heap::of::this_thread, failing_heap::of::all_threads})
        start_with_each_allocation_failing(of);
}

BOOST_AUTO_TEST_CASE(job_completes_once_and_the_next_goes_well)
{
    jobs_with_each_allocation_failing({}, 1);
}

BOOST_AUTO_TEST_CASE(each_of_several_jobs_completes_once_and_the_next_goes_well)
{
    jobs_with_each_allocation_failing({}, 3);
    jobs_with_each_allocation_failing({"--pipelining"}, 20);
}

BOOST_AUTO_TEST_CASE(message_for_which_there_is_no_memory_does_not_affect_the_next_one)
{
    wire::reader reader;
    std::string const line =
        R"({"jsonrpc":"2.0","id":7,"result":[{"a":["longer than a small string"]},)"
        R"("which boost::json::string would contain"]})";
    auto const expected = boost::json::serialize(std::get<wire::result>(reader.read(line)).value);
    bool failed = true;
    for (long n = 1; failed; ++n) {
        BOOST_TEST_REQUIRE(n < 100);
        try {
            failing_heap const heap(n);
            reader.read(line);
            failed = heap.failed();
        }
        catch (std::bad_alloc const&) {
        }
        auto const next = reader.read(line);
        BOOST_TEST(boost::json::serialize(std::get<wire::result>(next).value) == expected);
    }
}

BOOST_AUTO_TEST_CASE(buffer_of_lines_that_cannot_shrink_stays_as_it_is)
{
    wire::line_buffer buffer(std::size_t{8} << 20);
    auto const put = [&](std::string_view bytes) {
        while (!bytes.empty()) {
            auto const space = buffer.prepare();
            auto const n = std::min(space.size(), bytes.size());
            std::copy_n(bytes.data(), n, space.data());
            buffer.commit(n);
            bytes.remove_prefix(n);
        }
    };
    put(std::string(std::size_t{2} << 20, 'x') + "\nrest");
    BOOST_REQUIRE(buffer.next());
    auto const grown = buffer.capacity();
    {
        empty_heap const none(1);
        buffer.prepare();
        BOOST_TEST(none.left() == 0);
    }
    BOOST_TEST(buffer.capacity() == grown);
    BOOST_TEST(buffer.unfinished() == "rest");
    buffer.prepare();
    BOOST_TEST(buffer.capacity() == wire::line_buffer::initial_bytes);
    BOOST_TEST(buffer.unfinished() == "rest");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
