// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include <leasepool/detail/manager_interface.hpp>

#include "core/manager/manager_core.hpp"

#include <utility>

// Makes the core of a manager, for the constructor of `manager`.

namespace leasepool::detail {

manager_ptr manager_interface::make(boost::asio::any_io_executor const& ex,
    std::unique_ptr<backend_base> backend, manager_options&& options)
{
    return manager_ptr(new manager_core(ex, std::move(backend), std::move(options)));
}

}  // namespace leasepool::detail
