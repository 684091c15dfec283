// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// The same jobs on threads and on worker processes, picked at run time by name.

#include "integration/support/io_threads.hpp"
#include "integration/support/jobs_here.hpp"
#include "integration/support/tracker_executor.hpp"
#include "support/executor_over.hpp"

#include <leasepool/process_backend.hpp>
#include <leasepool/remote_error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/data/test_case.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <future>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace leasepool;
using namespace leasepool::test;
using namespace leasepool::test::jobs;
namespace data = boost::unit_test::data;

// Not nameless: the test cases over both backends are templates.
namespace jobs_test {

using any_manager = manager<any_backend>;
using any_lease = lease<any_backend>;

inline std::array<char const*, 2> const both{"thread", "process"};

inline any_backend backend_named(std::string const& name)
{
    if (name == "thread")
        return thread_backend({.workers_per_pool = 2, .worker_state = [] { return tally(); }});
    return process_backend({.workers_per_pool = 2, .kill_grace = 200ms});
}

/// A result that records which thread has converted it.
struct converted_text {
    std::string text;
    std::thread::id by{};
};

void tag_invoke(
    boost::json::value_from_tag const&, boost::json::value& to, converted_text const& from)
{
    to = boost::json::value(from.text);
}

converted_text tag_invoke(
    boost::json::value_to_tag<converted_text> const&, boost::json::value const& from)
{
    return {boost::json::value_to<std::string>(from), std::this_thread::get_id()};
}

/// Throws at its first function, as an executor whose queue is full for a moment.
struct refusing_executor : executor_over {
    template <class F>
    void execute(F f) const
    {
        if (posts->fetch_add(1) == 0)
            throw std::runtime_error("the queue is full");
        asio::post(*io, std::move(f));
    }
    bool operator==(refusing_executor const&) const noexcept = default;

    std::atomic<int>* posts;
};

/// Calls a function before it takes the first of its own, as an executor that does some work itself.
struct calling_executor : executor_over {
    template <class F>
    void execute(F f) const
    {
        if (posts->fetch_add(1) == 0)
            (*call)();
        asio::post(*io, std::move(f));
    }
    bool operator==(calling_executor const&) const noexcept = default;

    std::atomic<int>* posts;
    std::function<void()> const* call;
};

/// Two workers of this kind, leased.
struct stage {
    io_threads io;
    any_manager pools;
    any_lease held;

    explicit stage(std::string const& backend, manager_options options = {}, int threads = 1)
        : io(threads), pools(io.context(), backend_named(backend), std::move(options))
    {
        start(pools);
        held = acquire(pools);
    }
    ~stage()
    {
        held = {};
        get(pools.async_stop({.mode = stop_mode::cancel}, asio::use_future));
        io.join();
    }

    template <class Call>
    auto run(Call&& call)
    {
        return held.async_run(std::forward<Call>(call), asio::use_future);
    }
};

/// The code with which a future's operation failed; none: it did not.
template <class Future>
error_code failure_of(Future&& future)
{
    try {
        get(std::forward<Future>(future));
    }
    catch (boost::system::system_error const& e) {
        return e.code();
    }
    return {};
}

template <class Future>
std::string text_of_failure(Future&& future)
{
    try {
        get(std::forward<Future>(future));
    }
    catch (std::exception const& e) {
        return e.what();
    }
    return "";
}

}  // namespace jobs_test

using namespace jobs_test;

BOOST_AUTO_TEST_SUITE(jobs_on_both_backends)

BOOST_DATA_TEST_CASE(types_travel_there_and_back, data::make(both), backend)
{
    stage s(backend);
    BOOST_TEST(get(s.run(add_job(2, 3))) == 5);
    BOOST_TEST(get(s.run(half_job(0.1))) == 0.05);
    get(s.run(nothing_job()));

    std::vector<point> const path{{1, 2}, {3.5, -1e300}};
    auto const mirrored = get(s.run(mirror_job(path, 1.0)));
    BOOST_TEST((mirrored == std::vector<point>{{0, 2}, {-2.5, -1e300}}));
    BOOST_TEST((get(s.run(mirror_job({}, std::nullopt))) == std::vector<point>()));

    auto const words = get(s.run(count_words_job({"a", "\u00e4\n\"", "a", ""})));
    BOOST_TEST((words == std::map<std::string, int>{{"", 1}, {"a", 2}, {"\u00e4\n\"", 1}}));
}

BOOST_DATA_TEST_CASE(every_token_gets_the_result, data::make(both), backend)
{
    stage s(backend);
    BOOST_TEST(get(s.held.async_run(add_job(1, 1), asio::use_future)) == 2);
    BOOST_TEST(get(s.held.async_run(add_job(1, 2), asio::deferred)(asio::use_future)) == 3);

    std::promise<int> by_callback;
    s.held.async_run(
        add_job(1, 3), [&](std::exception_ptr, int sum) { by_callback.set_value(sum); });
    BOOST_TEST(get(by_callback.get_future()) == 4);

    auto const coroutine = [&]() -> asio::awaitable<int> {
        int const by_default = co_await s.held.async_run(add_job(1, 4));
        co_return by_default + co_await s.held.async_run(add_job(1, 5), asio::use_awaitable);
    };
    BOOST_TEST(get(asio::co_spawn(s.io.context(), coroutine(), asio::use_future)) == 11);

    s.held.async_run(add_job(1, 6), asio::detached);
    s.held.async_run(fail_job("nobody hears"), asio::detached);
}

BOOST_DATA_TEST_CASE(deferred_job_can_be_launched_more_than_once, data::make(both), backend)
{
    stage s(backend);
    auto const operation = s.held.async_run(count_words_job({"twice"}), asio::deferred);
    BOOST_TEST(get(operation(asio::use_future)).size() == 1u);
    BOOST_TEST(get(operation(asio::use_future)).size() == 1u);
}

BOOST_DATA_TEST_CASE(
    completes_on_the_handlers_executor_and_never_inside_the_call, data::make(both), backend)
{
    tracker_executor::record record;  // the io thread may drop an executor after the handler
    stage s(backend);
    tracker_executor const executor(s.io.context(), record);
    std::promise<bool> inside;
    std::atomic<bool> returned = false;
    s.held.async_run(add_job(1, 1), asio::bind_executor(executor, [&](std::exception_ptr, int) {
        while (!returned) {}
        inside.set_value(tracker_executor::inside() == &record);
    }));
    returned = true;
    BOOST_TEST(get(inside.get_future()));
}

BOOST_DATA_TEST_CASE(manager_acquires_runs_and_releases, data::make(both), backend)
{
    stage s(backend);
    s.held.release();
    BOOST_TEST(get(s.pools.async_run(add_job(20, 1), asio::use_future)) == 21);
    BOOST_TEST(get(s.pools.async_run(
                   acquire_options{.owner = "me"}, add_job(20, 2), asio::use_future)) == 22);
    BOOST_TEST(
        get(s.pools.async_run(job_options().timeout(1h), add_job(20, 3), asio::use_future)) == 23);
    BOOST_TEST(get(s.pools.async_run(
                   acquire_options{}, job_options(), add_job(20, 4), asio::use_future)) == 24);
    while (s.pools.leased() != 0)
        std::this_thread::yield();
}

BOOST_DATA_TEST_CASE(executor_that_throws_at_a_progress_loses_only_that, data::make(both), backend)
{
    std::promise<std::string> logged;
    stage s(backend, {.log = [&](log_record const& r) {
        if (r.message == "the executor of a job's progress threw")
            for (auto const& field : r.fields)
                if (field.name == "error")
                    logged.set_value(field.value);
    }});
    std::atomic<int> posts = 0;
    std::vector<int> seen;
    std::promise<int> result;
    auto options = job_options().on_progress(
        [&](boost::json::value const& at) { seen.push_back(at.to_number<int>()); });
    s.held.async_run(std::move(options), climb_job(3),
        asio::bind_executor(refusing_executor{{&s.io.context()}, &posts},
            [&](std::exception_ptr, int steps) { result.set_value(steps); }));
    BOOST_TEST(get(result) == 3);
    BOOST_TEST((seen == std::vector<int>{2, 3}));
    BOOST_TEST(get(logged) == "the queue is full");
}

BOOST_DATA_TEST_CASE(executor_of_progress_may_use_the_lease, data::make(both), backend)
{
    stage s(backend);
    std::promise<int> sum;
    std::promise<int> result;
    std::atomic<int> posts = 0;
    std::function<void()> const submit = [&] {
        s.held.async_run(add_job(2, 3), [&](std::exception_ptr, int n) { sum.set_value(n); });
    };
    s.held.async_run(job_options().on_progress([](boost::json::value const&) {}), climb_job(3),
        asio::bind_executor(calling_executor{{&s.io.context()}, &posts, &submit},
            [&](std::exception_ptr, int steps) { result.set_value(steps); }));
    BOOST_TEST(get(result) == 3);
    BOOST_TEST(get(sum) == 5);
}

BOOST_DATA_TEST_CASE(progress_comes_in_order_and_before_the_end, data::make(both), backend)
{
    stage s(backend);
    constexpr int steps = 200;
    std::vector<int> seen;
    auto const strand = asio::make_strand(s.io.context());
    std::promise<int> done;
    s.held.async_run(job_options().on_progress(
                         [&](boost::json::value const& v) { seen.push_back(v.to_number<int>()); }),
        climb_job(steps), asio::bind_executor(strand, [&](std::exception_ptr, int reached) {
            seen.push_back(reached + 1);
            done.set_value(reached);
        }));
    BOOST_TEST(get(done.get_future()) == steps);
    BOOST_TEST_REQUIRE(seen.size() == steps + 1u);
    for (int i = 0; i <= steps; ++i)
        BOOST_TEST(seen[static_cast<std::size_t>(i)] == i + 1);
}

BOOST_DATA_TEST_CASE(
    slow_executor_gets_the_newest_progress_and_the_result, data::make(both), backend)
{
    std::atomic<int> logged = 0;
    stage s(backend, {.log = [&](log_record const& r) {
        logged += r.message.starts_with("progress of a job is dropped");
    }});
    constexpr int steps = 100'000;
    asio::io_context slow;
    std::vector<int> seen;
    s.held.async_run(job_options().on_progress(
                         [&](boost::json::value const& v) { seen.push_back(v.to_number<int>()); }),
        climb_job(steps), asio::bind_executor(slow, [&](std::exception_ptr, int reached) {
            seen.push_back(reached + 1);
        }));
    // The executor takes nothing until the job is over.
    while (get(s.pools.async_stats(asio::use_future)).runs == 0)
        std::this_thread::yield();
    slow.run();

    BOOST_TEST_REQUIRE(seen.size() > 1000u);
    BOOST_TEST(seen.size() < 50'000u);
    BOOST_TEST(seen.back() == steps + 1);
    BOOST_TEST(seen.front() == steps + 2 - static_cast<int>(seen.size()));
    BOOST_TEST((std::adjacent_find(seen.begin(), seen.end(),
                    [](int a, int b) { return b != a + 1; }) == seen.end()));
    auto const seen_of_job = seen.size() - 1;
    BOOST_TEST(get(s.pools.async_stats(asio::use_future)).progress_dropped + seen_of_job ==
        static_cast<std::size_t>(steps));
    BOOST_TEST(logged == 1);
}

BOOST_DATA_TEST_CASE(canceled_job_is_asked_to_stop, data::make(both), backend)
{
    stage s(backend);
    auto const strand = asio::make_strand(s.io.context());
    auto const canceled = [&](auto call) {
        asio::cancellation_signal signal;
        auto future = s.held.async_run(job_options().on_progress([&](boost::json::value const&) {
            asio::post(strand, [&] { signal.emit(asio::cancellation_type::terminal); });
        }),
            std::move(call),
            asio::bind_cancellation_slot(
                signal.slot(), asio::bind_executor(strand, asio::use_future)));
        future.wait();
        return future;
    };
    BOOST_TEST(failure_of(canceled(wait_for_stop_job())) == asio::error::operation_aborted);
    // It was asked, and answers what it likes.
    BOOST_TEST(get(canceled(stop_quietly_job())) == "stopped");
    BOOST_TEST(get(s.run(add_job(1, 1))) == 2);
}

BOOST_DATA_TEST_CASE(state_is_made_once_a_worker, data::make(both), backend)
{
    stage s(backend);
    int sum = 0;
    for (int i = 0; i != 20; ++i)
        sum += get(s.run(count_runs_job()));
    // However they fell on two workers: 1 + 2 + ... of each.
    BOOST_TEST(sum >= 2 * 55);
    BOOST_TEST(sum <= 210);
}

BOOST_DATA_TEST_CASE(log_of_a_job_names_it, data::make(both), backend)
{
    std::promise<std::string> heard;
    std::atomic<bool> first = true;
    stage s(backend, {.log = [&](log_record const& record) {
        if (record.message != "mind the gap" || !first.exchange(false))
            return;
        std::string job;
        for (auto const& field : record.fields)
            if (field.name == "job")
                job = field.value;
        heard.set_value(std::string(to_string(record.level)) + ' ' + job);
    }});
    get(s.run(speak_job("mind the gap")));
    BOOST_TEST(get(heard.get_future()) == "warning speak");
}

BOOST_DATA_TEST_CASE(slow_log_gets_the_newest_records, data::make(both), backend)
{
    constexpr int lines = 5000;
    std::promise<void> stuck;
    std::promise<void> go_on;
    std::promise<void> last_came;
    std::vector<std::string> seen;
    std::uint64_t dropped = 0;
    bool first = true;
    stage s(backend,
        {.log =
                [&](log_record const& record) {
                    if (record.message.starts_with("log records were dropped"))
                        dropped += std::stoull(record.fields.front().value);
                    if (!record.message.starts_with("line "))
                        return;
                    seen.emplace_back(record.message.substr(5, record.message.find('.') - 5));
                    if (std::exchange(first, false)) {
                        stuck.set_value();
                        go_on.get_future().wait();
                    }
                    if (seen.back() == std::to_string(lines))
                        last_came.set_value();
                }},
        2);
    auto job = s.run(chat_job(lines));
    get(stuck.get_future());
    // The job does not wait for the log.
    get(std::move(job));
    go_on.set_value();
    get(last_came.get_future());
    get(s.pools.async_stats(asio::use_future));

    BOOST_TEST(seen.size() > 100u);
    BOOST_TEST(seen.size() < 1100u);
    BOOST_TEST(seen.size() + dropped >= static_cast<std::size_t>(lines));
    BOOST_TEST(get(s.pools.async_stats(asio::use_future)).log_records_dropped == dropped);
}

BOOST_DATA_TEST_CASE(jobs_of_a_released_lease_still_end, data::make(both), backend)
{
    stage s(backend);
    auto first = s.run(add_job(4, 4));
    get(s.held.async_release(asio::use_future));
    BOOST_TEST(get(s.pools.async_stats(asio::use_future)).leased == 0u);
    // Its handler may be under way on another thread, but it is not lost.
    BOOST_TEST(get(std::move(first)) == 8);
    BOOST_CHECK_THROW(s.run(add_job(1, 1)), boost::system::system_error);
}

BOOST_DATA_TEST_CASE(job_that_nobody_has_is_refused_by_name, data::make(both), backend)
{
    stage s(backend);
    auto const expected =
        std::string(backend) == "thread" ? errc::job_not_local : errc::unknown_job;
    BOOST_TEST(failure_of(s.run(elsewhere_job(1))) == expected);
    BOOST_TEST(text_of_failure(s.run(elsewhere_job(1))).find("\"elsewhere\"") != std::string::npos);
    BOOST_TEST((failure_of(s.run(elsewhere_job(1))) == condition::misuse));
    BOOST_TEST(get(s.run(add_job(1, 1))) == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(jobs_on_threads)

BOOST_AUTO_TEST_CASE(exception_arrives_as_itself)
{
    stage s("thread");
    BOOST_CHECK_EXCEPTION(get(s.run(fail_job("page 7"))), std::out_of_range,
        [](auto const& e) { return e.what() == std::string("page 7"); });
}

BOOST_AUTO_TEST_CASE(untyped_call_is_refused)
{
    stage s("thread");
    boost::json::array const args{1, 2};
    BOOST_TEST(failure_of(s.held.async_call("add", args, asio::use_future)) == errc::job_not_local);
}

BOOST_AUTO_TEST_CASE(lease_on_threads_runs_jobs_beside_functions)
{
    io_threads io;
    thread_manager pools(io.context(), thread_backend());
    start(pools);
    auto lease = acquire(pools);
    BOOST_TEST(get(lease.async_run(add_job(3, 4), asio::use_future)) == 7);
    BOOST_TEST(get(lease.async_run([] { return 8; }, asio::use_future)) == 8);
    lease.release();
    get(pools.async_stop({}, asio::use_future));
    io.join();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(jobs_on_processes)

BOOST_AUTO_TEST_CASE(exception_arrives_with_its_type_and_text)
{
    stage s("process");
    BOOST_CHECK_EXCEPTION(get(s.run(fail_job("page 7"))), remote_error, [](auto const& e) {
        return e.code() == errc::remote_exception && e.type() == "std::out_of_range" &&
            e.message() == "page 7" && e.job() == "fail";
    });
}

BOOST_AUTO_TEST_CASE(untyped_call_takes_json_as_it_is)
{
    stage s("process");
    boost::json::array const args{40, 2};
    BOOST_TEST(get(s.held.async_call("add", args, asio::use_future)) == boost::json::value(42));
    boost::json::array const wrong{40, "two"};
    auto const text = text_of_failure(s.held.async_call("add", wrong, asio::use_future));
    BOOST_TEST_INFO(text);
    BOOST_TEST(text.find("argument 2") != std::string::npos);
    BOOST_TEST(text.find("number") != std::string::npos);
    boost::json::array const few{40};
    BOOST_TEST(failure_of(s.held.async_call("add", few, asio::use_future)) == errc::bad_arguments);
    BOOST_TEST(get(s.held.async_call("nothing", nullptr, asio::use_future)) == nullptr);
    BOOST_CHECK_THROW(s.held.async_call("add", 1, asio::use_future), std::invalid_argument);
    BOOST_CHECK_THROW(s.held.async_call("", nullptr, asio::use_future), std::invalid_argument);
    BOOST_CHECK_THROW(
        s.held.async_call("leasepool/cancel", nullptr, asio::use_future), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(result_that_is_not_what_was_declared_is_refused)
{
    constexpr leasepool::job<int(std::vector<std::string>)> wrong{"count_words"};
    stage s("process");
    std::vector<std::string> const words{"a"};
    auto const text = text_of_failure(s.run(wrong(words)));
    BOOST_TEST_INFO(text);
    BOOST_TEST(text.find("count_words") != std::string::npos);
    BOOST_TEST(failure_of(s.run(wrong(words))) == errc::bad_result);
}

BOOST_AUTO_TEST_CASE(long_result_is_converted_away_from_the_io_thread)
{
    // This thread runs the context.
    asio::io_context io;
    manager<process_backend> pools(io, process_backend());
    static constexpr job<converted_text(std::size_t)> converted_job{"repeat"};
    converted_text shorter;
    converted_text longer;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            co_await pools.async_start();
            auto held = co_await pools.async_acquire();
            shorter = co_await held.async_run(converted_job(100));
            longer = co_await held.async_run(converted_job(100'000));
            held.release();
            co_await pools.async_stop();
        },
        [](std::exception_ptr error) {
            if (error)
                std::rethrow_exception(error);
        });
    io.run();
    BOOST_TEST(shorter.text.size() == 100u);
    BOOST_TEST((shorter.by == std::this_thread::get_id()));
    BOOST_TEST(longer.text.size() == 100'000u);
    BOOST_TEST((longer.by != std::this_thread::get_id()));
}

BOOST_AUTO_TEST_CASE(executor_of_progress_may_end_the_manager)
{
    io_threads io;
    auto pools = std::make_unique<any_manager>(io.context(), backend_named("process"));
    start(*pools);
    auto held = acquire(*pools);
    std::promise<std::exception_ptr> result;
    std::atomic<int> posts = 0;
    std::function<void()> const end = [&] { pools.reset(); };
    // The operation ends once, with the result or an error.
    held.async_run(job_options().on_progress([](boost::json::value const&) {}), climb_job(3),
        asio::bind_executor(calling_executor{{&io.context()}, &posts, &end},
            [&](std::exception_ptr error, int) { result.set_value(error); }));
    get(result);
    BOOST_TEST(!pools);
    held = {};
    io.join();
}

BOOST_AUTO_TEST_CASE(value_that_cannot_be_json_is_refused_before_it_is_sent)
{
    stage s("process");
    auto const infinite = s.run(half_job(std::numeric_limits<double>::infinity()));
    auto const text = text_of_failure(s.run(half_job(std::numeric_limits<double>::quiet_NaN())));
    BOOST_TEST_INFO(text);
    BOOST_TEST(text.find("argument 1") != std::string::npos);
    BOOST_TEST(failure_of(s.run(count_words_job({"good", "b\xff"}))) == errc::not_serializable);
    BOOST_TEST(get(s.run(add_job(1, 1))) == 2);
}

BOOST_AUTO_TEST_CASE(job_that_takes_too_long_is_stopped)
{
    stage s("process");
    auto const limited = [&](auto call) {
        return s.held.async_run(job_options().timeout(50ms), std::move(call), asio::use_future);
    };
    BOOST_TEST(failure_of(limited(wait_for_stop_job())) == errc::job_timeout);
    BOOST_TEST((failure_of(limited(wait_for_stop_job())) == condition::timeout));
    BOOST_TEST(get(limited(add_job(1, 2))) == 3);
}

BOOST_AUTO_TEST_CASE(error_about_a_result_names_the_job_once)
{
    stage s("process");
    auto const check = [&](auto call, std::string const& expected) {
        auto const text = text_of_failure(s.run(std::move(call)));
        BOOST_TEST(text.starts_with(expected), text);
    };
    check(infinite_job(), "job \"infinite\": its result cannot be sent: not a finite number");
    check(repeat_job(17 << 20), "job \"repeat\": the result is too large for one message");
}

BOOST_AUTO_TEST_CASE(job_of_a_worker_cannot_start_workers_of_its_own_program)
{
    stage s("process");
    BOOST_TEST(
        get(s.run(start_own_workers_job())) == make_error_code(errc::started_as_worker).message());
}

BOOST_AUTO_TEST_CASE(program_that_is_a_worker_does_not_start_itself)
{
    io_threads io;
    manager<process_backend> pools(io.context(), process_backend());
    ::setenv("LEASEPOOL_WORKER", "1", 1);
    auto const error = failure_of(pools.async_start(asio::use_future));
    ::unsetenv("LEASEPOOL_WORKER");
    BOOST_TEST(error == errc::started_as_worker);
    BOOST_TEST(error.message().find("is_worker") != std::string::npos);
    io.join();
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(backends_by_name)

BOOST_AUTO_TEST_CASE(process_is_known_where_its_header_is_included)
{
    BOOST_TEST(any_backend("process").name() == "process");
    BOOST_TEST(any_backend("thread").name() == "thread");
}

BOOST_AUTO_TEST_CASE(unknown_name_is_refused_and_the_known_ones_listed)
{
    BOOST_CHECK_EXCEPTION(any_backend("fiber"), boost::system::system_error, [](auto const& e) {
        std::string const text = e.what();
        return e.code() == errc::unknown_backend && text.find("process") != text.npos &&
            text.find("thread") != text.npos;
    });
    BOOST_CHECK_EXCEPTION(any_backend("interpreter"), boost::system::system_error,
        [](auto const& e) { return e.code() == errc::unsupported_backend; });
}

BOOST_AUTO_TEST_CASE(registered_backend_is_found_by_its_name)
{
    register_backend(
        "two threads", [] { return any_backend(thread_backend({.workers_per_pool = 2})); });
    BOOST_TEST(any_backend("two threads").workers_per_pool() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
