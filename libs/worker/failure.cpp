// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "failure.hpp"

#include "base/utf8.hpp"

#include "wire/notifications.hpp"

#include <leasepool/job_context.hpp>

#include <boost/core/demangle.hpp>

#include <cxxabi.h>
#include <exception>
#include <new>
#include <typeinfo>

// The texts and the data of error answers. `session` calls these functions; they call the functions
// of the wire that make texts and data.

namespace leasepool::worker {
namespace {

using wire::error_number;

failure job_threw(std::string type, std::string what)
{
    auto data = wire::to_data(wire::thrown{std::move(type), what});
    return {error_number::job_threw, std::move(what), std::move(data)};
}

failure bad_arguments(detail::misfit const& why, boost::json::value const& params)
{
    auto const place = wire::argument_at(why.at, params);
    auto text =
        (place.empty() ? "" : place + ": ") + "expected " + why.expected + ", got " + why.came;
    return {error_number::bad_arguments, std::move(text),
        wire::to_data(wire::conversion_error{why.at, why.expected, why.came})};
}

/// Returns the failure for a result whose conversion to JSON threw an exception.
failure bad_result(std::string_view what)
{
    return {error_number::bad_result, "the conversion to JSON failed: " + std::string(what),
        wire::to_data(wire::conversion_error{{}, "a result that value_from can convert", {}})};
}

std::string current_exception_type()
{
    auto const* const type = abi::__cxa_current_exception_type();
    return type ? boost::core::demangle(type->name()) : "unknown";
}

}  // namespace

failure failure_of_exception(
    detail::job_stage stage, boost::json::value const& params, bool stop_asked)
{
    using detail::job_stage;
    try {
        throw;
    }
    catch (detail::misfit const& why) {
        if (stage == job_stage::arguments)
            return bad_arguments(why, params);
        return {error_number::internal,
            "expected " + why.expected + (why.at.empty() ? "" : " at " + why.at) + ", got " +
                why.came};
    }
    catch (job_canceled const& e) {
        if (stop_asked && stage == job_stage::running)
            return {error_number::canceled, "the job was asked to stop, and stopped"};
        return job_threw("leasepool::job_canceled", e.what());
    }
    catch (std::bad_alloc const& e) {
        switch (stage) {
        case job_stage::arguments:
            return {error_number::internal, "out of memory while the arguments were converted"};
        case job_stage::running:
            break;
        case job_stage::result:
            return {error_number::internal, "out of memory while the result was converted"};
        }
        return job_threw(boost::core::demangle(typeid(e).name()), e.what());
    }
    catch (std::exception const& e) {
        switch (stage) {
        case job_stage::arguments:
            return bad_arguments(
                {{}, "arguments that can be converted", "an exception: " + std::string(e.what())},
                params);
        case job_stage::running:
            break;
        case job_stage::result:
            return bad_result(e.what());
        }
        return job_threw(boost::core::demangle(typeid(e).name()), e.what());
    }
    catch (...) {
        auto type = current_exception_type();
        auto const what = "an exception of type " + type + ", which is no std::exception";
        switch (stage) {
        case job_stage::arguments:
            return bad_arguments({{}, "arguments that can be converted", what}, params);
        case job_stage::running:
            break;
        case job_stage::result:
            return bad_result(what);
        }
        return job_threw(std::move(type), what);
    }
}

failure failure_of_result(wire::encoding_error const& why)
{
    auto number = error_number::bad_result;
    auto text = wire::describe(why);
    if (why.what == wire::encoding_error::kind::too_large) {
        number = error_number::result_too_large;
        text = "the result is " + text;
        if (!why.path.empty())
            text += "; its largest part is at " + why.path;
    }
    std::string_view expected;
    switch (why.what) {
    case wire::encoding_error::kind::not_finite:
        expected = "a finite number";
        break;
    case wire::encoding_error::kind::invalid_utf8:
    case wire::encoding_error::kind::invalid_method:
        expected = "a string of valid UTF-8";
        break;
    case wire::encoding_error::kind::invalid_key:
        expected = "a key of valid UTF-8";
        break;
    case wire::encoding_error::kind::too_deep:
        expected = "arrays and objects that are nested less deeply";
        break;
    case wire::encoding_error::kind::too_large:
        expected = "a smaller result";
        break;
    }
    return {number, std::move(text),
        wire::to_data(wire::conversion_error{why.path, std::string(expected), {}})};
}

failure unknown_job(std::string_view name)
{
    return {error_number::unknown_method, "this worker has no job " + detail::in_quotes(name)};
}

}  // namespace leasepool::worker
