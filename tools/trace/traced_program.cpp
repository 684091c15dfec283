// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Runs one operation a few times and records the last time, from the call to the handler. Its
// argument names the operation; without one it prints the names.

#include "recorder.hpp"

#include <leasepool/job.hpp>
#include <leasepool/manager.hpp>
#include <leasepool/process_backend.hpp>
#include <leasepool/thread_backend.hpp>
#include <leasepool/work_grinder.hpp>
#include <leasepool/worker.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace {

namespace asio = boost::asio;

constexpr int warm_up = 3;

void nothing() {}

constexpr leasepool::job nothing_job{"nothing", &nothing};

/// An io_context where a handler does not begin before all other threads sleep: together with
/// `take_turns` this makes the record the same each time.
class turns {
public:
    // No lambdas: their names would be a part of those of the library's functions.
    class handler {
    public:
        handler(turns& io, bool recorded) : io_(&io), recorded_(recorded) {}

        void operator()(std::exception_ptr error) const
        {
            if (recorded_)
                recorder::end();
            io_->done_ = true;
            io_->failure_ = std::move(error);
        }

        void operator()(boost::system::error_code error) const
        {
            using boost::system::system_error;
            (*this)(error ? std::make_exception_ptr(system_error(error)) : std::exception_ptr());
        }

    private:
        turns* io_;
        bool recorded_;
    };

    asio::io_context& context() noexcept { return io_; }

    /// `start(handler)` begins an operation. Returns once it has called the handler.
    template <class Start>
    void run(Start const& start, bool recorded = false)
    {
        asio::post(io_, [&] {
            if (recorded)
                recorder::begin();
            start(handler(*this, recorded));
        });
        for (done_ = false; !done_;) {
            recorder::wait_until_others_sleep();
            io_.poll_one();
        }
        if (failure_)
            std::rethrow_exception(failure_);
    }

private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
    bool done_ = false;
    std::exception_ptr failure_;
};

template <class Start>
void record(turns& io, Start const& start)
{
    for (int n = 0; n != warm_up; ++n)
        io.run(start);
    io.run(start, true);
}

template <class Backend>
struct keep_lease {
    leasepool::lease<Backend>* to;
    turns::handler then;

    void operator()(boost::system::error_code error, leasepool::lease<Backend> granted) const
    {
        *to = std::move(granted);
        then(error);
    }
};

struct release_lease {
    turns::handler then;

    void operator()(
        boost::system::error_code error, leasepool::lease<leasepool::thread_backend> granted) const
    {
        granted.release();
        then(error);
    }
};

template <class Backend, class Body>
void with_manager(Backend backend, Body const& body)
{
    turns io;
    leasepool::manager<Backend> pools(io.context(), std::move(backend), {.max_pools = 1});
    io.run([&](auto handler) { pools.async_start(handler); });
    body(io, pools);
    io.run([&](auto handler) { pools.async_stop({}, handler); });
}

template <class Backend, class Body>
void with_lease(Backend backend, Body const& body)
{
    with_manager(std::move(backend), [&](turns& io, auto& pools) {
        leasepool::lease<Backend> lease;
        io.run([&](auto handler) {
            pools.async_acquire({}, keep_lease<Backend>{&lease, handler});
        });
        body(io, lease);
    });
}

leasepool::thread_backend threads()
{
    return leasepool::thread_backend({.workers_per_pool = 1});
}

void run(char const*)
{
    with_lease(threads(), [](turns& io, auto& lease) {
        record(io, [&](auto handler) { lease.async_run(nothing, handler); });
    });
}

void manager_run(char const*)
{
    with_manager(threads(), [](turns& io, auto& pools) {
        record(io, [&](auto handler) { pools.async_run(nothing, handler); });
    });
}

void acquire_release(char const*)
{
    with_manager(threads(), [](turns& io, auto& pools) {
        record(io, [&](auto handler) { pools.async_acquire({}, release_lease{handler}); });
    });
}

void grinder_submit(char const*)
{
    with_manager(threads(), [](turns& io, auto& pools) {
        leasepool::work_grinder grinder(pools, {.batch_size = 1});
        io.run([&](auto handler) { grinder.async_start(handler); });
        record(io, [&](auto handler) { grinder.async_submit(nothing, handler); });
        io.run([&](auto handler) { grinder.async_stop({}, handler); });
    });
}

void job(char const* program)
{
    leasepool::process_backend workers({.command = {program, "worker"}, .workers_per_pool = 1});
    with_lease(std::move(workers), [](turns& io, auto& lease) {
        record(io, [&](auto handler) { lease.async_run(nothing_job(), handler); });
    });
}

struct operation {
    std::string_view name;
    void (*run)(char const* program);
};

constexpr operation operations[] = {
    {"run", run},
    {"manager_run", manager_run},
    {"acquire_release", acquire_release},
    {"grinder_submit", grinder_submit},
    {"job", job},
};

}  // namespace

int main(int argc, char** argv)
try {
    std::string_view const name = argc == 2 ? argv[1] : "";
    if (name == "worker")
        return leasepool::run_worker(argc, argv, nothing_job);
    for (auto const& known : operations) {
        if (argc == 1)
            std::cout << known.name << '\n';
        else if (known.name == name) {
            if (!recorder::take_turns())
                throw std::runtime_error("cannot choose CPU and scheduling class");
            known.run(argv[0]);
            return recorder::write() ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    return argc == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
catch (std::exception const& error) {
    std::cerr << argv[0] << ": " << error.what() << '\n';
    return EXIT_FAILURE;
}
