// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/histogram.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

static_assert(sizeof(leasepool::histogram) <= 1024 + 3 * sizeof(std::uint64_t));
static_assert(std::is_trivially_copyable_v<leasepool::histogram>);
static_assert(std::is_trivially_destructible_v<leasepool::histogram>);

constexpr bool works_at_compile_time()
{
    leasepool::histogram a;
    a.record(7);
    leasepool::histogram b;
    b.merge(a);
    return a == b && b.quantile(0.5) == 7 && b.mean() == 7.0 && b.buckets()[5].count == 1;
}
static_assert(works_at_compile_time());

// Says the same from all the values, kept and sorted.
class model {
public:
    void record(std::uint64_t value)
    {
        values_.insert(std::upper_bound(values_.begin(), values_.end(), value), value);
    }

    std::uint64_t count() const { return values_.size(); }
    std::uint64_t max() const { return values_.empty() ? 0 : values_.back(); }

    std::uint64_t sum() const
    {
        std::uint64_t total = 0;
        for (auto const value : values_)
            total = value > most - total ? most : total + value;
        return total;
    }

    std::uint64_t quantile(double q) const
    {
        auto const rank = std::ceil(q * static_cast<double>(values_.size()));
        return values_[rank < 1 ? 0 : static_cast<std::size_t>(rank) - 1];
    }

    std::uint64_t count_between(std::uint64_t low, std::uint64_t high) const
    {
        return static_cast<std::uint64_t>(std::count_if(
            values_.begin(), values_.end(), [&](auto v) { return low <= v && v <= high; }));
    }

private:
    std::vector<std::uint64_t> values_;
};

// All magnitudes alike: uniform values would hardly ever have fewer than 60 bits.
std::uint64_t random_value(std::mt19937_64& random)
{
    auto const shift = std::uniform_int_distribution<unsigned>(0, 63)(random);
    return random() >> shift;
}

void check_against(model const& expected, leasepool::histogram const& actual)
{
    BOOST_TEST(actual.count() == expected.count());
    BOOST_TEST(actual.sum() == expected.sum());
    BOOST_TEST(actual.max() == expected.max());

    std::uint64_t low = 0;
    for (auto const [upper_bound, count] : actual.buckets()) {
        BOOST_TEST(count == expected.count_between(low, upper_bound), "up to " << upper_bound);
        low = upper_bound + 1;
    }

    for (double const q : {0.0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0}) {
        auto const exact = expected.quantile(q);
        auto const bound = actual.quantile(q);
        BOOST_TEST(bound >= exact, "quantile " << q);
        BOOST_TEST(bound <= actual.max(), "quantile " << q);
        BOOST_TEST(bound - exact <= exact / 2, "quantile " << q);
    }
}

leasepool::histogram of(std::vector<std::uint64_t> const& values)
{
    leasepool::histogram result;
    for (auto const value : values)
        result.record(value);
    return result;
}

// The bound of the one bucket that has a value.
std::uint64_t bound_of(std::uint64_t value)
{
    for (auto const [upper_bound, count] : of({value}).buckets())
        if (count != 0)
            return upper_bound;
    BOOST_FAIL("no bucket for " << value);
    return 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(histogram)

BOOST_AUTO_TEST_CASE(empty_histogram_is_all_zero)
{
    leasepool::histogram const empty;
    BOOST_TEST(empty.count() == 0U);
    BOOST_TEST(empty.sum() == 0U);
    BOOST_TEST(empty.max() == 0U);
    BOOST_TEST(empty.mean() == 0.0);
    for (double const q : {0.0, 0.5, 1.0})
        BOOST_TEST(empty.quantile(q) == 0U);
    for (auto const [upper_bound, count] : empty.buckets())
        BOOST_TEST(count == 0U);
}

BOOST_AUTO_TEST_CASE(bounds_of_the_buckets_rise_from_0_to_the_largest_value)
{
    auto const buckets = leasepool::histogram().buckets();
    BOOST_TEST(buckets.size() == leasepool::histogram::bucket_count);
    std::uint64_t const first[] = {0, 1, 2, 3, 5, 7, 11, 15, 23, 31, 47, 63};
    for (std::size_t i = 0; i < std::size(first); ++i)
        BOOST_TEST(buckets[i].upper_bound == first[i]);
    for (std::size_t i = 1; i < buckets.size(); ++i)
        BOOST_TEST(buckets[i - 1].upper_bound < buckets[i].upper_bound);
    BOOST_TEST(buckets.back().upper_bound == most);
}

BOOST_AUTO_TEST_CASE(largest_value_of_a_bucket_is_less_than_one_and_a_half_times_the_smallest)
{
    auto const buckets = leasepool::histogram().buckets();
    for (std::size_t i = 2; i < buckets.size(); ++i) {
        auto const smallest = buckets[i - 1].upper_bound + 1;
        BOOST_TEST(buckets[i].upper_bound - smallest < (smallest + 1) / 2);
    }
}

BOOST_AUTO_TEST_CASE(value_at_the_edge_of_a_power_of_two_is_in_its_own_bucket)
{
    BOOST_TEST(bound_of(0) == 0U);
    BOOST_TEST(bound_of(1) == 1U);
    for (unsigned k = 1; k < 64; ++k) {
        auto const power = std::uint64_t{1} << k;
        auto const half = power + (power >> 1);  // where the second bucket of this power begins
        BOOST_TEST(bound_of(power - 1) == power - 1);
        BOOST_TEST(bound_of(power) == half - 1);
        BOOST_TEST(bound_of(half - 1) == half - 1);
        BOOST_TEST(bound_of(half) == power + (power - 1));
    }
    BOOST_TEST(bound_of(most) == most);
}

BOOST_AUTO_TEST_CASE(single_value_is_every_quantile)
{
    std::uint64_t const values[] = {0, 1, 1'000, most};
    for (auto const value : values)
        for (double const q : {0.0, 0.5, 1.0})
            BOOST_TEST(of({value}).quantile(q) == value);
}

BOOST_AUTO_TEST_CASE(quantile_takes_the_nearest_rank)
{
    auto const h = of({0, 1, 2, 3});
    BOOST_TEST(h.quantile(0.0) == 0U);
    BOOST_TEST(h.quantile(0.25) == 0U);
    BOOST_TEST(h.quantile(0.26) == 1U);
    BOOST_TEST(h.quantile(0.5) == 1U);
    BOOST_TEST(h.quantile(0.75) == 2U);
    BOOST_TEST(h.quantile(0.76) == 3U);
    BOOST_TEST(h.quantile(1.0) == 3U);
}

BOOST_AUTO_TEST_CASE(quantile_outside_of_0_to_1_is_taken_as_the_nearest)
{
    auto const h = of({1, 2, 3});
    BOOST_TEST(h.quantile(-1.0) == 1U);
    BOOST_TEST(h.quantile(2.0) == 3U);
    BOOST_TEST(h.quantile(std::numeric_limits<double>::quiet_NaN()) == 3U);
    BOOST_TEST(h.quantile(-std::numeric_limits<double>::infinity()) == 1U);
    BOOST_TEST(h.quantile(std::numeric_limits<double>::infinity()) == 3U);
}

BOOST_AUTO_TEST_CASE(quantile_is_capped_at_the_largest_value)
{
    BOOST_TEST(of({1, 1'000'000}).quantile(0.99) == 1'000'000U);
}

BOOST_AUTO_TEST_CASE(mean_is_exact)
{
    BOOST_TEST(of({1, 2, 3, 1'000}).mean() == 251.5);
}

BOOST_AUTO_TEST_CASE(sum_stops_at_the_largest_number)
{
    auto h = of({most - 1});
    h.record(1);
    BOOST_TEST(h.sum() == most);
    h.record(1);
    BOOST_TEST(h.sum() == most);
    h.record(most);
    BOOST_TEST(h.sum() == most);
    BOOST_TEST(h.count() == 4U);
    h.merge(of({5}));
    BOOST_TEST(h.sum() == most);
}

BOOST_AUTO_TEST_CASE(counts_stop_at_the_largest_number_and_quantiles_stay_in_range)
{
    auto h = of({3, 3, 3, 1'000});
    for (int i = 0; i < 70; ++i)
        h.merge(h);
    BOOST_TEST(h.count() == most);
    BOOST_TEST(h.buckets()[3].count == most);
    h.record(3);
    BOOST_TEST(h.count() == most);
    BOOST_TEST(h.buckets()[3].count == most);
    for (double const q : {0.0, 0.5, std::nextafter(1.0, 0.0)})
        BOOST_TEST(h.quantile(q) == 3U);
    BOOST_TEST(h.quantile(1.0) == 1'000U);
}

BOOST_AUTO_TEST_CASE(counts_that_add_up_to_more_than_the_largest_number_keep_their_ranks)
{
    auto h = of({0, 1});
    for (int i = 0; i < 63; ++i)
        h.merge(h);
    h.record(3);
    BOOST_TEST(h.count() == most);
    BOOST_TEST(h.quantile(0.25) == 0U);
    BOOST_TEST(h.quantile(0.75) == 1U);
    BOOST_TEST(h.quantile(1.0) == 3U);
}

BOOST_AUTO_TEST_CASE(merge_equals_recording_everything_in_one)
{
    std::mt19937_64 random(20260101);
    for (int round = 0; round < 50; ++round) {
        leasepool::histogram parts[3];
        leasepool::histogram whole;
        for (int i = 0; i < 100; ++i) {
            auto const value = random_value(random);
            parts[random() % 3].record(value);
            whole.record(value);
        }
        leasepool::histogram merged;
        for (auto const& part : parts)
            merged.merge(part);
        BOOST_TEST((merged == whole));
    }
}

BOOST_AUTO_TEST_CASE(merge_with_itself_doubles)
{
    auto h = of({1, 2, 900});
    h.merge(h);
    BOOST_TEST((h == of({1, 1, 2, 2, 900, 900})));
}

BOOST_AUTO_TEST_CASE(merge_with_an_empty_one_changes_nothing)
{
    auto h = of({1, 2, 900});
    h.merge(leasepool::histogram());
    BOOST_TEST((h == of({1, 2, 900})));
}

BOOST_AUTO_TEST_CASE(histograms_that_differ_in_one_respect_are_unequal)
{
    BOOST_TEST((of({1, 2}) == of({2, 1})));
    BOOST_TEST((of({1}) != leasepool::histogram()));
    BOOST_TEST((of({1}) != of({1, 1})));
    BOOST_TEST((of({0}) != leasepool::histogram()));     // neither sum nor maximum
    BOOST_TEST((of({4, 5, 7}) != of({5, 5, 7})));        // the sum alone
    BOOST_TEST((of({4, 5, 5}) != of({3, 5, 6})));        // all but count and sum
    BOOST_TEST((of({16, 16, 19}) != of({17, 17, 17})));  // the maximum alone
}

BOOST_AUTO_TEST_CASE(random_values_agree_with_a_sorted_vector)
{
    for (unsigned seed = 0; seed < 100; ++seed) {
        std::mt19937_64 random(seed);
        model expected;
        leasepool::histogram actual;
        auto const values = std::uniform_int_distribution<int>(1, 200)(random);
        for (int i = 0; i < values; ++i) {
            auto const value = random_value(random);
            expected.record(value);
            actual.record(value);
        }
        BOOST_TEST_CONTEXT("seed " << seed)
        {
            check_against(expected, actual);
        }
    }
}

BOOST_AUTO_TEST_CASE(example_of_the_documentation_gives_what_it_says)
{
    leasepool::histogram waits;  // nanoseconds
    waits.record(1'500);
    waits.record(40'000);
    auto p99 = waits.quantile(0.99);  // 40'000: a bucket's upper bound, but never above max()
    BOOST_TEST(p99 == 40'000U);
}

BOOST_AUTO_TEST_SUITE_END()
