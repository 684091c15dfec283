// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_OPTION_CHECKER_HPP
#define LEASEPOOL_CORE_OPTION_CHECKER_HPP

#include "core/ledger/ledger.hpp"

#include "base/utf8.hpp"

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace leasepool::detail {

[[noreturn]] inline void refuse_option(std::string const& where, std::string_view option,
    std::string const& value, std::string const& bound)
{
    throw std::invalid_argument(
        where + std::string(option) + " is " + value + "; it must be " + bound);
}

/// Checks options. Throws std::invalid_argument for an option that is out of bounds, with its name,
/// its value and the bound.
class option_checker {
public:
    explicit option_checker(std::string where) : where_(std::move(where)) {}

    // std::uint64_t, so that every option and every bound fits on a 32-bit system, too.
    void at_least(std::string_view option, std::uint64_t value, std::uint64_t least,
        std::string const& called = {}) const
    {
        if (value < least)
            refuse_option(where_, option, std::to_string(value),
                "at least " + std::to_string(least) + called);
    }

    void at_most(std::string_view option, std::uint64_t value, std::uint64_t most,
        std::string const& called = {}) const
    {
        if (value > most)
            refuse_option(
                where_, option, std::to_string(value), "at most " + std::to_string(most) + called);
    }

    void not_negative(std::string_view option, steady_duration value) const
    {
        if (value < steady_duration::zero())
            refuse_option(where_, option, text(value), "0 or more");
        not_too_long(option, value);
    }

    void positive(std::string_view option, steady_duration value) const
    {
        if (value <= steady_duration::zero())
            refuse_option(where_, option, text(value), "greater than 0");
        not_too_long(option, value);
    }

    void utf8(std::string_view option, std::string_view value) const
    {
        if (!is_utf8(value))
            refuse_option(where_, option, in_quotes(value), "valid UTF-8");
    }

private:
    void not_too_long(std::string_view option, steady_duration value) const
    {
        if (value > longest_duration)
            refuse_option(where_, option, text(value),
                "at most " + text(longest_duration) + " (73 years), so that times cannot overflow");
    }

    static std::string text(steady_duration value)
    {
        using std::chrono::nanoseconds;
        return std::to_string(std::chrono::duration_cast<nanoseconds>(value).count()) + " ns";
    }

    std::string where_;
};

}  // namespace leasepool::detail

#endif
