// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_ENCODING_ERROR_HPP
#define LEASEPOOL_WIRE_ENCODING_ERROR_HPP

#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace leasepool::wire {

/// The reason why a value cannot be sent, and the place in the value. `writer` returns it; both
/// ends of the pipe turn it into the text of an error.
///
/// Boost.JSON writes non-finite numbers and invalid UTF-8 as text that no parser accepts. So values
/// are checked before they are written.
struct encoding_error {
    enum class kind {
        not_finite,      ///< a number is infinite or not a number
        invalid_utf8,    ///< a string is not UTF-8
        invalid_key,     ///< a key of an object is not UTF-8
        too_deep,        ///< arrays and objects are nested deeper than `limits::max_depth` allows
        too_large,       ///< the message would exceed `limits::max_message_bytes`
        invalid_method,  ///< the name of the method is empty or not UTF-8
    };

    kind what;
    /// A JSON pointer (RFC 6901) into the value; empty: the value itself. Long keys are cut, and
    /// invalid UTF-8 in keys is replaced. For `too_large` it points to the largest part.
    std::string path{};
    /// The limit of `too_deep` and `too_large`, of a whole message; 0: it is not known.
    std::size_t limit = 0;
};

/// Returns the reason as text, without the place: "not a finite number".
std::string_view describe(encoding_error::kind what) noexcept;

/// Returns the reason with its limit, without the place: "too large for one message
/// (max_message_bytes is 1024)".
std::string describe(encoding_error const& found);

/// Returns an error in params as text: "argument 2, at /points/3/x: not a finite number".
std::string describe(encoding_error const& found, boost::json::value const& params);

/// Returns a place in params as text. In an array, arguments are counted from 1: "argument 2, at
/// /points/3/x". In an object they have names: `argument "points", at /3/x`. Returns an empty
/// string for an empty path.
std::string argument_at(std::string_view path, boost::json::value const& params);

/// Returns the first error in the value, in the order in which the value would be written. Does not
/// check the size. Recurses at most `max_depth` times, however deep the value is.
/// @param max_depth maximum depth of nested arrays and objects; the outermost has depth 1.
/// @param text_bytes if there is no error, is set to an estimate of the size of the value as text.
std::optional<encoding_error> find_encoding_error(
    boost::json::value const& root, std::size_t max_depth, std::size_t* text_bytes = nullptr);

/// Returns the path of the element of an array or object whose estimated size as text is largest.
/// Returns an empty string if there is no element.
/// @pre `find_encoding_error` has found none
std::string largest_part(boost::json::value const& root);

}  // namespace leasepool::wire

#endif
