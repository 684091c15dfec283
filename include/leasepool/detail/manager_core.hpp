// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_MANAGER_CORE_HPP
#define LEASEPOOL_DETAIL_MANAGER_CORE_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/asio_settings.hpp>
#include <leasepool/options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstddef>
#include <memory>

/// The functions of the compiled core that the templates call for a manager. All functions may be
/// called from any thread.
namespace leasepool::detail {

class backend_base;

class manager_core;
void intrusive_ptr_add_ref(manager_core* core) noexcept;
void intrusive_ptr_release(manager_core* core) noexcept;
using core_ptr = boost::intrusive_ptr<manager_core>;

/// Throws std::invalid_argument if the options are invalid.
core_ptr make_core(boost::asio::any_io_executor const& ex, std::unique_ptr<backend_base> backend,
    manager_options&& options);

/// Cancels everything and waits for the threads that run user functions.
void shut_down(manager_core& core) noexcept;

boost::asio::any_io_executor const& executor_of(manager_core const& core) noexcept;

/// Throws errc::not_running if the context of the manager's executor is gone. A handler without an
/// executor of its own could not be delivered then.
void require_context(manager_core const& core);

void notify_scale_changed(manager_core& core) noexcept;

struct counts {
    std::size_t available;
    std::size_t leased;
    std::size_t total;
    std::size_t desired;
    std::size_t waiters;
    std::size_t retired;
};
counts counts_of(manager_core const& core) noexcept;

}  // namespace leasepool::detail

#endif
