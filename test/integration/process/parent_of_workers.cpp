// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A program with a pool of one worker, which waits to be killed: parent_of_workers JOB COMMAND... It
// says the worker's pid when that is idle, or, if JOB is not "idle", when it runs that.

#include <leasepool.hpp>
#include <leasepool/process_backend.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

int main(int argc, char** argv)
{
    namespace lp = leasepool;
    std::string const job = argv[1];
    lp::process_backend_options backend;
    backend.command.assign(argv + 2, argv + argc);
    backend.workers_per_pool = 1;

    std::string idle_pid;
    lp::manager_options options;
    options.max_pools = 1;
    options.log = [&](lp::log_record const& record) {
        for (auto const& field : record.fields)
            if (record.message == "worker ready" && field.name == "worker")
                idle_pid = field.value;
    };
    boost::asio::io_context io;
    lp::manager<lp::process_backend> pools(io, lp::process_backend(backend), options);
    lp::lease<lp::process_backend> lease;
    pools.async_start([&](lp::error_code error) {
        if (error)
            std::exit(1);
        pools.async_acquire({}, [&](lp::error_code, lp::lease<lp::process_backend> granted) {
            lease = std::move(granted);
            if (job == "idle") {
                std::cout << idle_pid << std::endl;
                return;
            }
            auto how = lp::job_options().on_progress([](boost::json::value const& value) {
                std::cout << value.at("pid").to_number<std::int64_t>() << std::endl;
            });
            lease.async_call(std::move(how), job, nullptr, [](auto, auto) {});
        });
    });
    io.run();
}
