// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_VALUE_BUILDER_HPP
#define LEASEPOOL_WIRE_VALUE_BUILDER_HPP

#include <boost/container/deque.hpp>
#include <boost/container/options.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/string_view.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace leasepool::wire {

/// Builds a JSON value from the events of the JSON parser. `envelope` calls it.
///
/// It does what `boost::json::value_stack` does, except that a large object gets a random capacity.
/// `value_stack` makes the capacity equal to the number of keys. The bucket of a key is its hash
/// modulo the capacity. Before Boost 1.90 the hash is FNV-1a with a predictable salt, so the author of
/// a message could choose keys that all fall into one bucket: 850 kB of them took 15 s. Keys whose
/// whole hashes are equal still collide; to find many of them takes far more work.
///
/// Arrays and objects of numbers take about a third longer than with `value_stack`, single values as
/// long.
class value_builder {
public:
    /// Prepares for a value. It is allocated from `memory`.
    void begin(boost::json::storage_ptr memory);
    /// Destroys what was built and not taken.
    void end() noexcept;

    void add_key_part(boost::json::string_view s) { keys_.append(s.data(), s.size()); }
    void add_key(boost::json::string_view s);
    void add_string_part(boost::json::string_view s) { chars_.append(s.data(), s.size()); }
    void add_string(boost::json::string_view s);
    template <class Scalar>
    void add(Scalar value)
    {
        values_.emplace_back(value, memory_);
    }
    /// Replaces the last `n` values by an array of them.
    void make_array(std::size_t n);
    /// Replaces the last `n` values and keys by an object. If a key occurs twice, the last one counts.
    void make_object(std::size_t n);

    /// Returns the only value.
    boost::json::value take();

private:
    template <class Container>
    void replace(std::size_t n, Container&& by);

    // A vector would move the values each time it grows, and each move is a call of Boost.JSON.
    using block_size =
        boost::container::deque_options<boost::container::block_bytes<std::size_t{8} << 10>>;

    boost::json::storage_ptr memory_;
    boost::container::deque<boost::json::value, void, block_size::type> values_;
    std::string keys_;                     // of the objects that are open, one behind the other
    std::vector<std::size_t> key_starts_;  // positions in `keys_`
    std::size_t key_start_ = 0;            // of the key that is being added
    std::string chars_;                    // of the string that is being added
};

}  // namespace leasepool::wire

#endif
