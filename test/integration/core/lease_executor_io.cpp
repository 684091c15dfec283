// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/io_threads.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <memory>
#include <string>
#include <thread>

// A lease wherever Asio takes an executor or an execution context.

namespace leasepool::test {
namespace {

using asio::use_awaitable;
using asio::use_future;
using asio::ip::tcp;

class test_service : public asio::execution_context::service {
public:
    using key_type = test_service;
    static asio::execution_context::id id;
    explicit test_service(asio::execution_context& context)
        : asio::execution_context::service(context)
    {
    }

private:
    void shutdown() override {}
};

asio::execution_context::id test_service::id;

/// Whether every step of a coroutine ran on this lease's threads.
struct place {
    explicit place(thread_lease const& lease) : ex(lease.get_executor()) {}
    void look() { everywhere = everywhere && ex.running_in_this_thread(); }

    lease_executor ex;
    bool everywhere = true;
};

BOOST_AUTO_TEST_SUITE(lease_executor_io)

BOOST_AUTO_TEST_CASE(services_register_on_each_leases_own_context)
{
    io_threads io;
    thread_manager pools(io.context(), thread_backend(), {.max_pools = 3});
    start(pools);
    auto const lease1 = acquire(pools);
    auto const lease2 = acquire(pools);
    auto const lease3 = acquire(pools);
    asio::execution_context& pool1 = lease1;
    asio::execution_context& pool2 = lease2;
    asio::execution_context& pool3 = lease3;

    asio::use_service<test_service>(pool1);
    BOOST_TEST(asio::has_service<test_service>(pool1));
    auto twice = std::make_unique<test_service>(pool1);
    BOOST_CHECK_THROW(asio::add_service(pool1, twice.get()), asio::service_already_exists);

    auto& made = asio::make_service<test_service>(pool2);
    BOOST_TEST(&asio::use_service<test_service>(pool2) == &made);

    auto foreign = std::make_unique<test_service>(pool2);
    BOOST_CHECK_THROW(asio::add_service(pool3, foreign.get()), asio::invalid_service_owner);
    BOOST_TEST(!asio::has_service<test_service>(pool3));
}

BOOST_FIXTURE_TEST_CASE(lease_stands_for_an_executor_everywhere, one_lease)
{
    thread_lease const& held = lease;
    std::atomic<int> count{0};
    auto const inc = [&] { ++count; };
    asio::post(lease, inc);
    asio::post(held, inc);
    asio::dispatch(held, inc);
    asio::defer(held, inc);
    asio::post(asio::make_strand(lease), inc);
    asio::post(asio::make_strand(held), inc);
    asio::post(asio::bind_executor(held, inc));
    asio::post(io.context(), asio::bind_executor(lease, inc));
    asio::any_io_executor const any = held;
    asio::post(any, inc);
    auto guard = asio::make_work_guard(held);
    guard.reset();
    asio::steady_timer timer(held);
    asio::steady_timer later(lease, 1h);
    asio::basic_waitable_timer<std::chrono::steady_clock,
        asio::wait_traits<std::chrono::steady_clock>, lease_executor>
        typed(held.get_executor());
    tcp::socket socket(lease);
    tcp::acceptor acceptor(held);
    tcp::resolver resolver(lease);
    auto const token = asio::bind_executor(held, use_awaitable);
    BOOST_CHECK(token.get_executor() == held.get_executor());
    asio::co_spawn(
        held,
        [&]() -> asio::awaitable<void> {
            ++count;
            co_return;
        },
        asio::detached);
    asio::co_spawn(
        lease,
        [&]() -> asio::awaitable<void> {
            ++count;
            co_return;
        },
        asio::detached);

    get(lease.async_release(use_future));
    BOOST_TEST(count == 11);
}

BOOST_FIXTURE_TEST_CASE(timer_on_a_lease_fires_on_its_thread, one_lease)
{
    asio::steady_timer timer(lease, 1ms);
    std::promise<bool> here;
    timer.async_wait([&, ex = lease.get_executor()](error_code error) {
        here.set_value(!error && ex.running_in_this_thread());
    });
    BOOST_TEST(get(here));
}

BOOST_FIXTURE_TEST_CASE(canceled_timer_completes_on_the_leases_thread, one_lease)
{
    asio::steady_timer timer(lease, 1h);
    std::promise<error_code> result;
    bool here = false;
    timer.async_wait([&, ex = lease.get_executor()](error_code error) {
        here = ex.running_in_this_thread();
        result.set_value(error);
    });
    timer.cancel();
    BOOST_TEST(get(result) == asio::error::operation_aborted);
    BOOST_TEST(here);
}

asio::awaitable<void> echo(tcp::acceptor& acceptor, place& at)
{
    auto socket = co_await acceptor.async_accept(use_awaitable);
    std::string buffer(1024, '\0');
    try {
        for (;;) {
            at.look();
            auto const n = co_await socket.async_read_some(asio::buffer(buffer), use_awaitable);
            co_await asio::async_write(socket, asio::buffer(buffer, n), use_awaitable);
        }
    }
    catch (boost::system::system_error const& e) {
        if (e.code() != asio::error::eof)
            throw;
    }
}

asio::awaitable<std::string> ask(tcp::endpoint to, std::string what)
{
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(to, use_awaitable);
    co_await asio::async_write(socket, asio::buffer(what), use_awaitable);
    std::string answer(what.size(), '\0');
    co_await asio::async_read(socket, asio::buffer(answer), use_awaitable);
    co_return answer;
}

BOOST_AUTO_TEST_CASE(tcp_server_and_client_both_live_on_leases)
{
    io_threads io;
    thread_manager pools(io.context(), thread_backend({.workers_per_pool = 2}), {.max_pools = 2});
    start(pools);
    auto server = acquire(pools);
    auto client = acquire(pools);
    place at(server);
    {
        tcp::acceptor acceptor(server, {asio::ip::address_v4::loopback(), 0});
        auto served = asio::co_spawn(server, echo(acceptor, at), use_future);
        std::string const text(100'000, 'x');
        auto answer = asio::co_spawn(client, ask(acceptor.local_endpoint(), text), use_future);
        BOOST_CHECK(get(std::move(answer)) == text);
        get(std::move(served));
    }
    BOOST_TEST(at.everywhere);
    get(server.async_release(use_future));
    get(client.async_release(use_future));
    BOOST_TEST(get(pools.async_stats(use_future)).leased == 0u);
}

BOOST_AUTO_TEST_CASE(socket_pair_connects_a_lease_and_the_io_context)
{
    using local = asio::local::stream_protocol;
    one_lease leased;
    local::socket ours(leased.io.context());
    local::socket theirs(leased.lease);
    asio::local::connect_pair(ours, theirs);
    char c = 0;
    auto read = theirs.async_read_some(asio::buffer(&c, 1), use_future);
    auto wrote = asio::async_write(ours, asio::buffer("!", 1), use_future);
    BOOST_TEST(get(std::move(wrote)) == 1u);
    BOOST_TEST(get(std::move(read)) == 1u);
    BOOST_TEST(c == '!');
}

BOOST_FIXTURE_TEST_CASE(coroutine_stays_on_its_lease_across_every_await, one_lease)
{
    place at(lease);
    auto const inner = [&]() -> asio::awaitable<int> {
        at.look();
        co_await asio::post(use_awaitable);
        at.look();
        co_return 6;
    };
    auto const outer = [&]() -> asio::awaitable<int> {
        at.look();
        auto const called = co_await inner();
        auto const spawned =
            co_await asio::co_spawn(co_await asio::this_coro::executor, inner, use_awaitable);
        asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
        co_await timer.async_wait(use_awaitable);
        at.look();
        co_await asio::post(pools.get_executor(), use_awaitable);
        at.look();
        auto const run = co_await lease.async_run([&] { return 30; }, use_awaitable);
        at.look();
        co_return called + spawned + run;
    };
    BOOST_TEST(get(asio::co_spawn(lease, outer, use_future)) == 42);
    BOOST_TEST(at.everywhere);
}

BOOST_AUTO_TEST_CASE(coroutine_moves_between_io_context_and_lease_with_nested_co_spawn)
{
    one_lease leased;
    place at(leased.lease);
    auto const on_lease = [&]() -> asio::awaitable<std::thread::id> {
        at.look();
        co_await asio::post(use_awaitable);
        at.look();
        co_return std::this_thread::get_id();
    };
    auto const on_io = [&]() -> asio::awaitable<bool> {
        auto const here = std::this_thread::get_id();
        auto const there = co_await asio::co_spawn(leased.lease, on_lease, use_awaitable);
        co_return here != there&& std::this_thread::get_id() == here;
    };
    BOOST_TEST(get(asio::co_spawn(leased.io.context(), on_io, use_future)));
    BOOST_TEST(at.everywhere);
}

BOOST_FIXTURE_TEST_CASE(exception_of_a_coroutine_on_a_lease_reaches_its_awaiter, one_lease)
{
    auto const fails = []() -> asio::awaitable<void> {
        co_await asio::post(use_awaitable);
        throw std::domain_error("mine");
    };
    BOOST_CHECK_THROW(get(asio::co_spawn(lease, fails, use_future)), std::domain_error);
    BOOST_TEST(get(lease.async_run([] { return 1; }, use_future)) == 1);
}

BOOST_AUTO_TEST_CASE(strand_on_a_lease_serializes_its_threads)
{
    one_lease leased(4);
    auto const strand = asio::make_strand(leased.lease);
    // Not atomic: the strand is the synchronization.
    int count = 0;
    constexpr int many = 2000;
    for (int i = 0; i != many / 2; ++i) {
        asio::post(strand, [&] { ++count; });
        asio::post(leased.lease, [&] { asio::dispatch(strand, [&] { ++count; }); });
    }
    get(leased.lease.async_release(use_future));
    BOOST_TEST(count == many);
}

BOOST_FIXTURE_TEST_CASE(handler_bound_to_a_lease_is_called_there, one_lease)
{
    auto const ex = lease.get_executor();
    std::promise<bool> here;
    asio::steady_timer timer(io.context(), 1ms);
    timer.async_wait(asio::bind_executor(
        lease, [&, ex](error_code) { here.set_value(ex.running_in_this_thread()); }));
    BOOST_TEST(get(here));

    std::promise<bool> run_here;
    lease.async_run([] {}, asio::bind_executor(lease, [&, ex](std::exception_ptr) {
        run_here.set_value(ex.running_in_this_thread());
    }));
    BOOST_TEST(get(run_here));
}

BOOST_AUTO_TEST_CASE(unhandled_exception_is_logged_and_observed_and_the_thread_goes_on)
{
    std::promise<std::pair<std::uint64_t, std::string>> observed;
    std::promise<std::string> logged;
    manager_options options;
    options.log = [&](log_record const& record) {
        for (auto const& field : record.fields)
            if (record.level == severity::error && field.name == "error")
                logged.set_value(field.value);
    };
    options.observer.on_unhandled_exception = [&](std::uint64_t id, std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        }
        catch (std::exception const& e) {
            observed.set_value({id, e.what()});
        }
    };
    one_lease leased(1, options);
    auto const thread =
        get(leased.lease.async_run([] { return std::this_thread::get_id(); }, use_future));
    asio::post(leased.lease, [] { throw std::runtime_error("thrown on purpose"); });
    auto const seen = get(observed);
    BOOST_TEST(seen.first == leased.lease.id());
    BOOST_TEST(seen.second == "thrown on purpose");
    BOOST_TEST(get(logged) == "thrown on purpose");
    auto const after =
        get(leased.lease.async_run([] { return std::this_thread::get_id(); }, use_future));
    BOOST_CHECK(thread == after);
    BOOST_TEST(get(leased.pools.async_stats(use_future)).unhandled_exceptions == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace leasepool::test
