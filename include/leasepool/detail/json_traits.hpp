// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_JSON_TRAITS_HPP
#define LEASEPOOL_DETAIL_JSON_TRAITS_HPP

#include <leasepool/config.hpp>

#include <boost/describe/members.hpp>
#include <boost/json/conversion.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

/// @file
/// Decides which types can be sent as JSON, and how Boost.JSON converts them. `job` checks its
/// parameters and its result with `travels`; the conversions dispatch on the other traits.

// Branches for different types are equal only by coincidence.
// NOLINTBEGIN(bugprone-branch-clone)

namespace leasepool::detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;

/// Whether T has a user-defined conversion to JSON. It says nothing about the parts of T.
template <class T>
concept converts_itself = requires(boost::json::value& to, T const& from)
{
    tag_invoke(boost::json::value_from_tag(), to, from);
};

/// Whether T has a user-defined conversion from JSON. It says nothing about the parts of T.
template <class T>
concept reads_itself = requires(boost::json::value const& from)
{
    tag_invoke(boost::json::value_to_tag<T>(), from);
}
|| requires(boost::json::value const& from)
{
    tag_invoke(boost::json::try_value_to_tag<T>(), from);
};

/// Whether T is one of the types that make up JSON values.
template <class T>
inline constexpr bool is_json =
    std::is_same_v<T, boost::json::value> || std::is_same_v<T, boost::json::object> ||
    std::is_same_v<T, boost::json::array> || std::is_same_v<T, boost::json::string>;

/// The members that Boost.JSON converts.
template <class T>
using described_members = boost::describe::describe_members<T,
    boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T, class Member>
using member_type = std::remove_cvref_t<decltype(std::declval<T&>().*Member::pointer)>;

/// Whether Boost.JSON can convert T in both directions. The traits of Boost.JSON look at the
/// outermost type only. This trait looks at elements too. It does not look at the members of
/// described classes, because such a class may contain itself.
template <class T>
struct travels {
    static constexpr bool test()
    {
        namespace json = boost::json;
        if constexpr (std::is_pointer_v<T> || std::is_reference_v<T> || std::is_array_v<T>)
            return false;
        else if constexpr (!json::has_value_from<T>::value || !json::has_value_to<T>::value)
            return false;
        else if constexpr (is_json<T> || json::is_string_like<T>::value || converts_itself<T>)
            return true;
        else if constexpr (json::is_map_like<T>::value)
            return travels<typename T::mapped_type>::value;
        else if constexpr (json::is_sequence_like<T>::value)
            return travels<typename T::value_type>::value;
        else if constexpr (json::is_tuple_like<T>::value)
            return all(std::make_index_sequence<std::tuple_size_v<T>>());
        else
            return true;
    }
    static constexpr bool value = test();

private:
    template <std::size_t... I>
    static constexpr bool all(std::index_sequence<I...>)
    {
        return (travels<std::remove_cv_t<std::tuple_element_t<I, T>>>::value && ...);
    }
};
template <class T>
struct travels<std::optional<T>> : travels<T> {
};
template <class... Ts>
struct travels<std::variant<Ts...>> : std::bool_constant<(travels<Ts>::value && ...)> {
};
template <>
struct travels<std::monostate> : std::true_type {
};

/// Whether Boost.JSON converts a T, or an element of a T, from JSON as a described class. Like
/// `travels`, it does not look at the members of such a class.
template <class T>
struct holds_described {
    static constexpr bool test()
    {
        namespace json = boost::json;
        if constexpr (is_json<T> || std::is_arithmetic_v<T> || json::is_null_like<T>::value ||
            json::is_string_like<T>::value || reads_itself<T>)
            return false;
        else if constexpr (json::is_map_like<T>::value)
            return holds_described<typename T::mapped_type>::value;
        else if constexpr (json::is_tuple_like<T>::value)
            return any(std::make_index_sequence<std::tuple_size_v<T>>());
        else if constexpr (json::is_sequence_like<T>::value)
            return holds_described<typename T::value_type>::value;
        else
            return json::is_described_class<T>::value;
    }
    static constexpr bool value = test();

private:
    template <std::size_t... I>
    static constexpr bool any(std::index_sequence<I...>)
    {
        return (holds_described<std::remove_cv_t<std::tuple_element_t<I, T>>>::value || ...);
    }
};
template <class T>
struct holds_described<std::optional<T>> : holds_described<T> {
};
template <class... Ts>
struct holds_described<std::variant<Ts...>>
    : std::bool_constant<(holds_described<Ts>::value || ...)> {
};

}  // namespace leasepool::detail

// NOLINTEND(bugprone-branch-clone)

#endif
