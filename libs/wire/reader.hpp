// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_READER_HPP
#define LEASEPOOL_WIRE_READER_HPP

#include "limits.hpp"
#include "message.hpp"

#include <boost/json/storage_ptr.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace leasepool::wire {

/// Who is at the other end; a violation asks a worker about its stdout.
enum class peer { parent, worker };

/// Reads lines as messages.
///
/// Only `params`, `result` and `error` become values; the rest of a message is taken as it is
/// parsed. Strict about the protocol's own members (none twice, none of a wrong type), indifferent
/// to members it does not know. In values a key that is there twice has its last value.
///
/// The parser's memory serves one message after the other, which takes about a quarter off the time
/// of a small message.
class reader {
public:
    reader(peer from, limits const& bounds = {});
    ~reader();
    reader(reader const&) = delete;
    reader& operator=(reader const&) = delete;

    /// @param line without its end; not referred to afterwards.
    /// @param memory of the values in the message, which has to outlive them. A local
    /// `monotonic_resource` takes about a third off the time of a message of a thousand objects, and
    /// nothing off that of a small one.
    message read(std::string_view line, boost::json::storage_ptr memory = {});

private:
    class parser;
    static constexpr std::size_t kept_for_bytes = std::size_t{256} << 10;

    violation refuse_json(std::string_view line, std::size_t at, std::string const& reason) const;

    peer from_;
    limits limits_;
    std::unique_ptr<parser> parser_;
};

}  // namespace leasepool::wire

#endif
