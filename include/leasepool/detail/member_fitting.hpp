// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_MEMBER_FITTING_HPP
#define LEASEPOOL_DETAIL_MEMBER_FITTING_HPP

#include <leasepool/detail/json_traits.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <boost/mp11/algorithm.hpp>

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

/// @file
/// One rule for the members of described classes, whatever the version of Boost.JSON is. `from_json`
/// calls it before the conversion.

namespace leasepool::detail {

/// Makes the objects in a value that become described classes have exactly the members of these
/// classes: removes the others, and adds null for a missing std::optional.
///
/// Boost.JSON before 1.87 converts only such objects. So the same rule holds with every version, and
/// Boost.JSON still makes all conversions.
class member_fitting {
public:
    template <class T>
    static void in(boost::json::value& value)
    {
        namespace json = boost::json;
        if constexpr (!holds_described<T>::value)
            static_cast<void>(value);
        else if constexpr (is_optional<T>)
            in<typename T::value_type>(value);
        else if constexpr (is_variant<T>)
            alternative(value, static_cast<T*>(nullptr));
        else if constexpr (json::is_map_like<T>::value) {
            if (auto* const object = value.if_object())
                for (auto& member : *object)
                    in<typename T::mapped_type>(member.value());
        }
        else if constexpr (json::is_tuple_like<T>::value) {
            if (auto* const array = value.if_array();
                array && array->size() == std::tuple_size_v<T>)
                elements<T>(*array, std::make_index_sequence<std::tuple_size_v<T>>());
        }
        else if constexpr (json::is_sequence_like<T>::value) {
            if (auto* const array = value.if_array())
                for (auto& element : *array)
                    in<typename T::value_type>(element);
        }
        else if (auto* const object = value.if_object())
            members<T>(*object);
    }

private:
    template <class T, std::size_t... I>
    static void elements(boost::json::array& array, std::index_sequence<I...>)
    {
        (in<std::remove_cv_t<std::tuple_element_t<I, T>>>(array[I]), ...);
    }

    /// Boost.JSON takes the first alternative that can be converted.
    template <class... Ts>
    static void alternative(boost::json::value& value, std::variant<Ts...>*)
    {
        auto const fits = [&]<class T>(T*) {
            boost::json::value fitted(value, value.storage());
            in<T>(fitted);
            if (!boost::json::try_value_to<T>(fitted))
                return false;
            value = std::move(fitted);
            return true;
        };
        static_cast<void>((fits(static_cast<Ts*>(nullptr)) || ...));
    }

    template <class T>
    static void members(boost::json::object& object)
    {
        using all = described_members<T>;
        std::size_t named = 0;
        boost::mp11::mp_for_each<all>([&]<class Member>(Member) {
            using type = member_type<T, Member>;
            if (auto* const value = object.if_contains(Member::name)) {
                in<type>(*value);
                ++named;
            }
            else if constexpr (is_optional<type>) {
                object.emplace(Member::name, nullptr);
                ++named;
            }
        });
        if (object.size() == named)
            return;
        boost::json::object rest(object.storage());
        rest.swap(object);
        object.reserve(named);
        boost::mp11::mp_for_each<all>([&]<class Member>(Member) {
            if (auto* const value = rest.if_contains(Member::name))
                object.emplace(Member::name, std::move(*value));
        });
    }
};

}  // namespace leasepool::detail

#endif
