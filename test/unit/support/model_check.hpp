// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_MODEL_CHECK_HPP
#define LEASEPOOL_TEST_UNIT_MODEL_CHECK_HPP

#include "unit/support/ledger_reference_model.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <sstream>

namespace leasepool::detail::test {

/// Runs random sequences: `Sequence(seed, trace).run()`, which throws `violation`.
///
/// In the environment:
///   LEASEPOOL_MODEL_SEQUENCES  how many, default 1'000'000 (100'000 in a build that is not optimized)
///   LEASEPOOL_MODEL_SEED       of the first; sequence n has seed + n. A failure prints the seed of
///                              its sequence and its events: replay it with that seed and one
///                              sequence.
class model_check {
public:
    template <class Sequence>
    static void run()
    {
        auto const sequences = from_environment("LEASEPOOL_MODEL_SEQUENCES", default_sequences);
        auto const first = from_environment("LEASEPOOL_MODEL_SEED", 20'260'101);
        auto* const previous = std::signal(SIGABRT, &name_sequence);
        for (auto seed = first; seed != first + sequences; ++seed) {
            running_seed = seed;
            try {
                Sequence(seed, nullptr).run();
            }
            catch (violation const&) {
                explain<Sequence>(seed);
            }
        }
        std::signal(SIGABRT, previous);
    }

private:
#ifdef __OPTIMIZE__
    static constexpr std::uint64_t default_sequences = 1'000'000;
#else
    static constexpr std::uint64_t default_sequences = 100'000;
#endif

    static std::uint64_t from_environment(char const* name, std::uint64_t otherwise)
    {
        auto const* const text = std::getenv(name);
        return text ? std::strtoull(text, nullptr, 10) : otherwise;
    }

    template <class Sequence>
    static void explain(std::uint64_t seed)
    {
        std::ostringstream trace;
        try {
            Sequence(seed, &trace).run();
        }
        catch (violation const& broken) {
            BOOST_FAIL(trace.str() << "\n"
                                   << broken.what << "\nReplay: LEASEPOOL_MODEL_SEED=" << seed
                                   << " LEASEPOOL_MODEL_SEQUENCES=1");
        }
        BOOST_FAIL("LEASEPOOL_MODEL_SEED=" << seed << " fails once and passes once");
    }

    /// Names the sequence in which an assertion of the subject's own fails.
    static void name_sequence(int)
    {
        std::fprintf(stderr, "LEASEPOOL_MODEL_SEED=%ju LEASEPOOL_MODEL_SEQUENCES=1\n",
            static_cast<std::uintmax_t>(running_seed));
    }

    inline static std::uint64_t running_seed = 0;
};

}  // namespace leasepool::detail::test

#endif
