// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_ENVELOPE_HPP
#define LEASEPOOL_WIRE_ENVELOPE_HPP

#include "value_builder.hpp"

#include <boost/json/array.hpp>
#include <boost/json/error.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/string_view.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace leasepool::wire {

/// The outermost object of a message. It is the handler that `boost::json::basic_parser` calls;
/// `reader` reads its members after the parse.
///
/// The class only records whether a scalar member has the right type. `reader` checks that when all
/// members are known, so the order of the members does not matter.
class envelope {
public:
    enum class root_kind { object, array, scalar };
    enum class member { none, jsonrpc, id, method, params, result, error, unknown };
    enum class member_state { absent, null, valid, invalid };

    /// A member that must be a scalar of type T.
    template <class T>
    struct scalar {
        member_state state = member_state::absent;
        T value{};
    };

    root_kind root = root_kind::scalar;
    scalar<std::string> version;
    scalar<std::uint64_t> id;
    scalar<std::string> method;
    std::optional<boost::json::value> params;
    std::optional<boost::json::value> result;
    std::optional<boost::json::value> error;
    member duplicate = member::none;           ///< a member of the protocol that was found twice
    char const* duplicate_in_error = nullptr;  ///< a member of `error` that was found twice
    bool number_too_large = false;

    /// Prepares for a message. The values in it are allocated from `memory`.
    void begin(boost::json::storage_ptr memory);
    /// Destroys the values and releases `memory`. Called after each message, also if the parse
    /// failed.
    void end() noexcept;

    // The interface that basic_parser requires of a handler.
    using string_view = boost::json::string_view;
    using error_code = boost::system::error_code;
    static constexpr std::size_t max_object_size = boost::json::object::max_size();
    static constexpr std::size_t max_array_size = boost::json::array::max_size();
    static constexpr std::size_t max_key_size = boost::json::string::max_size();
    static constexpr std::size_t max_string_size = boost::json::string::max_size();
    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return open(root_kind::object); }
    bool on_object_end(std::size_t n, error_code&);
    bool on_array_begin(error_code&) { return open(root_kind::array); }
    bool on_array_end(std::size_t n, error_code&);
    bool on_key_part(string_view s, std::size_t n, error_code&);
    bool on_key(string_view s, std::size_t n, error_code&);
    bool on_string_part(string_view s, std::size_t n, error_code&);
    bool on_string(string_view s, std::size_t n, error_code&);
    bool on_number_part(string_view, error_code&) { return true; }
    bool on_int64(std::int64_t i, string_view, error_code&);
    bool on_uint64(std::uint64_t u, string_view, error_code&);
    bool on_double(double d, string_view s, error_code&);
    bool on_bool(bool b, error_code&);
    bool on_null(error_code&);
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

private:
    bool in_message() const noexcept { return root == root_kind::object && depth_ != 0; }
    /// Returns whether the current member becomes a JSON value.
    bool building() const noexcept
    {
        return current_ == member::params || current_ == member::result ||
            current_ == member::error;
    }
    /// Returns whether the parser is directly in the outermost object.
    bool at_top_level() const noexcept { return root == root_kind::object && depth_ == 1; }
    bool open(root_kind kind) noexcept;
    bool close() noexcept;
    void select_member(string_view key);
    void record_error_member(string_view key) noexcept;
    /// Returns whether the parser is directly in the object `error`.
    bool in_error() const noexcept
    {
        return root == root_kind::object && depth_ == 2 && current_ == member::error;
    }
    template <class Push>
    bool add_value(Push&& push);
    void mark_invalid() noexcept;
    scalar<std::string>* string_member() noexcept;
    void finish_value();

    boost::json::storage_ptr memory_;
    value_builder builder_;
    std::string key_;
    std::size_t depth_ = 0;  // 1 directly in the outermost object or array
    member current_ = member::none;
    unsigned seen_ = 0;           // one bit for each member that was found
    unsigned seen_in_error_ = 0;  // likewise for the members of `error`
};

}  // namespace leasepool::wire

#endif
