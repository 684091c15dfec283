// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_JOB_HPP
#define LEASEPOOL_JOB_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/json_types.hpp>
#include <leasepool/job_context.hpp>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace leasepool {
namespace detail {

/// @throws system_error(errc::bad_result)
[[noreturn]] void throw_bad_result(std::string_view job, misfit const& why);
/// @throws system_error(errc::job_not_local)
[[noreturn]] void throw_job_not_local(std::string_view job);

template <class T>
inline constexpr bool is_text_view = false;
template <class Char, class Traits>
inline constexpr bool is_text_view<std::basic_string_view<Char, Traits>> = true;
template <>
inline constexpr bool is_text_view<char const*> = true;
template <>
inline constexpr bool is_text_view<char*> = true;
template <>
inline constexpr bool is_text_view<boost::json::string_view> = true;

template <class T>
inline constexpr bool is_span = false;
template <class T, std::size_t N>
inline constexpr bool is_span<std::span<T, N>> = true;

template <class Parameter>
constexpr bool check_job_parameter()
{
    using type = std::decay_t<Parameter>;
    constexpr bool writes_back = std::is_lvalue_reference_v<Parameter> &&
        !std::is_const_v<std::remove_reference_t<Parameter>>;
    static_assert(!writes_back,
        "leasepool::job: a parameter is a reference to non-const, but another process "
        "cannot return what a job writes there; take it by value or by reference to const, and "
        "return what changed");
    static_assert(!is_text_view<type>,
        "leasepool::job: a parameter is a view of text, which cannot be made from JSON; take "
        "std::string, by value or by reference to const");
    static_assert(!is_span<type>,
        "leasepool::job: a parameter is a span, which cannot be made from JSON; take std::vector, "
        "by value or by reference to const");
    constexpr bool views = is_text_view<type> || is_span<type>;
    static_assert(views || !std::is_pointer_v<type>,
        "leasepool::job: a parameter is a pointer, which means nothing in another process; take "
        "the value itself");
    static_assert(views || std::is_pointer_v<type> || travels<type>::value,
        "leasepool::job: Boost.JSON cannot convert the type of a parameter both ways (value_from "
        "and value_to); describe it with BOOST_DESCRIBE_STRUCT, or write both tag_invoke for it");
    return true;
}

template <class Result>
constexpr bool check_job_result()
{
    using type = std::decay_t<Result>;
    static_assert(!is_text_view<type>,
        "leasepool::job: the result is a view of text, which cannot be made from JSON; return "
        "std::string");
    static_assert(!is_span<type>,
        "leasepool::job: the result is a span, which cannot be made from JSON; return std::vector");
    constexpr bool views = is_text_view<type> || is_span<type>;
    static_assert(views || !std::is_pointer_v<type>,
        "leasepool::job: the result is a pointer, which means nothing in another process; return "
        "the value itself");
    if constexpr (!std::is_void_v<Result>)
        static_assert(views || std::is_pointer_v<type> || travels<type>::value,
            "leasepool::job: Boost.JSON cannot convert the type of the result both ways "
            "(value_from and value_to); describe it with BOOST_DESCRIBE_STRUCT, or write both "
            "tag_invoke for it");
    return true;
}

/// The function of a job, without a context (`plain`) or with one (`with_context`). Both are null
/// if the function is in another program.
template <class R, class... Args>
struct job_function {
    R (*plain)(Args...) = nullptr;
    R (*with_context)(job_context&, Args...) = nullptr;
    /// Not derived from the pointers: GCC with -fsanitize=undefined does not accept a comparison of
    /// a function's address with null as a constant expression.
    bool is_here = false;

    constexpr bool is_local() const noexcept { return is_here; }

    R operator()(job_context& context, std::tuple<std::decay_t<Args>...>&& arguments) const
    {
        return std::apply(
            [&](auto&... each) -> R {
                if (with_context)
                    return with_context(context, static_cast<Args&&>(each)...);
                return plain(static_cast<Args&&>(each)...);
            },
            arguments);
    }
};

}  // namespace detail

/// A job with its arguments: the result of calling a `job`, and the argument of `async_run`.
///
/// It owns its arguments. Copying and moving it copies and moves the arguments.
template <class R, class... Args>
class job_call {
public:
    /// The type of the result that the caller gets.
    using result_type = std::decay_t<R>;

    /// @cond
    job_call(std::string_view name, detail::job_function<R, Args...> function,
        std::decay_t<Args>... arguments)
        : name_(name), function_(function), arguments_(std::move(arguments)...)
    {
    }
    /// @endcond

    /// Returns the name of the job.
    std::string_view name() const noexcept { return name_; }

    /// Returns whether the job's function is in this program.
    bool is_local() const noexcept { return function_.is_local(); }

    /// @cond
    bool takes_context() const noexcept { return function_.with_context != nullptr; }
    /// @endcond

    /// Returns the arguments as an array, in their order.
    /// @throws any exception of their conversions; std::bad_alloc.
    boost::json::value arguments() const
    {
        return std::apply(
            [](auto const&... each) {
                boost::json::array out;
                out.reserve(sizeof...(each));
                (out.push_back(boost::json::value_from(each)), ...);
                return boost::json::value(std::move(out));
            },
            arguments_);
    }

    /// Calls the job's function in this program. The arguments are moved into it, so this can be
    /// done only once.
    /// @throws system_error(errc::job_not_local) if the function is not in this program; any
    ///     exception of the function.
    result_type operator()(job_context& context)
    {
        if (!is_local())
            detail::throw_job_not_local(name_);
        return function_(context, std::move(arguments_));
    }

    /// Converts the answer of a worker to the result. The error names `job`. The answer of a job
    /// that returns nothing is ignored.
    /// @throws system_error(errc::bad_result) with a text that names the place, the expected type
    ///     and the actual value.
    static result_type convert(boost::json::value&& answer, std::string_view job = {})
    {
        if constexpr (!std::is_void_v<result_type>)
            try {
                return detail::from_json<result_type>(std::move(answer));
            }
            catch (detail::misfit const& why) {
                detail::throw_bad_result(job, why);
            }
    }

private:
    std::string_view name_;
    detail::job_function<R, Args...> function_;
    std::tuple<std::decay_t<Args>...> arguments_;
};

namespace detail {

template <class T>
inline constexpr bool is_job_call = false;
template <class R, class... Args>
inline constexpr bool is_job_call<job_call<R, Args...>> = true;

/// Satisfied by the arguments that `async_run` accepts as a job, also by references to them.
template <class T>
concept job_call_like = is_job_call<std::remove_cvref_t<T>>;

}  // namespace detail

/// A named, typed function: the unit of work that runs both on threads and in worker processes.
///
/// A job is declared once, in a place that both caller and worker include, preferably as
/// `constexpr`:
/// @code
/// std::uint64_t count_primes(std::uint64_t below);
/// inline constexpr leasepool::job count_primes_job{"count_primes", &count_primes};
///
/// std::uint64_t n = co_await lease.async_run(count_primes_job(20'000));
/// @endcode
/// If the function is in a worker of another program or language, declare the job by its name and
/// signature only:
/// @code
/// inline constexpr leasepool::job<double(std::string)> score_job{"score"};
/// @endcode
///
/// Arguments and result are sent as JSON, converted with Boost.JSON's `value_from` and `value_to`:
/// scalars, strings, containers, optionals, variants, tuples, described structs, and types with a
/// `tag_invoke` of their own. Parameters are taken by value or by reference to const. Other types
/// do not compile. For a described struct the same rule holds with every version of Boost: members
/// of the JSON object that the struct does not name are ignored, a member of type `std::optional` may
/// be missing, and another missing member is an error that names the member. A first parameter of type `job_context&` is not an argument; see `job_context`.
///
/// The name is not copied: it must be a literal, or outlive every use of the job. It must not be
/// empty, and must not begin with `leasepool/`; in a constant expression a violation is a
/// compile-time error.
///
/// Thread safety: a job never changes, so all functions may be called concurrently.
template <class Signature>
class job;

template <class R, class... Args>
class job<R(Args...)> {
    static_assert(detail::check_job_result<R>());
    static_assert((detail::check_job_parameter<Args>() && ...));

public:
    /// Constructs a job that calls this function.
    /// @throws std::invalid_argument if the name is empty or reserved, or, outside of constant
    ///     expressions, if the function is null.
    constexpr job(std::string_view name, R (*body)(Args...))
        : name_(checked(name)), function_{body, nullptr, true}
    {
        if (!std::is_constant_evaluated() && !body)
            throw std::invalid_argument("leasepool::job: the function is null");
    }

    /// Constructs a job that calls this function with a context.
    /// @throws std::invalid_argument as above.
    constexpr job(std::string_view name, R (*body)(job_context&, Args...))
        : name_(checked(name)), function_{nullptr, body, true}
    {
        if (!std::is_constant_evaluated() && !body)
            throw std::invalid_argument("leasepool::job: the function is null");
    }

    /// Constructs a job whose function is in another program.
    /// @throws std::invalid_argument if the name is empty or reserved.
    explicit constexpr job(std::string_view name) : name_(checked(name)) {}

    constexpr std::string_view name() const noexcept { return name_; }

    /// Returns whether the job's function is in this program.
    constexpr bool is_local() const noexcept { return function_.is_local(); }

    /// Returns a call of the job with these arguments. They are converted as in a call of the
    /// function.
    job_call<R, Args...> operator()(std::decay_t<Args>... arguments) const
    {
        return {name_, function_, std::move(arguments)...};
    }

    /// @cond
    constexpr detail::job_function<R, Args...> function() const noexcept { return function_; }
    /// @endcond

private:
    static constexpr std::string_view checked(std::string_view name)
    {
        if (name.empty())
            throw std::invalid_argument("leasepool::job: the name is empty");
        if (name.starts_with("leasepool/"))
            throw std::invalid_argument("leasepool::job: names in leasepool/ are reserved");
        return name;
    }

    std::string_view name_;
    detail::job_function<R, Args...> function_;
};

template <class R, class... Args>
job(std::string_view, R (*)(Args...)) -> job<R(Args...)>;
template <class R, class... Args>
job(std::string_view, R (*)(job_context&, Args...)) -> job<R(Args...)>;

}  // namespace leasepool

#endif
