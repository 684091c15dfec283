// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "value_builder.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/pilfer.hpp>
#include <boost/json/string.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <random>
#include <utility>

namespace leasepool::wire {
namespace {

namespace json = boost::json;

/// Even if all keys of a smaller object collide, the search among them takes less time than parsing.
constexpr std::size_t small_object = 64;

/// Returns a capacity of up to a quarter more than `n`.
std::size_t random_capacity(std::size_t n)
{
    std::uint64_t random = 0;
    try {
        random = std::random_device()();
    }
    catch (std::exception const&) {
        random =
            static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    }
    return n + static_cast<std::size_t>(random % (n / 4 + 1));
}

/// Moves a value to a place that holds another one of the same memory resource. Assignment would
/// compare the resources, in a call of Boost.JSON.
void relocate(json::value& to, json::value& from) noexcept
{
    std::destroy_at(&to);
    std::construct_at(&to, json::pilfer(from));
}

}  // namespace

void value_builder::begin(json::storage_ptr memory)
{
    end();
    memory_ = std::move(memory);
}

void value_builder::end() noexcept
{
    values_.clear();
    keys_.clear();
    key_starts_.clear();
    key_start_ = 0;
    chars_.clear();
    memory_ = {};
}

void value_builder::add_key(json::string_view s)
{
    add_key_part(s);
    key_starts_.push_back(key_start_);
    key_start_ = keys_.size();
}

void value_builder::add_string(json::string_view s)
{
    if (chars_.empty()) {
        values_.emplace_back(s, memory_);
        return;
    }
    add_string_part(s);
    values_.emplace_back(json::string_view(chars_), memory_);
    chars_.clear();
}

void value_builder::make_array(std::size_t n)
{
    json::array to(n, memory_);
    auto from = values_.end() - static_cast<std::ptrdiff_t>(n);
    for (auto& element : to)
        relocate(element, *from++);
    replace(n, std::move(to));
}

void value_builder::make_object(std::size_t n)
{
    json::object to(memory_);
    to.reserve(n <= small_object ? n : random_capacity(n));
    auto const first = key_starts_.size() - n;
    auto from = values_.end() - static_cast<std::ptrdiff_t>(n);
    key_starts_.push_back(key_start_);
    for (std::size_t i = first; i != first + n; ++i) {
        auto const start = key_starts_[i];
        json::string_view const key(keys_.data() + start, key_starts_[i + 1] - start);
        relocate(to.emplace(key, nullptr).first->value(), *from++);
    }
    key_start_ = key_starts_[first];
    key_starts_.resize(first);
    keys_.resize(key_start_);
    replace(n, std::move(to));
}

template <class Container>
void value_builder::replace(std::size_t n, Container&& by)
{
    while (n-- != 0)
        values_.pop_back();
    values_.emplace_back(std::forward<Container>(by));
}

json::value value_builder::take()
{
    auto value = std::move(values_.back());
    values_.pop_back();
    return value;
}

}  // namespace leasepool::wire
