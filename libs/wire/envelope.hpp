// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_WIRE_ENVELOPE_HPP
#define LEASEPOOL_WIRE_ENVELOPE_HPP

#include <boost/json/array.hpp>
#include <boost/json/error.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/string_view.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace leasepool::wire {

/// The outermost object of a message, as `boost::json::basic_parser` reports it: its handler.
///
/// Types are judged later, when all members are known, because what is wrong with a message is best
/// said about the whole of it.
class envelope {
public:
    enum class root { object, array, scalar };
    enum class member { none, jsonrpc, id, method, params, result, error, unknown };
    enum class type { absent, null, right, wrong };

    /// A member that must be a certain scalar.
    template <class T>
    struct scalar {
        type is = type::absent;
        T value{};
    };

    root what = root::scalar;
    scalar<std::string> version;
    scalar<std::uint64_t> id;
    scalar<std::string> method;
    std::optional<boost::json::value> params;
    std::optional<boost::json::value> result;
    std::optional<boost::json::value> error;
    member twice = member::none;  ///< that was there twice
    bool number_too_large = false;

    /// Before each message.
    void begin(boost::json::storage_ptr memory);
    /// After it, also if it failed: nothing is left that refers to `memory`.
    void end() noexcept;

    // What basic_parser asks of a handler.
    using string_view = boost::json::string_view;
    using error_code = boost::system::error_code;
    static constexpr std::size_t max_object_size = boost::json::object::max_size();
    static constexpr std::size_t max_array_size = boost::json::array::max_size();
    static constexpr std::size_t max_key_size = boost::json::string::max_size();
    static constexpr std::size_t max_string_size = boost::json::string::max_size();
    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return open(root::object); }
    bool on_object_end(std::size_t n, error_code&);
    bool on_array_begin(error_code&) { return open(root::array); }
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
    bool in_message() const noexcept { return what == root::object && depth_ != 0; }
    /// Inside a member that becomes a value.
    bool building() const noexcept
    {
        return current_ == member::params || current_ == member::result ||
            current_ == member::error;
    }
    bool names_member() const noexcept { return what == root::object && depth_ == 1; }
    bool open(root kind) noexcept;
    bool close() noexcept;
    void select(string_view key);
    template <class Push>
    bool value(Push&& push);
    void misplaced() noexcept;
    scalar<std::string>* text() noexcept;
    void finish();

    boost::json::storage_ptr memory_;
    boost::json::value_stack stack_;
    std::string key_;
    std::size_t depth_ = 0;
    member current_ = member::none;
    unsigned seen_ = 0;
};

}  // namespace leasepool::wire

#endif
