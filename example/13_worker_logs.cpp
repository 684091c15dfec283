// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// What jobs log, and what they print, reaches the parent's log: with the worker and the job.

#include <leasepool.hpp>
#include <leasepool/process_backend.hpp>
#include <leasepool/worker.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace asio = boost::asio;
using leasepool::severity;
using process_manager = leasepool::manager<leasepool::process_backend>;

// The rows that are good.
int import(leasepool::job_context& context, std::vector<int> rows)
{
    context.log(severity::debug, "the parent has asked for less than this");
    context.log(severity::info, std::to_string(rows.size()) + " rows to import");
    int good = 0;
    for (auto const row : rows) {
        if (row >= 0)
            ++good;
        else
            context.log(severity::warning, "row " + std::to_string(row) + " makes no sense");
    }
    std::puts("a library's chatter on stdout");
    std::fflush(stdout);
    std::fputs("and on stderr\n", stderr);
    return good;
}
constexpr leasepool::job import_job{"import", &import};

// What comes of a worker's log and what of its stderr take two ways, so that only either of them is in
// order.
using lines_by_source = std::map<std::string, std::vector<std::string>>;

// A log sink.
class collector {
public:
    explicit collector(lines_by_source& lines) : lines_(lines) {}

    void operator()(leasepool::log_record const& record) const
    {
        std::map<std::string_view, std::string> fields;
        for (auto const& field : record.fields)
            fields[field.name] = field.value;
        if (!fields.contains("source"))
            return;  // of the manager: not of a worker

        std::string line(to_string(record.level));
        line += ", worker " + fields["worker"];
        // Whether the job still ran when a line on stderr was read is left to chance.
        if (fields["source"] == "log")
            line += ", job " + fields["job"];
        lines_[fields["source"]].push_back(line.append(": ").append(record.message));
    }

private:
    lines_by_source& lines_;
};

asio::awaitable<void> log(process_manager& pools)
{
    co_await pools.async_start();
    auto lease = co_await pools.async_acquire({.owner = "import"});
    std::vector<int> const rows{3, -1, 7, -5};
    std::cout << co_await lease.async_run(import_job(rows)) << " rows imported\n";
    lease.release();
    co_await pools.async_stop();  // what the workers have written is read to its end
}

int main(int argc, char** argv)
{
    if (leasepool::is_worker(argc, argv))
        return leasepool::run_worker(argc, argv, import_job);

    asio::io_context io;
    lines_by_source lines;
    leasepool::process_backend workers({
        .workers_per_pool = 1,
        .log_level = severity::info,  // nothing below it is even sent
        .stderr_severity = severity::warning,
    });
    process_manager pools(io, workers, {.max_pools = 1, .log = collector(lines)});

    asio::co_spawn(io, log(pools), [](std::exception_ptr error) {
        if (error)
            std::rethrow_exception(error);
    });
    io.run();

    for (auto const& [source, of_source] : lines)
        for (auto const& line : of_source)
            std::cout << source << ": " << line << '\n';
}

// Output:
// 2 rows imported
// log: info, worker ..., job import: 4 rows to import
// log: warning, worker ..., job import: row -1 makes no sense
// log: warning, worker ..., job import: row -5 makes no sense
// stderr: warning, worker ...: a library's chatter on stdout
// stderr: warning, worker ...: and on stderr
