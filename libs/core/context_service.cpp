// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "context_service.hpp"

#include "manager_core.hpp"

#include <algorithm>

namespace leasepool::detail {

boost::asio::execution_context::id context_service::id;

context_service::context_service(boost::asio::execution_context& context)
    : boost::asio::execution_context::service(context)
{
}

void context_service::add(manager_core& core)
{
    std::lock_guard lock(mutex_);
    cores_.push_back(&core);
}

void context_service::remove(manager_core& core) noexcept
{
    std::lock_guard lock(mutex_);
    std::erase(cores_, &core);
}

void context_service::shutdown()
{
    for (;;) {
        core_ptr core;
        {
            std::lock_guard lock(mutex_);
            if (cores_.empty())
                return;
            core.reset(cores_.back());
            cores_.pop_back();
        }
        core->shut_down(true);
    }
}

}  // namespace leasepool::detail
