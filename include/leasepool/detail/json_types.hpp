// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_JSON_TYPES_HPP
#define LEASEPOOL_DETAIL_JSON_TYPES_HPP

#include <leasepool/detail/json_traits.hpp>
#include <leasepool/detail/member_fitting.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <boost/mp11/algorithm.hpp>

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

/// @file
/// Converts JSON values, and finds the place at which a value does not fit a type.

// Branches for different types are equal only by coincidence.
// NOLINTBEGIN(bugprone-branch-clone)

namespace leasepool::detail {

/// The place at which a value does not fit a type.
struct misfit {
    std::string at;        ///< a JSON pointer; empty: the whole value
    std::string expected;  ///< "a number"
    std::string came;      ///< "a string (\"seven\")"
};

/// Returns a value as text for a message. A long value is cut.
std::string describe_json(boost::json::value const& value);
/// Appends a member or an element to a JSON pointer.
void append_to_pointer(std::string& pointer, std::string_view key);
/// "a whole number from -128 to 127"
std::string whole_number_between(std::string_view least, std::string_view most);

template <class T>
std::string expected_json();

template <class... Ts>
std::string expected_alternative(std::variant<Ts...>*)
{
    std::string text;
    (((text += text.empty() ? "" : " or ") += expected_json<Ts>()), ...);
    return text;
}

/// Returns text for a message: what a value must be to become a T.
template <class T>
std::string expected_json()
{
    namespace json = boost::json;
    if constexpr (is_optional<T>)
        return expected_json<typename T::value_type>() + " or null";
    else if constexpr (is_variant<T>)
        return expected_alternative(static_cast<T*>(nullptr));
    else if constexpr (std::is_same_v<T, bool>)
        return "true or false";
    else if constexpr (std::is_integral_v<T>)
        return whole_number_between(std::to_string(std::numeric_limits<T>::min()),
            std::to_string(std::numeric_limits<T>::max()));
    else if constexpr (std::is_floating_point_v<T>)
        return "a number";
    else if constexpr (json::is_null_like<T>::value)
        return "null";
    else if constexpr (std::is_same_v<T, json::object>)
        return "an object";
    else if constexpr (std::is_same_v<T, json::array>)
        return "an array";
    else if constexpr (std::is_same_v<T, json::string> || json::is_string_like<T>::value)
        return "a string";
    else if constexpr (reads_itself<T>)
        return "what the type's own conversion takes";
    else if constexpr (json::is_map_like<T>::value)
        return "an object";
    else if constexpr (json::is_tuple_like<T>::value)
        return "an array of " + std::to_string(std::tuple_size_v<T>) + " elements";
    else if constexpr (json::is_sequence_like<T>::value)
        return "an array";
    else if constexpr (json::is_described_enum<T>::value)
        return "a string that names an enumerator";
    else
        return "an object";
}

/// Finds the innermost place at which a value cannot become a T. Used after a conversion has
/// failed.
class misfit_search {
public:
    /// Returns whether there is such a place. It is in `found` then.
    template <class T>
    bool in(boost::json::value const& value)
    {
        namespace json = boost::json;
        if constexpr (is_optional<T>) {
            auto const here = found.at.size();
            if (value.is_null() || !in<typename T::value_type>(value))
                return false;
            if (found.at.size() == here)
                found.expected += " or null";
            return true;
        }
        else if constexpr (is_json<T> || json::is_string_like<T>::value || reads_itself<T>)
            return whole<T>(value);
        else if constexpr (json::is_map_like<T>::value) {
            if (auto const* const object = value.if_object())
                for (auto const& [key, element] : *object)
                    if (part<typename T::mapped_type>(text(key), element))
                        return true;
            return whole<T>(value);
        }
        else if constexpr (json::is_tuple_like<T>::value) {
            auto const* const array = value.if_array();
            if (array && array->size() == std::tuple_size_v<T> &&
                elements<T>(*array, std::make_index_sequence<std::tuple_size_v<T>>()))
                return true;
            return whole<T>(value);
        }
        else if constexpr (json::is_sequence_like<T>::value) {
            if (auto const* const array = value.if_array())
                for (std::size_t i = 0; i != array->size(); ++i)
                    if (part<typename T::value_type>(std::to_string(i), (*array)[i]))
                        return true;
            return whole<T>(value);
        }
        else if constexpr (json::is_described_class<T>::value) {
            if (auto const* const object = value.if_object(); object && members<T>(*object))
                return true;
            return whole<T>(value);
        }
        else
            return whole<T>(value);
    }

    misfit found;

private:
    template <class T>
    bool whole(boost::json::value const& value)
    {
        if (boost::json::try_value_to<T>(value))
            return false;
        note(expected_json<T>(), value);
        return true;
    }

    template <class T>
    bool part(std::string_view key, boost::json::value const& value)
    {
        auto const before = found.at.size();
        append_to_pointer(found.at, key);
        if (in<std::remove_cv_t<T>>(value))
            return true;
        found.at.resize(before);
        return false;
    }

    template <class T, std::size_t... I>
    bool elements(boost::json::array const& array, std::index_sequence<I...>)
    {
        return (part<std::tuple_element_t<I, T>>(std::to_string(I), array[I]) || ...);
    }

    template <class T>
    bool members(boost::json::object const& object)
    {
        bool bad = false;
        boost::mp11::mp_for_each<described_members<T>>([&]<class Member>(Member) {
            if (bad)
                return;
            using type = member_type<T, Member>;
            if (auto const* const value = object.if_contains(Member::name))
                bad = part<type>(Member::name, *value);
            else if (!is_optional<type>) {
                found.expected = "an object with the member \"" + std::string(Member::name) + '"';
                found.came = "an object without it";
                bad = true;
            }
        });
        return bad;
    }

    static std::string_view text(boost::json::string_view key) { return {key.data(), key.size()}; }

    void note(std::string expected, boost::json::value const& value)
    {
        found.expected = std::move(expected);
        found.came = describe_json(value);
    }
};

/// Returns why a value cannot become a T. Called after a conversion has failed.
template <class T>
misfit find_misfit(boost::json::value const& value)
{
    misfit_search search;
    if (!search.in<T>(value)) {
        // Each part of the value fits on its own.
        search.found = {{}, expected_json<T>(), describe_json(value)};
    }
    return std::move(search.found);
}

/// Converts a value to a T.
/// @throws misfit if the value does not fit.
template <class T>
T from_json(boost::json::value&& value)
{
    namespace json = boost::json;
    if constexpr (std::is_same_v<T, json::value>)
        return std::move(value);
    else if constexpr (std::is_same_v<T, json::object> || std::is_same_v<T, json::array> ||
        std::is_same_v<T, json::string>) {
        T* const there = [&] {
            if constexpr (std::is_same_v<T, json::object>)
                return value.if_object();
            else if constexpr (std::is_same_v<T, json::array>)
                return value.if_array();
            else
                return value.if_string();
        }();
        if (!there)
            throw misfit{{}, expected_json<T>(), describe_json(value)};
        return std::move(*there);
    }
    else {
        member_fitting::in<T>(value);
        auto converted = json::try_value_to<T>(value);
        if (!converted)
            throw find_misfit<T>(value);
        return std::move(*converted);
    }
}

}  // namespace leasepool::detail

// NOLINTEND(bugprone-branch-clone)

#endif
