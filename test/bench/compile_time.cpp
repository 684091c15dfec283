// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "row.hpp"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <spawn.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

// What including leasepool costs a user's translation unit, in the compiler's CPU time.

namespace leasepool::bench {
namespace {

double seconds(timeval const& t)
{
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

/// The CPU seconds of a command and of all it starts.
double cpu_time(std::vector<std::string> words)
{
    std::vector<char*> arguments;
    for (auto& word : words)
        arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
        throw std::runtime_error("cannot run " + words[0]);
    int status = 0;
    rusage usage{};
    if (wait4(child, &status, 0, &usage) != child || status != 0)
        throw std::runtime_error(words[0] + " failed");
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void compile(benchmark::State& state, std::string const& source, effort how)
{
    setenv("CCACHE_DISABLE", "1", 1);
    for (auto _ : state) {
        std::vector<std::string> words{LEASEPOOL_BENCH_COMPILER, "@" LEASEPOOL_BENCH_FLAGS};
        if (how == effort::full)
            words.insert(words.end(), {"-O2", "-c", "-o", "/dev/null"});
        else
            words.emplace_back("-fsyntax-only");
        words.push_back(LEASEPOOL_BENCH_SOURCES "/" + source);
        state.SetIterationTime(cpu_time(std::move(words)));
    }
}

}  // namespace

row compile_time(effort how)
{
    return {
        .name = "compile_time",
        .from = source::manual_time,
        .unit = "s",
        .scale = 1e-9,
        .goal = 1.30,
        .rounds = how == effort::full ? 7 : 1,
        .ours = [=](benchmark::State& state) { compile(state, "ours.cpp", how); },
        .reference_name = "the same by hand with Asio's headers",
        .reference = [=](benchmark::State& state) { compile(state, "reference.cpp", how); },
    };
}

}  // namespace leasepool::bench
