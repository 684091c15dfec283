// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Each line that is marked "flagged" draws the warning on g++ 12, and no other line does.

#include <leasepool.hpp>
#include <leasepool/worker_state.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/describe/class.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace asio = boost::asio;
using backend = leasepool::thread_backend;
using leasepool::job_options;
using leasepool::with_state;
using text_ptr = std::shared_ptr<std::string>;

namespace {

struct document {
    std::string title;
};
BOOST_DESCRIBE_STRUCT(document, (), (title))

struct point {
    int x = 0;
};
BOOST_DESCRIBE_STRUCT(point, (), (x))

constexpr leasepool::job<int(document const&)> parse_job{"parse"};
constexpr leasepool::job<int(std::string const&)> length_job{"length"};
constexpr leasepool::job<int(point)> norm_job{"norm"};

struct functor {
    text_ptr text;
    void operator()() const {}
};

}  // namespace

asio::awaitable<void> on_a_lease(leasepool::lease<backend>& lease, text_ptr p)
{
    boost::system::error_code error;
    co_await lease.async_run([p] {});                                              // flagged
    co_await lease.async_run([p] {}, asio::use_awaitable);                         // flagged
    co_await lease.async_run([p] {}, asio::deferred)(asio::use_awaitable);         // flagged
    co_await lease.async_run([p] {}, asio::as_tuple(asio::use_awaitable));         // flagged
    co_await lease.async_run([p] {}, redirect_error(asio::use_awaitable, error));  // flagged
    co_await lease.async_run(functor{p});                                          // flagged
    co_await lease.async_run(std::function<void()>([p] {}));                       // flagged
    co_await lease.async_run(with_state<int>([p](int&) {}));                       // flagged
    co_await lease.async_run(parse_job(document{"a"}));                            // flagged
    co_await lease.async_run(parse_job({"a"}));                                    // flagged
    co_await lease.async_run(job_options(), parse_job({"a"}));                     // flagged
    auto options = [p](boost::json::value const&) {};
    co_await lease.async_run(job_options().on_progress([p](auto&) {}), norm_job({1}));  // flagged

    auto named = [p] {};
    co_await lease.async_run(named);
    co_await lease.async_run(std::ref(named));
    co_await lease.async_run(std::as_const(named), asio::as_tuple(asio::use_awaitable));
    co_await lease.async_run([&] { p->clear(); });
    co_await lease.async_run([n = p.get()] { n->clear(); });
    co_await lease.async_run(with_state<int>([&](int& n) { n = p ? 1 : 0; }));
    auto call = parse_job(document{"a"});
    co_await lease.async_run(call);
    co_await lease.async_run(job_options(), call);
    co_await lease.async_run(length_job("a"));
    co_await lease.async_run(length_job(*p), asio::use_awaitable);
    co_await lease.async_run(norm_job({1}));
    co_await lease.async_run(job_options().on_progress(options), length_job("a"));
    job_options other;
    other.on_progress([p](boost::json::value const&) {});
    co_await lease.async_run(other, length_job("a"));
}

asio::awaitable<void> on_a_manager(leasepool::manager<backend>& pools, text_ptr p)
{
    auto const token = asio::use_awaitable;
    co_await pools.async_run([p] {});                                           // flagged
    co_await pools.async_run({.owner = "a"}, [p] {});                           // flagged
    co_await pools.async_run({.owner = "a"}, functor{p}, token);                // flagged
    co_await pools.async_run(parse_job({"a"}));                                 // flagged
    co_await pools.async_run(job_options(), parse_job({"a"}));                  // flagged
    co_await pools.async_run({.owner = "a"}, parse_job({"a"}));                 // flagged
    co_await pools.async_run({.owner = "a"}, job_options(), parse_job({"a"}));  // flagged

    auto named = [p] {};
    co_await pools.async_run(named);
    co_await pools.async_run({.owner = "a"}, std::ref(named));
    auto call = parse_job({"a"});
    co_await pools.async_run(call);
    co_await pools.async_run(job_options(), call);
    co_await pools.async_run({.owner = "a"}, call);
    co_await pools.async_run({.owner = "a"}, job_options(), call);
}

asio::awaitable<void> on_a_grinder(leasepool::work_grinder<backend>& grinder, text_ptr p)
{
    co_await grinder.async_submit([p] {});                            // flagged
    co_await grinder.async_submit({.owner = "a"}, [p] {});            // flagged
    co_await grinder.async_submit(parse_job({"a"}));                  // flagged
    co_await grinder.async_submit({.owner = "a"}, parse_job({"a"}));  // flagged

    auto named = [p] {};
    co_await grinder.async_submit(named);
    co_await grinder.async_submit({.owner = "a"}, std::ref(named));
    auto call = parse_job({"a"});
    co_await grinder.async_submit(call);
    co_await grinder.async_submit({.owner = "a"}, call);
}

// What cannot be awaited is not flagged, whatever it gets.
void outside_of_coroutines(leasepool::lease<backend>& lease, leasepool::manager<backend>& pools,
    leasepool::work_grinder<backend>& grinder, text_ptr p)
{
    lease.async_run([p] {}, [p](std::exception_ptr) {});
    lease.async_run([p] {}, asio::bind_executor(pools.get_executor(), [](std::exception_ptr) {}));
    lease.async_run([p] {}, asio::detached);
    lease.async_run([p] {}, asio::use_future).get();
    lease.async_run(functor{p}, std::function<void(std::exception_ptr)>());
    lease.async_run(parse_job({"a"}), [p](std::exception_ptr, int) {});
    lease.async_run(job_options(), parse_job({"a"}), asio::use_future).get();
    pools.async_run([p] {}, asio::use_future).get();
    pools.async_run({.owner = "a"}, job_options(), parse_job({"a"}), asio::detached);
    grinder.async_submit([p] {}, asio::use_future).get();
    grinder.async_submit({.owner = "a"}, parse_job({"a"}), asio::detached);
}
