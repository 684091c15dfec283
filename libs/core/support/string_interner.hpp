// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_STRING_INTERNER_HPP
#define LEASEPOOL_CORE_STRING_INTERNER_HPP

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool::detail {

/// Gives numbers to names, so that an item needs only three bytes for its owner. `grinder_core`
/// uses it. A name is kept while anything refers to it. 0 means no name. If all numbers are taken,
/// a new name also gets 0.
class string_interner {
public:
    using number = std::uint32_t;

    static constexpr number most = (1u << 24) - 1;

    /// Adds a reference to the name, and returns its number.
    number refer(std::string_view name)
    {
        if (name.empty())
            return 0;
        auto at = numbers_.find(name);
        if (at == numbers_.end()) {
            if (numbers_.size() == most)
                return 0;
            free_.reserve(entries_.size() + 1);  // so that `drop` needs no memory
            if (free_.empty())
                entries_.emplace_back();
            at = numbers_.emplace(name, 0).first;
            if (free_.empty())
                at->second = static_cast<number>(entries_.size());
            else {
                at->second = free_.back();
                free_.pop_back();
            }
            entries_[at->second - 1] = {at, 0};
        }
        ++entries_[at->second - 1].references;
        return at->second;
    }

    void drop(number n) noexcept
    {
        if (n == 0 || --entries_[n - 1].references != 0)
            return;
        numbers_.erase(entries_[n - 1].name);
        free_.push_back(n);
    }

    std::string_view name(number n) const noexcept
    {
        return n == 0 ? std::string_view() : std::string_view(entries_[n - 1].name->first);
    }

    std::size_t size() const noexcept { return numbers_.size(); }

private:
    using map = std::map<std::string, number, std::less<>>;
    struct entry {
        map::iterator name;
        std::size_t references;
    };

    map numbers_;
    std::vector<entry> entries_;
    std::vector<number> free_;
};

}  // namespace leasepool::detail

#endif
