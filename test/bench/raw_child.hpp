// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_RAW_CHILD_HPP
#define LEASEPOOL_BENCH_RAW_CHILD_HPP

#include <cstddef>
#include <string>
#include <sys/types.h>
#include <vector>

namespace leasepool::bench {

/// The worker program of the benchmarks.
std::string worker_program();

/// A child with two pipes, started and used with nothing but the system's own calls: what ours are
/// compared with.
class raw_child {
public:
    /// By posix_spawn; with LEASEPOOL_WORKER set in its environment.
    explicit raw_child(std::vector<std::string> command);
    ~raw_child();
    raw_child(raw_child const&) = delete;
    raw_child& operator=(raw_child const&) = delete;

    void write(char const* from, std::size_t bytes);
    void read(char* to, std::size_t bytes);
    /// Reads at most `bytes`, and at least one.
    std::size_t read_some(char* to, std::size_t bytes);
    /// The pipe that it writes to, for poll().
    int output() const { return from_; }

private:
    pid_t pid_ = -1;
    int to_ = -1;
    int from_ = -1;
};

}  // namespace leasepool::bench

#endif
