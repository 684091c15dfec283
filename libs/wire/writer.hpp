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

/// Appends messages, each a line with its end, to a buffer of outgoing bytes.
///
/// A value is written straight to the buffer's tail; no text of it exists elsewhere. Whatever goes
/// wrong (an encoding error, no memory), the buffer ends where it did before: nothing half-written is sent.
class writer {
public:
    explicit writer(limits const& bounds = {});

    /// Why nothing was written; none: it was.
    using refusal = std::optional<encoding_error>;

    /// @param params an array or an object; null: none.
    [[nodiscard]] refusal request(std::string& out, std::uint64_t id, std::string_view method,
        boost::json::value const& params);

    /// A request in two steps: all of it but the id, written where the caller is; and the id, once
    /// it is known which worker gets it. The same body may be sent again with another id.
    /// @code
    /// auto const bad = w.request_body(body, "resize", params);   // on the caller's thread
    /// out += body;                                               // on the link's strand
    /// writer::request_id(out, id);
    /// @endcode
    [[nodiscard]] refusal request_body(
        std::string& out, std::string_view method, boost::json::value const& params);
    static void request_id(std::string& out, std::uint64_t id);

    [[nodiscard]] refusal notification(
        std::string& out, std::string_view method, boost::json::value const& params);

    [[nodiscard]] refusal result(
        std::string& out, std::uint64_t id, boost::json::value const& value);

    /// Never refused, for there must be one answer to each request: invalid UTF-8 in the text
    /// is replaced, a long text is cut, and `data` is left out if it cannot be sent.
    /// @param id none: of a request that could not be read.
    /// @param data null: none.
    void error(std::string& out, std::optional<std::uint64_t> id, error_number number,
        std::string_view text, boost::json::value const& data = nullptr);

private:
    class line;

    refusal call(line& to, std::string_view method, boost::json::value const& params);
    void expect(line& to, std::size_t bytes) const;
    bool append(line& to, boost::json::value const& value);
    bool append(line& to, std::string_view text);
    bool drain(line& to);

    limits limits_;
    boost::json::serializer serializer_;
};

}  // namespace leasepool::wire

#endif
