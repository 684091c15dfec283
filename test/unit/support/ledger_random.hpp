// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_UNIT_LEDGER_RANDOM_HPP
#define LEASEPOOL_TEST_UNIT_LEDGER_RANDOM_HPP

#include "core/ledger/ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace leasepool::detail::test {

/// The same numbers from the same seed, everywhere and for ever.
class random_numbers {
public:
    /// The next seed gives other numbers, not the same ones from the second on.
    explicit random_numbers(std::uint64_t seed) : state_(seed) { state_ = next(); }

    std::uint64_t next()  // splitmix64
    {
        auto z = state_ += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// From 0 to below `end`.
    int below(int end) { return static_cast<int>(next() % static_cast<std::uint64_t>(end)); }
    bool once_in(int n) { return below(n) == 0; }
    std::int64_t one_of(std::initializer_list<std::int64_t> list)
    {
        return *(list.begin() + below(static_cast<int>(list.size())));
    }

private:
    std::uint64_t state_;
};

inline ledger::options random_options(random_numbers& random)
{
    ledger::options opts;
    opts.max_pools = static_cast<std::size_t>(1 + random.below(4));
    opts.max_retired = static_cast<std::size_t>(random.below(4));
    opts.min_pools = static_cast<std::size_t>(random.below(static_cast<int>(opts.max_pools) + 1));
    opts.max_waiters = static_cast<std::size_t>(random.one_of({1, 2, 3, 100}));
    opts.grace = steady_duration{random.one_of({0, 0, 1, 3, 20})};
    opts.idle_ttl = steady_duration{random.one_of({0, 0, 1, 4, 20})};
    if (random.once_in(2))
        opts.check_interval = steady_duration{random.one_of({1, 5, 30})};
    opts.backoff = steady_duration{random.one_of({1, 2, 5, 50})};
    opts.max_backoff = steady_duration{random.one_of({5, 7, 40})};
    opts.make_attempts = static_cast<std::size_t>(1 + random.below(3));
    return opts;
}

}  // namespace leasepool::detail::test

#endif
