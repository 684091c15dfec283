// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Checksums all files of some trees with reads that block, on leased threads; see `usage`.

#include "all_of.hpp"
#include "checksum_tree.hpp"
#include "holdup_meter.hpp"
#include "options.hpp"
#include "progress_bar.hpp"
#include "report.hpp"

#include <leasepool/manager.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using thread_manager = leasepool::manager<leasepool::thread_backend>;
using boost::system::error_code;

namespace {

void print_warning(leasepool::log_record const& record)
{
    if (record.level < leasepool::severity::warning)
        return;
    std::string text(record.message);
    for (auto const& field : record.fields)
        text.append(" ").append(field.name).append("=").append(field.value);
    std::fprintf(stderr, "%s\n", text.c_str());
}

class program {
public:
    explicit program(options const& o) : options_(o)
    {
        if (!o.on_io_thread)
            pools_.emplace(io_,
                leasepool::thread_backend(
                    {.workers_per_pool = o.workers, .name_prefix = "checksum"}),
                leasepool::manager_options{.max_pools = o.pools, .log = print_warning});
    }

    int run()
    {
        // Ctrl-C cancels what is under way; a second one ends the program at once.
        signals_.async_wait([this](error_code error, int signal) {
            if (error)
                return;
            signal_ = signal;
            signals_.clear();
            cancel_.emit(asio::cancellation_type::terminal);
        });
        asio::co_spawn(io_, checksum_all(),
            asio::bind_cancellation_slot(cancel_.slot(), [this](std::exception_ptr error) {
                error_ = error;
                finish();
            }));
        io_.run();
        return report();
    }

private:
    asio::awaitable<void> checksum_all()
    {
        if (pools_)
            co_await pools_->async_start(asio::use_awaitable);

        std::fprintf(stderr, "%zu trees on %s\n", options_.trees.size(), where().c_str());
        std::vector<asio::awaitable<void>> tasks;
        for (auto const& root : options_.trees)
            tasks.push_back(checksum_one({root, 1.0 / static_cast<double>(options_.trees.size()),
                2 * options_.workers, options_.print}));
        co_await all_of(std::move(tasks));
    }

    asio::awaitable<void> checksum_one(tree_job job)
    {
        if (!pools_) {
            co_await checksum_tree(nullptr, job, totals_);
            co_return;
        }
        try {
            auto lease = co_await pools_->async_acquire({.owner = job.root.native()});
            co_await checksum_tree(&lease, job, totals_);
        }
        catch (boost::system::system_error const& e) {
            if (e.code() == leasepool::condition::canceled)
                throw;
            totals_.unreadable.add(job.root.native() + ": " + e.code().message());
        }
    }

    void finish()
    {
        elapsed_ = std::chrono::steady_clock::now() - start_;
        signals_.cancel();
        bar_.stop();
        meter_.stop();
        if (!pools_)
            return;
        auto const mode = signal_ ? leasepool::stop_mode::cancel : leasepool::stop_mode::drain;
        pools_->async_stop({.mode = mode}, [this](error_code) {
            pools_->async_stats(
                [this](error_code, leasepool::stats stats) { stats_ = std::move(stats); });
        });
    }

    int report()
    {
        if (error_ && !signal_)
            std::rethrow_exception(error_);
        if (std::fflush(stdout) != 0)
            totals_.unreadable.add("cannot write to stdout");
        report_totals(totals_, elapsed_, signal_ != 0);
        report_holdups(meter_.delays());
        if (stats_)
            report_leases(*stats_);
        report_problems(totals_);
        if (signal_)
            return 128 + signal_;
        return totals_.unreadable.count() == 0 ? 0 : 1;
    }

    std::string where() const
    {
        if (!pools_)
            return "the io_context's own thread";
        return std::to_string(options_.pools) + " pools of " + std::to_string(options_.workers) +
            " threads";
    }

    options const& options_;
    tally totals_;
    std::optional<leasepool::stats> stats_;
    std::exception_ptr error_;
    int signal_ = 0;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::duration elapsed_{};

    asio::io_context io_{1};
    std::optional<thread_manager> pools_;
    asio::signal_set signals_{io_, SIGINT, SIGTERM};
    asio::cancellation_signal cancel_;
    progress_bar bar_{io_, totals_};
    holdup_meter meter_{io_};
};

}  // namespace

int main(int argc, char** argv)
{
    try {
        auto const options = parse_options(argc, argv);
        if (options.help)
            return std::fputs(usage.data(), stdout) < 0 ? 1 : 0;
        return program(options).run();
    }
    catch (usage_error const& e) {
        std::fprintf(stderr, "checksum_tree: %s\n%s", e.what(), usage.data());
        return 2;
    }
    catch (std::exception const& e) {
        std::fprintf(stderr, "checksum_tree: %s\n", e.what());
        return 1;
    }
}
