// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_WORKER_ENTRY_HPP
#define LEASEPOOL_DETAIL_WORKER_ENTRY_HPP

#include <leasepool/detail/json_types.hpp>
#include <leasepool/job.hpp>
#include <leasepool/job_context.hpp>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace leasepool::detail {

/// The stage that a call of a job has reached. It shows where an exception comes from.
enum class job_stage {
    arguments,  ///< they are being converted; a `misfit` describes what is wrong with them
    running,    ///< the job runs
    result,     ///< it is being converted
};

/// A job of a worker, with its type erased.
class worker_entry {
public:
    virtual std::string_view name() const noexcept = 0;
    virtual bool is_local() const noexcept = 0;
    /// Runs the job with arguments as they were received.
    /// @param stage is updated during the call. If the call throws, it shows how far the call got.
    virtual boost::json::value run(
        boost::json::value&& params, job_context& context, job_stage& stage) const = 0;

protected:
    ~worker_entry() = default;
};

/// Returns the arguments in `params`. Null is an array of no arguments.
/// @throws misfit if `params` is not an array of `count` elements.
boost::json::array& arguments_in(boost::json::value& params, std::size_t count);

/// Converts one argument.
/// @throws misfit whose place is relative to all of the params.
template <class T>
T argument_from(boost::json::array& arguments, std::size_t at)
{
    try {
        return from_json<T>(std::move(arguments[at]));
    }
    catch (misfit& why) {
        why.at.insert(0, '/' + std::to_string(at));
        throw;
    }
}

template <class Signature>
class worker_entry_for;

template <class R, class... Args>
class worker_entry_for<R(Args...)> final : public worker_entry {
public:
    explicit worker_entry_for(job<R(Args...)> const& from)
        : name_(from.name()), function_(from.function())
    {
    }

    std::string_view name() const noexcept override { return name_; }
    bool is_local() const noexcept override { return function_.is_local(); }

    boost::json::value run(
        boost::json::value&& params, job_context& context, job_stage& stage) const override
    {
        stage = job_stage::arguments;
        auto arguments = arguments_from(params, std::index_sequence_for<Args...>());
        stage = job_stage::running;
        if constexpr (std::is_void_v<R>) {
            function_(context, std::move(arguments));
            stage = job_stage::result;
            return nullptr;
        }
        else {
            decltype(auto) result = function_(context, std::move(arguments));
            stage = job_stage::result;
            return boost::json::value_from(static_cast<R&&>(result));
        }
    }

private:
    template <std::size_t... I>
    static std::tuple<std::decay_t<Args>...> arguments_from(
        boost::json::value& params, std::index_sequence<I...>)
    {
        [[maybe_unused]] auto& from = arguments_in(params, sizeof...(Args));
        return {argument_from<std::decay_t<Args>>(from, I)...};
    }

    std::string_view name_;
    job_function<R, Args...> function_;
};

}  // namespace leasepool::detail

#endif
