// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "two_cpus.hpp"

#include <cstddef>
#include <sched.h>

namespace leasepool::bench {
namespace {

std::vector<int> allowed_cpus()
{
    cpu_set_t set;
    CPU_ZERO(&set);
    ::sched_getaffinity(0, sizeof set, &set);
    std::vector<int> cpus;
    for (std::size_t i = 0; i != CPU_SETSIZE; ++i)
        if (CPU_ISSET(i, &set))
            cpus.push_back(static_cast<int>(i));
    return cpus;
}

void run_on(std::vector<int> const& cpus)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int const cpu : cpus)
        CPU_SET(static_cast<std::size_t>(cpu), &set);
    ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

void run_on_cpu(int cpu)
{
    run_on({cpu});
}

two_cpus::two_cpus() : before_(allowed_cpus())
{
    run_on({before_.front()});
}

two_cpus::~two_cpus()
{
    run_on(before_);
}

std::vector<std::string> two_cpus::worker_words(std::vector<std::string> const& arguments) const
{
    std::vector<std::string> words{LEASEPOOL_BENCH_WORKER, std::to_string(before_.back())};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

}  // namespace leasepool::bench
