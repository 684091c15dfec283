// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Where and when completion handlers run, and what becomes of them.

#include "integration/support/tracker_executor.hpp"
#include "integration/support/waiting_operations.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <future>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

using namespace leasepool;
using namespace leasepool::test;

namespace {

/// True on a thread that is inside an initiating function.
thread_local bool initiating = false;

template <class F>
void initiate(F&& f)
{
    initiating = true;
    std::forward<F>(f)();
    initiating = false;
}

/// What became of a handler. The handler may outlive the test's interest in it.
struct handler_trace {
    std::promise<error_code> done;
    std::atomic<int> calls = 0;
    std::atomic<int> destroyed = 0;
    std::atomic<bool> inside_initiation = false;
    std::thread::id ran_on;
};

class record {
public:
    handler_trace* operator->() const { return trace_.get(); }
    std::shared_ptr<handler_trace> const& share() const { return trace_; }

private:
    std::shared_ptr<handler_trace> trace_ = std::make_shared<handler_trace>();
};

/// A handler that is destroyed once, however often it is moved.
class receiver {
public:
    explicit receiver(record const& r) : life_(r.share().get(), bury{r.share()}) {}

    template <class Error, class... Results>
    void operator()(Error const& error, Results const&...)
    {
        life_->inside_initiation = initiating;
        life_->ran_on = std::this_thread::get_id();
        ++life_->calls;
        life_->done.set_value(code_of(error));
    }

private:
    struct bury {
        std::shared_ptr<handler_trace> keep;
        void operator()(handler_trace* f) const { ++f->destroyed; }
    };
    std::unique_ptr<handler_trace, bury> life_;
};

using runs_on_a_lease = boost::mpl::list<queued_run, running_run>;

/// Begins an operation that has to wait, lets it go, and gives the outcome.
template <class Op, class Handler>
void go_through(scene& s, Handler&& handler, record const& r)
{
    Op::begin(s, std::forward<Handler>(handler));
    Op::pending(s);
    BOOST_TEST(r->calls == 0);
    Op::let_go(s);
    BOOST_TEST(get(r->done) == error_code());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(contract_completion)

BOOST_AUTO_TEST_CASE_TEMPLATE(
    handler_runs_by_default_on_the_managers_executor, Op, waiting_operations)
{
    scene s(!Op::starts);
    Op::prepare(s);
    std::thread::id io_thread;
    s.on_io([&] { io_thread = std::this_thread::get_id(); });
    record const r;
    go_through<Op>(s, receiver(r), r);
    BOOST_TEST((r->ran_on == io_thread));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(
    handler_runs_on_its_own_io_context_and_keeps_it_running, Op, waiting_operations)
{
    asio::io_context own;
    scene s(!Op::starts);
    Op::prepare(s);
    record const r;
    Op::begin(s, asio::bind_executor(own, receiver(r)));
    Op::pending(s);
    // Out of work, it would be stopped now.
    BOOST_TEST(own.poll() == 0u);
    BOOST_TEST(!own.stopped());
    Op::let_go(s);
    BOOST_TEST(own.run() == 1u);
    BOOST_TEST(r->calls == 1);
    BOOST_TEST((r->ran_on == std::this_thread::get_id()));
    BOOST_TEST(own.stopped());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(handler_runs_on_its_strand, Op, waiting_operations)
{
    asio::thread_pool own(2);
    {
        scene s(!Op::starts);
        auto const strand = asio::make_strand(own);
        Op::prepare(s);
        record const r;
        std::atomic<bool> on_strand = false;
        auto const handler = [&, inner = std::make_shared<receiver>(r)](auto const&... args) {
            on_strand = strand.running_in_this_thread();
            (*inner)(args...);
        };
        go_through<Op>(s, asio::bind_executor(strand, handler), r);
        BOOST_TEST(on_strand);
    }
    own.join();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(
    handler_runs_on_its_thread_pool_which_waits_for_it, Op, waiting_operations)
{
    asio::thread_pool own(1);
    scene s(!Op::starts);
    Op::prepare(s);
    record const r;
    std::atomic<bool> on_pool = false;
    auto const handler = [&, inner = std::make_shared<receiver>(r)](auto const&... args) {
        on_pool = own.get_executor().running_in_this_thread();
        (*inner)(args...);
    };
    Op::begin(s, asio::bind_executor(own, handler));
    Op::pending(s);
    Op::let_go(s);
    // Outstanding work: `join` returns after the handler.
    own.join();
    BOOST_TEST(r->calls == 1);
    BOOST_TEST(on_pool);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(handler_runs_on_the_system_executor, Op, waiting_operations)
{
    scene s(!Op::starts);
    Op::prepare(s);
    std::thread::id io_thread;
    s.on_io([&] { io_thread = std::this_thread::get_id(); });
    record const r;
    go_through<Op>(s, asio::bind_executor(asio::system_executor(), receiver(r)), r);
    BOOST_TEST((r->ran_on != io_thread));
    BOOST_TEST((r->ran_on != std::this_thread::get_id()));
}

// An executor of the user's own, which any_io_executor cannot hold.
BOOST_AUTO_TEST_CASE_TEMPLATE(
    handler_runs_on_an_executor_that_is_no_io_executor, Op, waiting_operations)
{
    asio::io_context own;
    tracker_executor::record tracked;
    scene s(!Op::starts);
    Op::prepare(s);
    record const r;
    bool inside = false;
    auto const handler = [&, inner = std::make_shared<receiver>(r)](auto const&... args) {
        inside = tracker_executor::inside() == &tracked;
        // The work is let go of after the handler has run.
        BOOST_TEST(tracked.work > 0);
        (*inner)(args...);
    };
    Op::begin(s, asio::bind_executor(tracker_executor(own, tracked), handler));
    Op::pending(s);
    BOOST_TEST(tracked.work > 0);
    BOOST_TEST(own.poll() == 0u);
    Op::let_go(s);
    own.restart();
    auto const guard = asio::make_work_guard(own);
    while (r->calls == 0)
        own.run_one();
    BOOST_TEST(inside);
    BOOST_TEST(tracked.work == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(
    never_completes_inside_the_initiating_function, Op, waiting_operations)
{
    // Everything is let go before it begins, so that it could complete at once.
    for (bool const on_io : {false, true}) {
        scene s(!Op::starts);
        s.starting.open();
        s.running.open();
        if (!Op::starts)
            s.take_lease();
        if (std::is_same_v<Op, waiting_acquire> || std::is_same_v<Op, waiting_manager_run> ||
            std::is_same_v<Op, waiting_stop> || std::is_same_v<Op, running_manager_run>) {
            s.held.release();
            s.settle();
        }
        record const r;
        auto const begin = [&] { initiate([&] { Op::begin(s, receiver(r)); }); };
        if (on_io)
            s.on_io(begin);
        else
            begin();
        BOOST_TEST(get(r->done) == error_code());
        BOOST_TEST(!r->inside_initiation);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(
    never_completes_inside_the_initiating_function_on_a_pools_thread, Op, waiting_operations)
{
    if (Op::starts || std::is_same_v<Op, waiting_release>)
        return;  // no thread yet; would_deadlock, see below
    scene s;
    s.running.open();
    s.take_lease();
    record const r;
    // The lease's thread is the initiator and, with `running` open, nothing waits.
    get(asio::post(
        s.held, asio::use_future([&] { initiate([&] { Op::begin(s, receiver(r)); }); })));
    s.held = {};
    BOOST_TEST(get(r->done) == error_code());
    BOOST_TEST(!r->inside_initiation);
}

BOOST_AUTO_TEST_CASE(errors_never_complete_inside_the_initiating_function)
{
    scene s;
    s.take_lease();
    auto const check = [&](errc expected, auto const& begin) {
        for (bool const on_io : {false, true}) {
            record const r;
            auto const here = [&] { initiate([&] { begin(receiver(r)); }); };
            if (on_io)
                s.on_io(here);
            else
                here();
            BOOST_TEST(get(r->done) == expected);
            BOOST_TEST(!r->inside_initiation);
        }
    };
    auto& pools = *s.pools;
    check(errc::unavailable, [&](auto h) { pools.async_acquire({.wait = false}, std::move(h)); });
    check(
        errc::acquire_timeout, [&](auto h) { pools.async_acquire({.timeout = 0s}, std::move(h)); });
    check(errc::invalid_duration,
        [&](auto h) { pools.async_acquire({.duration = 0s}, std::move(h)); });
    check(
        errc::invalid_duration, [&](auto h) { pools.async_stop({.deadline = -1s}, std::move(h)); });
    check(errc::unavailable, [&](auto h) {
        pools.async_run(
            {.wait = false}, [] {}, std::move(h));
    });
    get(pools.async_stop({.mode = stop_mode::cancel}, asio::use_future));
    check(errc::not_running, [&](auto h) { pools.async_acquire({}, std::move(h)); });
    check(errc::not_running, [&](auto h) { s.held.async_run([] {}, std::move(h)); });
}

BOOST_AUTO_TEST_CASE(release_on_the_leases_own_thread_says_would_deadlock_and_releases)
{
    scene s;
    s.take_lease();
    record const r;
    std::promise<void> begun;
    asio::post(s.held, [&] {
        initiate([&] { s.held.async_release(receiver(r)); });
        begun.set_value();
    });
    get(begun);
    BOOST_TEST(get(r->done) == errc::would_deadlock);
    BOOST_TEST(!r->inside_initiation);
    s.check_alive();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(handler_is_called_once_and_destroyed_once, Op, waiting_operations)
{
    record const r;
    {
        scene s(!Op::starts);
        Op::prepare(s);
        go_through<Op>(s, receiver(r), r);
    }
    BOOST_TEST(r->calls == 1);
    BOOST_TEST(r->destroyed == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(managers_destruction_completes_what_waits, Op, waiting_operations)
{
    scene s(!Op::starts);
    Op::prepare(s);
    record const r;
    Op::begin(s, receiver(r));
    Op::pending(s);
    // The destructor waits for threads: nothing holds those up but what runs.
    std::thread opener;
    if (Op::starts || std::is_same_v<Op, waiting_release> || std::is_same_v<Op, queued_run> ||
        std::is_same_v<Op, running_run>)
        opener = std::thread([&] { Op::let_go(s); });
    s.pools.reset();
    if (opener.joinable())
        opener.join();
    auto const error = get(r->done);
    if (Op::runs || std::is_same_v<Op, waiting_stop>)
        BOOST_TEST(error == error_code());
    else if (error)  // or it was let go first
        BOOST_TEST(error == errc::not_running);
    s.io->join();
    BOOST_TEST(r->calls == 1);
    BOOST_TEST(r->destroyed == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(
    contexts_destruction_destroys_what_waits_uncalled, Op, waiting_operations)
{
    for (bool const manager_first : {false, true}) {
        scene s(!Op::starts);
        Op::prepare(s);
        record const r;
        Op::begin(s, receiver(r));
        Op::pending(s);
        s.io->context().stop();
        s.io->join();
        std::thread opener;
        if (Op::starts || std::is_same_v<Op, waiting_release> || std::is_same_v<Op, queued_run> ||
            std::is_same_v<Op, running_run>)
            opener = std::thread([&] { s.starting.open(), s.running.open(); });
        if (manager_first)
            s.pools.reset();
        s.io.reset();
        if (opener.joinable())
            opener.join();
        BOOST_TEST(r->calls == 0);
        BOOST_TEST(r->destroyed == 1);
        s.pools.reset();
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(
    lease_may_move_and_end_while_its_function_is_pending, Op, runs_on_a_lease)
{
    for (bool const release_only : {false, true}) {
        scene s;
        Op::prepare(s);
        record const r;
        Op::begin(s, receiver(r));
        Op::pending(s);
        auto moved = std::make_unique<thread_lease>(std::move(s.held));
        BOOST_TEST(!s.held.valid());
        if (release_only)
            moved->release();
        moved.reset();
        s.settle();
        BOOST_TEST(s.pools->available() == 0u);
        s.running.open();
        BOOST_TEST(get(r->done) == error_code());
        s.check_alive();
    }
}

BOOST_AUTO_TEST_CASE(function_and_result_may_be_move_only)
{
    scene s;
    s.take_lease();
    auto value = std::make_unique<int>(7);
    auto on_lease = s.held.async_run(
        [v = std::move(value)]() mutable { return std::move(v); }, asio::use_future);
    BOOST_TEST(*get(std::move(on_lease)) == 7);
    s.held.release();
    auto on_manager = s.pools->async_run(
        [v = std::make_unique<int>(8)]() mutable { return std::move(v); }, asio::use_future);
    BOOST_TEST(*get(std::move(on_manager)) == 8);
}

BOOST_AUTO_TEST_CASE(function_is_destroyed_on_its_thread_before_the_handler_runs)
{
    struct probe {
        std::promise<std::thread::id>* gone;
        explicit probe(std::promise<std::thread::id>& g) : gone(&g) {}
        probe(probe&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
        ~probe()
        {
            if (gone)
                gone->set_value(std::this_thread::get_id());
        }
    };
    scene s;
    s.take_lease();
    std::promise<std::thread::id> gone;
    auto const ran_on = get(s.held.async_run(
        [p = probe(gone)] { return std::this_thread::get_id(); }, asio::use_future));
    auto destroyed_on = gone.get_future();
    BOOST_TEST((destroyed_on.wait_for(0s) == std::future_status::ready));
    BOOST_TEST((destroyed_on.get() == ran_on));
}

BOOST_AUTO_TEST_CASE(what_a_function_throws_arrives_as_itself)
{
    struct odd {
        int n;
    };
    scene s;
    s.take_lease();
    BOOST_CHECK_EXCEPTION(get(s.held.async_run([]() -> int { throw odd{3}; }, asio::use_future)),
        odd, [](odd const& e) { return e.n == 3; });
    BOOST_CHECK_THROW(get(s.held.async_run([] { throw std::out_of_range("x"); }, asio::use_future)),
        std::out_of_range);
    s.held.release();
    BOOST_CHECK_EXCEPTION(get(s.pools->async_run([] { throw odd{4}; }, asio::use_future)), odd,
        [](odd const& e) { return e.n == 4; });
    s.check_alive();
}

BOOST_AUTO_TEST_SUITE_END()
