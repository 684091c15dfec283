// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// A worker with the jobs that tools/worker-conformance knows.

#include <leasepool/worker.hpp>

#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <string>

namespace {

namespace json = boost::json;

json::value echo(json::value value)
{
    return value;
}

void fail(std::string const& text)
{
    throw std::runtime_error(text);
}

void print(std::string const& text)
{
    std::cout << text << std::endl;
}

std::string repeat(std::size_t count)
{
    return std::string(count, 'x');
}

void sleep(leasepool::job_context& context, double seconds)
{
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(
        lock, context.stop_token(), std::chrono::duration<double>(seconds), [] { return false; });
    context.throw_if_stopped();
}

constexpr leasepool::job echo_job{"echo", &echo};
constexpr leasepool::job fail_job{"fail", &fail};
constexpr leasepool::job print_job{"print", &print};
constexpr leasepool::job repeat_job{"repeat", &repeat};
constexpr leasepool::job sleep_job{"sleep", &sleep};

}  // namespace

int main(int argc, char** argv)
{
    return leasepool::run_worker(argc, argv, echo_job, fail_job, print_job, repeat_job, sleep_job);
}
