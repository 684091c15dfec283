// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_MODEL_RUN_HPP
#define LEASEPOOL_TEST_MODEL_RUN_HPP

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>

/// How a model check runs. In the environment:
///   LEASEPOOL_MODEL_SEQUENCES  how many random sequences, instead of its own number
///   LEASEPOOL_MODEL_SEED       of the first; sequence n has seed + n. A failure prints the seed of its
///                              sequence and its events: replay it with that seed and one sequence.
namespace leasepool::test {

inline std::uint64_t from_environment(char const* name, std::uint64_t otherwise)
{
    auto const* const text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// The sequence that runs: named if an assertion of the subject's own fails.
inline std::uint64_t running_seed = 0;

extern "C" inline void leasepool_name_sequence(int)
{
    std::fprintf(stderr, "LEASEPOOL_MODEL_SEED=%ju LEASEPOOL_MODEL_SEQUENCES=1\n",
        static_cast<std::uintmax_t>(running_seed));
}

/// `optimised` sequences, a tenth of that in a build that is not.
/// @tparam Sequence made from a seed and a stream, or null, to tell its events to; `run()` throws a
///     `Violation`, which has a `what`.
template <class Sequence, class Violation>
void run_model(std::uint64_t optimised)
{
#ifdef __OPTIMIZE__
    auto const by_default = optimised;
#else
    auto const by_default = optimised / 10;
#endif
    auto const sequences = from_environment("LEASEPOOL_MODEL_SEQUENCES", by_default);
    auto const first = from_environment("LEASEPOOL_MODEL_SEED", 20'260'101);
    auto* const previous = std::signal(SIGABRT, &leasepool_name_sequence);
    for (auto seed = first; seed != first + sequences; ++seed) {
        running_seed = seed;
        try {
            Sequence{seed, nullptr}.run();
        }
        catch (Violation const&) {
            std::ostringstream trace;
            try {
                Sequence{seed, &trace}.run();
            }
            catch (Violation const& broken) {
                BOOST_FAIL(trace.str() << "\n"
                                       << broken.what << "\nReplay: LEASEPOOL_MODEL_SEED=" << seed
                                       << " LEASEPOOL_MODEL_SEQUENCES=1");
            }
            BOOST_FAIL("LEASEPOOL_MODEL_SEED=" << seed << " fails once and passes once");
        }
    }
    std::signal(SIGABRT, previous);
}

}  // namespace leasepool::test

#endif
