// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "bench_jobs.hpp"

#include <leasepool/worker.hpp>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <unistd.h>
#include <vector>

// The worker of the benchmarks; and what they compare it with: `echo n m` answers each n bytes with m
// bytes, and `sink n` each n bytes with one.

namespace {

bool read_all(char* to, std::size_t bytes)
{
    while (bytes != 0) {
        auto const got = ::read(STDIN_FILENO, to, bytes);
        if (got <= 0)
            return false;
        to += got;
        bytes -= static_cast<std::size_t>(got);
    }
    return true;
}

int answer_each(std::size_t request, std::size_t answer)
{
    std::vector<char> bytes(std::max(request, answer), 'x');
    while (read_all(bytes.data(), request))
        if (::write(STDOUT_FILENO, bytes.data(), answer) != static_cast<ssize_t>(answer))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc == 4 && std::string_view(argv[1]) == "echo")
        return answer_each(std::strtoul(argv[2], nullptr, 10), std::strtoul(argv[3], nullptr, 10));
    using namespace leasepool::bench;
    return leasepool::run_worker(argc, argv, add_job, length_job);
}
