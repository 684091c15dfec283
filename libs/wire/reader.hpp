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

// Violations that the owner of a `line_buffer` finds itself.

/// Makes the violation for a line that is longer than the limit.
/// @param start the first bytes of the line.
violation line_too_long(std::size_t max_message_bytes, std::string_view start);

/// Makes the violation for bytes at the end of the stream that have no line end.
violation line_without_end(std::string_view rest);

/// Turns lines into messages. `worker_link` uses it in the parent, and `input` in a worker.
///
/// Only `params`, `result` and `error` become JSON values. Each member of the protocol must have
/// the right type and must not occur twice. Unknown members are ignored. If a key occurs twice in a
/// value, the last one counts.
///
/// The parser and its memory are reused for all messages, except after a long line. For a small
/// message this saves about a quarter of the time.
class reader {
public:
    explicit reader(limits const& bounds = {});
    ~reader();
    reader(reader const&) = delete;
    reader& operator=(reader const&) = delete;

    /// Reads one line.
    /// @param line the line without its end. The result does not refer to it.
    /// @param memory the memory resource of the values in the message. It must outlive them. A
    ///     local `monotonic_resource` saves about a third of the time for a message with a thousand
    ///     objects, and nothing for a small one.
    message read(std::string_view line, boost::json::storage_ptr memory = {});

private:
    class parser;
    /// After a longer line the parser is destroyed, because its stack may be as large as the line.
    static constexpr std::size_t max_kept_line = std::size_t{256} << 10;

    limits limits_;
    std::unique_ptr<parser> parser_;
};

}  // namespace leasepool::wire

#endif
