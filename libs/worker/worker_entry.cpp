// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/worker_entry.hpp>

// The part of the conversion of arguments that is not a template. `worker_entry_for` calls it.

namespace leasepool::detail {

boost::json::array& arguments_in(boost::json::value& params, std::size_t count)
{
    if (params.is_null())
        params.emplace_array();
    auto* const array = params.if_array();
    if (!array || array->size() != count)
        throw misfit{{},
            count == 1 ? "an array of 1 argument"
                       : "an array of " + std::to_string(count) + " arguments",
            array ? std::to_string(array->size()) : describe_json(params)};
    return *array;
}

}  // namespace leasepool::detail
