// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BENCH_TWO_CPUS_HPP
#define LEASEPOOL_BENCH_TWO_CPUS_HPP

#include <string>
#include <vector>

namespace leasepool::bench {

/// For as long as it lives this thread runs on one CPU, and the workers started with `worker_words`
/// on another.
///
/// Where one wakes the other, it makes a difference of five or ten times on which CPU that is, and the
/// scheduler changes its mind about it from run to run. A worker that is worth a process has a CPU of
/// its own. (With one CPU for both, a switch is all that is measured.)
class two_cpus {
public:
    two_cpus();
    ~two_cpus();
    two_cpus(two_cpus const&) = delete;
    two_cpus& operator=(two_cpus const&) = delete;

    /// The worker program, to run on the other CPU, and these arguments.
    std::vector<std::string> worker_words(std::vector<std::string> const& arguments = {}) const;

private:
    std::vector<int> before_;
};

/// What the worker program does with the first of those words.
void run_on_cpu(int cpu);

}  // namespace leasepool::bench

#endif
