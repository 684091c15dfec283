// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A program whose workers are this executable again: own_workers [LAUNCHER...]. It prints a line,
// waits for a line, starts a worker behind the launcher, and prints the name of the worker's process
// or the error. If LEASEPOOL_TEST_NAME is set, a worker gives its process that name first.

#include <leasepool.hpp>
#include <leasepool/process_backend.hpp>
#include <leasepool/worker.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

namespace {

namespace lp = leasepool;

std::string process_name()
{
    std::string name;
    std::getline(std::ifstream("/proc/self/comm"), name);
    return name;
}

constexpr lp::job process_name_job{"process_name", &process_name};

void set_name_of_environment()
{
#if defined(__linux__)
    if (char const* const name =
            std::getenv("LEASEPOOL_TEST_NAME"))  // NOLINT(concurrency-mt-unsafe)
        ::prctl(PR_SET_NAME, name);
#endif
}

}  // namespace

int main(int argc, char** argv)
{
    if (lp::is_worker(argc, argv)) {
        set_name_of_environment();
        return lp::run_worker(argc, argv, process_name_job);
    }
    std::string line;
    std::cout << "running" << std::endl;
    std::getline(std::cin, line);

    lp::process_backend_options backend;
    backend.launcher.assign(argv + 1, argv + argc);
    backend.workers_per_pool = 1;
    lp::manager_options options;
    options.max_pools = 1;
    options.make_attempts = 1;
    options.log = [](lp::log_record const& record) {
        for (auto const& field : record.fields)
            if (record.message == "a pool could not be made" && field.name == "error")
                std::cout << field.value << std::endl;
    };
    boost::asio::io_context io;
    lp::manager<lp::process_backend> pools(io, lp::process_backend(backend), options);
    pools.async_start([&](lp::error_code error) {
        if (error)
            return;
        pools.async_run(
            process_name_job(), [&](std::exception_ptr const& failure, std::string const& name) {
                std::cout << (failure ? "the job failed" : name) << std::endl;
                pools.async_stop({}, [](lp::error_code) {});
            });
    });
    io.run();
}
