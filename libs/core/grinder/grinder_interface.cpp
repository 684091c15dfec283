// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/grinder_interface.hpp>

#include "core/grinder/grinder_core.hpp"

#include <utility>

// Makes the core of a grinder, for the constructor of `work_grinder`.

namespace leasepool::detail {

grinder_ptr grinder_interface::make(
    manager_interface& manager, grinder_options&& options, std::source_location where)
{
    grinder_core_ptr made(
        new grinder_core(static_cast<manager_core&>(manager), std::move(options), where));
    made->attach();
    return made;
}

}  // namespace leasepool::detail
