// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_HISTOGRAM_HPP
#define LEASEPOOL_HISTOGRAM_HPP

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace leasepool {

/// Counts of unsigned 64-bit values (nanoseconds, bytes) in logarithmic buckets of fixed size.
///
/// Each power of two is divided into two buckets of equal width: 0, 1, 2, 3, 4-5, 6-7, 8-11, 12-15,
/// 16-23 and so on up to 2^64 - 1. That makes 128 buckets. Every value has a bucket, and values
/// below 4 are exact. The largest value of a bucket is less than 1.5 times its smallest value. So a
/// quantile read from the buckets is never below the true one, and is less than 50% above it.
/// `count()`, `max()` and, up to its saturation, `sum()` are exact.
///
/// The object is a regular value of about 1 KiB. A copy is a snapshot. Two objects are equal if
/// they have the same count in each bucket, the same sum and the same maximum.
///
/// @par Units
/// Those of the recorded values; the histogram does not define any. The members of `stats` that
/// hold a histogram name their unit: nanoseconds for durations, bytes for sizes.
///
/// @par Saturation
/// The sum, the counts of the buckets and the total count stop at 2^64 - 1 instead of wrapping. For
/// a sum of nanoseconds that is 584 years in total. After that `mean()` is too low.
///
/// @par Thread safety
/// Distinct objects: safe. Shared objects: unsafe, except for concurrent calls of `const` members.
/// The owner must serialize `record` and `merge` with all other calls.
///
/// @par Exception safety
/// No function throws or allocates. All can be evaluated at compile time. `record` costs a few
/// nanoseconds.
///
/// @par Algorithm
/// Log-linear bucketing as in HdrHistogram (https://hdrhistogram.org), with one bit of mantissa.
/// Quantiles are by nearest rank.
///
/// @par Example
/// @code
/// leasepool::histogram waits;             // nanoseconds
/// waits.record(1'500);
/// waits.record(40'000);
/// auto p99 = waits.quantile(0.99);        // 40'000: a bucket's upper bound, but never above max()
/// for (auto [upper_bound, count] : waits.buckets())
///     if (count != 0)
///         std::cout << "<= " << upper_bound << " ns: " << count << '\n';
/// @endcode
class histogram {
public:
    /// One bucket: `count` values were at most `upper_bound` and above the bound of the bucket
    /// before it.
    struct bucket {
        std::uint64_t upper_bound = 0;
        std::uint64_t count = 0;

        friend constexpr bool operator==(bucket const&, bucket const&) noexcept = default;
    };

    /// Two buckets for each bit of a value.
    static constexpr std::size_t bucket_count = 128;

    /// Constructs a histogram without values.
    constexpr histogram() noexcept = default;

    /// Counts one value.
    constexpr void record(std::uint64_t value) noexcept
    {
        add(counts_[index_of(value)], 1);
        add(count_, 1);
        add(sum_, value);
        max_ = (std::max)(max_, value);
    }

    /// Adds all values that `other` has counted. The result is the same as if they had been
    /// recorded here. `other` may be `*this`.
    constexpr void merge(histogram const& other) noexcept
    {
        for (std::size_t i = 0; i < bucket_count; ++i)
            add(counts_[i], other.counts_[i]);
        add(count_, other.count_);
        add(sum_, other.sum_);
        max_ = (std::max)(max_, other.max_);
    }

    /// Returns the number of recorded values.
    constexpr std::uint64_t count() const noexcept { return count_; }

    /// Returns the sum of the values, or 2^64 - 1 if it is larger.
    constexpr std::uint64_t sum() const noexcept { return sum_; }

    /// Returns the largest value, which is exact; 0 if there is none.
    constexpr std::uint64_t(max)() const noexcept { return max_; }

    /// Returns `sum()` divided by `count()`; 0 if there is no value.
    constexpr double mean() const noexcept
    {
        return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_);
    }

    /// Returns a bound that the fraction `q` of the values does not exceed.
    ///
    /// The result is the upper bound of the bucket that holds the value of rank ceil(q * count), or
    /// `max()` if that is smaller. Ranks are counted from 1 in ascending order; rank 0 is treated
    /// as 1. The rank is computed in `double`. So `quantile(0)` is the bound of the smallest value,
    /// `quantile(0.5)` is the bound of the lower median, and `quantile(1)` is `max()`.
    ///
    /// @param q From 0 to 1. A smaller value is treated as 0; a larger value, or NaN, as 1.
    /// @return 0 if there is no value.
    constexpr std::uint64_t quantile(double q) const noexcept
    {
        if (count_ == 0 || !(q < 1.0))
            return max_;
        auto const exact = (std::max)(q, 0.0) * static_cast<double>(count_);
        auto rank = static_cast<std::uint64_t>(exact);
        if (static_cast<double>(rank) < exact)
            ++rank;
        rank = (std::max)(rank, std::uint64_t{1});

        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < bucket_count; ++i) {
            add(seen, counts_[i]);
            if (seen >= rank)
                return (std::min)(upper_bound_of(i), max_);
        }
        return max_;
    }

    /// Returns all buckets, including the empty ones, by ascending bound. The bounds are the same
    /// for every histogram, so two histograms can be compared or added bucket by bucket. The result
    /// is a copy, which later calls do not change.
    constexpr std::array<bucket, bucket_count> buckets() const noexcept
    {
        std::array<bucket, bucket_count> result;
        for (std::size_t i = 0; i < bucket_count; ++i)
            result[i] = {upper_bound_of(i), counts_[i]};
        return result;
    }

    /// Compares the buckets, count, sum and maximum.
    friend constexpr bool operator==(histogram const&, histogram const&) noexcept = default;

private:
    static constexpr void add(std::uint64_t& total, std::uint64_t amount) noexcept
    {
        auto const room = (std::numeric_limits<std::uint64_t>::max)() - total;
        total += (std::min)(amount, room);
    }

    // Twice the position of the highest bit, plus the bit after it. 0 and 1 have no such bit.
    static constexpr std::size_t index_of(std::uint64_t value) noexcept
    {
        if (value < 2)
            return static_cast<std::size_t>(value);
        auto const exponent = static_cast<std::size_t>(std::bit_width(value)) - 1;
        return 2 * exponent + static_cast<std::size_t>((value >> (exponent - 1)) & 1);
    }

    // One less than the smallest value of the next bucket. After the last bucket that value is
    // 2^64, which wraps to 0 and gives the correct bound 2^64 - 1.
    static constexpr std::uint64_t upper_bound_of(std::size_t index) noexcept
    {
        auto const next = index + 1;
        if (next < 2)
            return 0;
        return (std::uint64_t{2 + next % 2} << (next / 2 - 1)) - 1;
    }

    std::array<std::uint64_t, bucket_count> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace leasepool

#endif
