// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_WRITER_HPP
#define LEASEPOOL_WIRE_WRITER_HPP

#include "encoding_error.hpp"
#include "limits.hpp"
#include "protocol.hpp"

#include <boost/json/serializer.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leasepool::wire {

/// Appends messages to a buffer of outgoing bytes, each as a line with its end. `worker_link` and
/// `write_body` use it in the parent, `channel` in a worker.
///
/// A value is serialized directly into the buffer. If that fails (an encoding error, no memory),
/// the buffer is restored to its former size, so no part of the message is sent.
class writer {
public:
    explicit writer(limits const& bounds = {});

    /// The reason why nothing was written; none: the message was written.
    using refusal = std::optional<encoding_error>;

    /// Appends a request.
    /// @param params an array or an object; null: none.
    [[nodiscard]] refusal request(std::string& out, std::uint64_t id, std::string_view method,
        boost::json::value const& params);

    /// Writes a request in two steps. The body is all of the request except the id and the end of
    /// the line; it does not depend on the worker. The id follows when the worker is known. The
    /// same body may be sent again with another id.
    /// @code
    /// auto const refused = w.request_body(body, "resize", params);  // on the caller's thread
    /// out += body;                                                  // under the lock of the pool
    /// writer::request_id(out, id);
    /// @endcode
    [[nodiscard]] refusal request_body(
        std::string& out, std::string_view method, boost::json::value const& params);
    static void request_id(std::string& out, std::uint64_t id);

    /// Appends a notification.
    [[nodiscard]] refusal notification(
        std::string& out, std::string_view method, boost::json::value const& params);

    /// Appends the result of a job.
    [[nodiscard]] refusal result(
        std::string& out, std::uint64_t id, boost::json::value const& value);

    /// Appends an error. It is never refused, because each request must have an answer: invalid
    /// UTF-8 in the text is replaced, a long text is cut, and `data` is omitted if it cannot be
    /// sent.
    /// @param id none: the error is about a line whose id could not be read.
    /// @param data null: none.
    void error(std::string& out, std::optional<std::uint64_t> id, error_number number,
        std::string_view text, boost::json::value const& data = nullptr);

private:
    class line;

    refusal find_error(boost::json::value const& value, std::size_t* size) const;
    refusal too_large(boost::json::value const& value) const;
    refusal write_call(line& to, std::string_view method, boost::json::value const& params);
    void reserve(line& to, std::size_t bytes) const;
    bool append(line& to, boost::json::value const& value);
    bool append(line& to, std::string_view text);
    bool serialize(line& to);

    limits limits_;
    boost::json::serializer serializer_;
};

}  // namespace leasepool::wire

#endif
