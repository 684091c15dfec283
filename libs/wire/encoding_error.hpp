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

/// Why a value cannot be sent, and where in it.
///
/// Boost.JSON writes non-finite numbers and invalid UTF-8 as text that no parser takes, so values
/// are looked at before they are written.
struct encoding_error {
    enum class kind {
        not_finite,      ///< a number is infinite or not a number
        invalid_utf8,    ///< a string is not UTF-8
        invalid_key,     ///< a key of an object is not UTF-8
        too_deep,        ///< arrays and objects inside each other beyond `limits::max_depth`
        too_large,       ///< the message would exceed `limits::max_message_bytes`
        invalid_method,  ///< the name of the method is empty or not UTF-8
    };

    kind what;
    /// A JSON pointer (RFC 6901) into the value, made printable: long keys are cut, and invalid
    /// UTF-8 in them is replaced. Empty: the value itself. Of a message that is too large, its
    /// largest part.
    std::string path;
};

/// What is the matter, without the place: "not a finite number".
std::string_view describe(encoding_error::kind what) noexcept;

/// The error of params for people: "argument 2, at /points/3/x: not a finite number".
std::string describe(encoding_error const& found, boost::json::value const& params);

/// A place in params for people: "argument 2, at /points/3/x", counted from 1 in an array, or
/// `argument "points", at /3/x` in an object. Empty for an empty path.
std::string argument_at(std::string_view path, boost::json::value const& params);

/// The first error in the value, in the order in which it would be written; size is not looked at.
/// Takes no stack in proportion to the depth.
/// @param max_depth of arrays and objects inside each other, the outermost being 1.
/// @param text_bytes is set to about what the value takes as text, if there is no error.
std::optional<encoding_error> find_encoding_error(
    boost::json::value const& root, std::size_t max_depth, std::size_t* text_bytes = nullptr);

/// The path of the largest element of an array or object, by a guess at its size as text.
std::string largest_part(boost::json::value const& root);

}  // namespace leasepool::wire

#endif
