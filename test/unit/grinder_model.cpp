// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

// Random event sequences against a grinder's state and, step by step, against `grinder_reference_model`.
//
// In the environment:
//   LEASEPOOL_MODEL_SEQUENCES  how many, default 1'000'000 (100'000 in a build that is not optimized)
//   LEASEPOOL_MODEL_SEED       of the first; sequence n has seed + n. A failure prints the seed of its
//                              sequence and its events: replay it with that seed and one sequence.

#include "grinder_sequence.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace {

using namespace leasepool::detail::test;

std::uint64_t from_environment(char const* name, std::uint64_t otherwise)
{
    auto const* const text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

#ifdef __OPTIMIZE__
constexpr std::uint64_t default_sequences = 1'000'000;
#else
constexpr std::uint64_t default_sequences = 100'000;
#endif

/// Names the sequence in which an assertion of the state's own fails.
std::uint64_t running_seed = 0;

extern "C" void name_grinder_sequence(int)
{
    std::fprintf(stderr, "LEASEPOOL_MODEL_SEED=%ju LEASEPOOL_MODEL_SEQUENCES=1\n",
        static_cast<std::uintmax_t>(running_seed));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(grinder_model)

BOOST_AUTO_TEST_CASE(random_events_never_break_an_invariant)
{
    auto const sequences = from_environment("LEASEPOOL_MODEL_SEQUENCES", default_sequences);
    auto const first = from_environment("LEASEPOOL_MODEL_SEED", 20'260'101);
    auto* const previous = std::signal(SIGABRT, &name_grinder_sequence);
    for (auto seed = first; seed != first + sequences; ++seed) {
        running_seed = seed;
        try {
            grinder_sequence{seed, nullptr}.run();
        }
        catch (violation const&) {
            std::ostringstream trace;
            try {
                grinder_sequence{seed, &trace}.run();
            }
            catch (violation const& broken) {
                BOOST_FAIL(trace.str() << "\n"
                                       << broken.what << "\nReplay: LEASEPOOL_MODEL_SEED=" << seed
                                       << " LEASEPOOL_MODEL_SEQUENCES=1");
            }
            BOOST_FAIL("LEASEPOOL_MODEL_SEED=" << seed << " fails once and passes once");
        }
    }
    std::signal(SIGABRT, previous);
}

BOOST_AUTO_TEST_SUITE_END()
