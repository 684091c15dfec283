// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#include "core/manager/context_service.hpp"

#include "core/manager/manager_core.hpp"

#include <vector>

// The service that connects an execution context with its managers. The constructor and the
// destructor of `manager_core` call it, and the shutdown of the context.

namespace leasepool::detail {

boost::asio::execution_context::id context_service::id;

context_service::context_service(boost::asio::execution_context& context)
    : boost::asio::execution_context::service(context)
{
}

void context_cores::add(manager_core& core)
{
    std::lock_guard lock(mutex_);
    cores_.push_back(&core);
}

void context_cores::remove(manager_core& core) noexcept
{
    std::lock_guard lock(mutex_);
    if (std::erase(cores_, &core) != 0)
        core.drop_executors();
}

core_ptr context_cores::next() noexcept
{
    std::lock_guard lock(mutex_);
    while (!cores_.empty()) {
        auto& core = *cores_.back();
        cores_.pop_back();
        if (auto found = core.share())
            return found;
        core.drop_executors();  // another thread is about to remove it
    }
    return nullptr;
}

void context_cores::end_all() noexcept
{
    while (auto const core = next()) {
        core->shut_down(true);
        core->context_ended();
    }
}

}  // namespace leasepool::detail
