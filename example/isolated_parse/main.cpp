// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Evaluates headers with a parser that some of them crash or hang, in worker processes; see `usage`.

#include "find_headers.hpp"
#include "header_job.hpp"
#include "options.hpp"
#include "report.hpp"
#include "tally.hpp"
#include "verdict.hpp"

#include <leasepool/manager.hpp>
#include <leasepool/process_backend.hpp>
#include <leasepool/worker.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using process_manager = leasepool::manager<leasepool::process_backend>;
using boost::system::error_code;

namespace {

leasepool::process_backend_options worker_options(options const& o)
{
    leasepool::process_backend_options workers;
    workers.workers_per_pool = o.workers != 0 ? o.workers : leasepool::available_cpus();
    workers.job_timeout = o.timeout;
    // The parser takes no notice when it is asked to stop, so there is no point in waiting for long.
    workers.kill_grace = std::chrono::milliseconds(500);
    // However the program was started: a stack that has an end, and no file for each crash.
    workers.limits.stack_size = std::uint64_t{8} << 20;
    workers.limits.core_size = 0;
    if (o.memory != 0)
        workers.limits.address_space = o.memory << 20;
    return workers;
}

class program {
public:
    explicit program(options const& o)
        : options_(o), found_(find_headers(o.paths)), workers_(worker_options(o)),
          pools_(io_, leasepool::process_backend(workers_), {.max_pools = 1})
    {
    }

    int run()
    {
        // Ctrl-C kills what is under way; a second one ends the program at once.
        signals_.async_wait([this](error_code error, int signal) {
            if (error)
                return;
            signal_ = signal;
            signals_.clear();
            stop(leasepool::stop_mode::cancel);
        });
        spawn(start());
        io_.run();
        return report();
    }

private:
    asio::awaitable<void> start()
    {
        co_await pools_.async_start();
        lease_ = co_await pools_.async_acquire({.owner = "isolated_parse"});
        std::fprintf(stderr, "%zu headers on %zu worker processes\n", found_.headers.size(),
            workers_.workers_per_pool);
        // A worker begins the next header while the last one's result is on its way, if it has it.
        auto const in_flight = std::min(found_.headers.size(), 2 * workers_.workers_per_pool);
        for (std::size_t i = 0; i != in_flight; ++i)
            spawn(evaluate_headers());
    }

    // Several of these take the headers one by one.
    asio::awaitable<void> evaluate_headers()
    {
        while (next_ != found_.headers.size()) {
            auto const& path = found_.headers[next_++];
            std::exception_ptr error;
            try {
                auto const facts = co_await lease_.async_run(evaluate_header_job(path));
                totals_.add(path, facts);
                if (options_.print)
                    print_constants(path, facts);
            }
            catch (...) {
                error = std::current_exception();
            }
            if (error) {
                auto const failure = classify(error);
                totals_.add(failure);
                report_failure(path, failure);
            }
            // A sign of life: it has come to an end, one way or the other.
            lease_.renew(options_.timeout + std::chrono::minutes(1));
        }
    }

    void spawn(asio::awaitable<void> task)
    {
        ++running_;
        asio::co_spawn(io_, std::move(task), [this](std::exception_ptr error) {
            if (error && !error_ && signal_ == 0)
                error_ = error;
            if (error)
                next_ = found_.headers.size();
            if (--running_ == 0)
                stop(leasepool::stop_mode::drain);
        });
    }

    void stop(leasepool::stop_mode mode)
    {
        if (running_ == 0) {
            elapsed_ = std::chrono::steady_clock::now() - start_;
            signals_.cancel();
            lease_.release();
        }
        pools_.async_stop({.mode = mode}, [](error_code) {});
    }

    int report()
    {
        if (error_)
            std::rethrow_exception(error_);
        report_totals(totals_, elapsed_, signal_ != 0);
        for (auto const& each : found_.unreadable)
            std::fprintf(stderr, "could not be read: %s\n", each.c_str());
        bool const written = std::fflush(stdout) == 0;
        if (!written)
            std::fputs("cannot write to stdout\n", stderr);
        if (signal_ != 0)
            return 128 + signal_;
        return written && totals_.failed == 0 && found_.unreadable.empty() ? 0 : 1;
    }

    options const& options_;
    findings found_;
    std::size_t next_ = 0;
    tally totals_;
    std::exception_ptr error_;
    std::size_t running_ = 0;
    int signal_ = 0;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::duration elapsed_{};

    asio::io_context io_{1};
    leasepool::process_backend_options workers_;
    process_manager pools_;
    leasepool::lease<leasepool::process_backend> lease_;
    asio::signal_set signals_{io_, SIGINT, SIGTERM};
};

}  // namespace

int main(int argc, char** argv)
{
    // A worker is this program again.
    if (leasepool::is_worker(argc, argv))
        return leasepool::run_worker(argc, argv, evaluate_header_job);
    try {
        auto const options = parse_options(argc, argv);
        if (options.help)
            return std::fputs(usage.data(), stdout) < 0 ? 1 : 0;
        return program(options).run();
    }
    catch (usage_error const& e) {
        std::fprintf(stderr, "isolated_parse: %s\n%s", e.what(), usage.data());
        return 2;
    }
    catch (std::exception const& e) {
        std::fprintf(stderr, "isolated_parse: %s\n", e.what());
        return 1;
    }
}
