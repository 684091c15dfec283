// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_AWAITED_TEMPORARY_HPP
#define LEASEPOOL_DETAIL_AWAITED_TEMPORARY_HPP

/// @file
/// Recognizes the calls in which g++ 12 may destroy an argument twice. `async_run` and
/// `async_submit` have deprecated overloads for them. config.hpp describes the fault.

#include <leasepool/detail/asio_settings.hpp>

#ifdef LEASEPOOL_DETAIL_CO_AWAIT_WARNING
#include <leasepool/job.hpp>

#include <boost/asio/deferred.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <type_traits>

#define LEASEPOOL_DETAIL_CO_AWAIT_DEPRECATED                                                       \
    [[deprecated(                                                                                  \
        "in the operand of co_await g++ 12 destroys a temporary argument of this call twice. "     \
        "Name the function, job call or job_options in a statement of its own and pass the name, " \
        "or std::ref(name) for a function that cannot be copied. "                                 \
        "LEASEPOOL_NO_GCC12_CO_AWAIT_WARNING silences this, see leasepool/config.hpp.")]]
#endif

namespace leasepool::detail {

#ifdef LEASEPOOL_DETAIL_CO_AWAIT_WARNING

/// The type that a forwarding reference deduces for a temporary, or for `std::move(named)`, that
/// g++ 12 could destroy twice.
template <class T>
concept owning_rvalue = !std::is_lvalue_reference_v<T> && !std::is_trivially_destructible_v<T>;

/// Whether an operation with this completion token can be the operand of `co_await`.
template <class Token>
inline constexpr bool makes_awaitable = false;
template <>
inline constexpr bool makes_awaitable<boost::asio::deferred_t> = true;
template <class Executor>
inline constexpr bool makes_awaitable<boost::asio::use_awaitable_t<Executor>> = true;
/// Adapters: `as_tuple_t<Token>`, `executor_binder<Token, Executor>` and the like.
template <template <class...> class Adapter, class... Parts>
inline constexpr bool makes_awaitable<Adapter<Parts...>> = (makes_awaitable<Parts> || ...);

template <class T>
inline constexpr bool is_owning_aggregate =
    std::is_aggregate_v<T> && !std::is_trivially_destructible_v<T>;

/// Whether g++ 12 could destroy a part of the work twice. A job call itself is safe, because it has
/// a constructor. Its arguments are initialized in the operand of `co_await`, so those that are
/// owning aggregates are not safe.
template <class Work>
inline constexpr bool may_be_destroyed_twice = true;
template <class R, class... Args>
inline constexpr bool may_be_destroyed_twice<job_call<R, Args...>> =
    (is_owning_aggregate<std::decay_t<Args>> || ...);

/// Whether g++ 12 could destroy the work twice if an operation with this token were awaited. Both
/// types are deduced from forwarding references.
template <class Token, class Work>
concept awaits_temporary = owning_rvalue<Work> && may_be_destroyed_twice<std::remove_cv_t<Work>> &&
    makes_awaitable<std::remove_cvref_t<Token>>;

#else

template <class Token, class Work>
concept awaits_temporary = false;

#endif

}  // namespace leasepool::detail

#endif
