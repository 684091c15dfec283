// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "integration/support/events.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

// Executors that must not outlive their context, as a strand must not, under managers and leases
// that do.

namespace leasepool::test {
namespace {

/// An executor of an io_context that counts its copies.
class counted_executor {
public:
    explicit counted_executor(asio::io_context& io) : under_(io.get_executor()) {}

    /// Those besides this one.
    long copies() const noexcept { return token_.use_count() - 1; }

    template <class F>
    void execute(F&& f) const
    {
        under_.execute(std::forward<F>(f));
    }

    asio::execution_context& query(asio::execution::context_t) const noexcept
    {
        return under_.context();
    }
    static constexpr asio::execution::blocking_t query(asio::execution::blocking_t) noexcept
    {
        return asio::execution::blocking.never;
    }
    counted_executor require(asio::execution::blocking_t::never_t) const noexcept
    {
        auto never = *this;
        never.under_ = asio::require(under_, asio::execution::blocking.never);
        return never;
    }

    friend bool operator==(counted_executor const& a, counted_executor const& b) noexcept
    {
        return a.token_ == b.token_;
    }

private:
    asio::io_context::executor_type under_;
    std::shared_ptr<int> token_ = std::make_shared<int>(0);
};

/// A context that nobody runs but the test, a started manager on an executor of it, and a lease.
template <class Executor>
struct world {
    template <class MakeExecutor>
    explicit world(MakeExecutor make) : executor(make(*io))
    {
        pools.emplace(
            *executor, thread_backend({.workers_per_pool = 1}), manager_options{.max_pools = 1});
        auto const guard = asio::make_work_guard(*io);
        bool granted = false;
        pools->async_start([&](error_code) {
            pools->async_acquire({}, [&](error_code error, thread_lease got) {
                held = std::move(got);
                granted = !error;
            });
        });
        while (!granted)
            io->run_one();
        io->restart();
    }

    std::unique_ptr<asio::io_context> io = std::make_unique<asio::io_context>();
    std::optional<Executor> executor;
    std::optional<thread_manager> pools;
    thread_lease held;
};

struct counted_world : world<counted_executor> {
    counted_world() : world([](asio::io_context& c) { return counted_executor(c); }) {}
};

}  // namespace

BOOST_AUTO_TEST_SUITE(lifetimes_executor)

BOOST_AUTO_TEST_CASE(context_takes_the_executors_of_a_manager_with_it)
{
    counted_world w;
    BOOST_TEST(w.executor->copies() > 0);
    w.io.reset();
    BOOST_TEST(w.executor->copies() == 0);
    BOOST_TEST((w.pools->get_executor() == asio::any_io_executor()));
    BOOST_CHECK_EXCEPTION(w.pools->async_stats([](error_code, stats) {}),
        boost::system::system_error, has_code(errc::not_running));
}

BOOST_AUTO_TEST_CASE(context_takes_the_executors_of_a_manager_that_is_gone_with_it)
{
    counted_world w;
    w.pools.reset();
    std::exception_ptr error;
    w.held.async_run([] {}, [&](std::exception_ptr e) { error = e; });
    w.io->poll();
    BOOST_REQUIRE(error);
    BOOST_CHECK_EXCEPTION(
        std::rethrow_exception(error), boost::system::system_error, has_code(errc::not_running));
    w.io.reset();
    BOOST_TEST(w.executor->copies() == 0);
    BOOST_CHECK_EXCEPTION(w.held.async_release([](error_code) {}), boost::system::system_error,
        has_code(errc::not_running));
}

BOOST_AUTO_TEST_CASE(last_lease_takes_the_executors_of_a_manager_that_is_gone_with_it)
{
    counted_world w;
    w.pools.reset();
    w.io->poll();
    w.held = {};
    BOOST_TEST(w.executor->copies() == 0);
}

BOOST_AUTO_TEST_CASE(last_lease_and_context_may_end_at_the_same_time)
{
    for (int n = 0; n != 300; ++n) {
        counted_world w;
        w.pools.reset();
        std::thread other([&] { w.held = {}; });
        w.io.reset();
        auto const left = w.executor->copies();
        other.join();
        BOOST_TEST(left == 0);
    }
}

BOOST_AUTO_TEST_CASE(strand_goes_before_its_context)
{
    using strand = asio::strand<asio::io_context::executor_type>;
    auto const make = [](asio::io_context& io) { return asio::make_strand(io); };
    for (bool const manager_first : {false, true}) {
        world<strand> w(make);
        w.executor.reset();
        if (manager_first)
            w.pools.reset();
        w.io.reset();
        BOOST_TEST(w.held.valid());  // and whatever it still holds goes now
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace leasepool::test
