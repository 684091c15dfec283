// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_MANAGER_INTERFACE_HPP
#define LEASEPOOL_DETAIL_MANAGER_INTERFACE_HPP

#include <leasepool/detail/pending_command.hpp>
#include <leasepool/detail/ref_counted.hpp>
#include <leasepool/error.hpp>
#include <leasepool/options.hpp>
#include <leasepool/stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <memory>

namespace leasepool::detail {

class backend_base;

using stats_completion = stats_completion_of<stats>;

struct counts {
    std::size_t available;
    std::size_t leased;
    std::size_t total;
    std::size_t desired;
    std::size_t waiters;
    std::size_t retired;
};

/// The part of a manager's core that the templates use. Any thread.
class manager_interface : public ref_counted {
public:
    /// Makes the core of a manager. Throws std::invalid_argument if the options are invalid.
    static boost::intrusive_ptr<manager_interface> make(boost::asio::any_io_executor const& ex,
        std::unique_ptr<backend_base> backend, manager_options&& options);

    virtual boost::asio::any_io_executor const& executor() const noexcept = 0;
    virtual bool context_gone() const noexcept = 0;
    virtual counts count() const noexcept = 0;
    virtual void notify_scale_changed() noexcept = 0;

    // These throw std::bad_alloc.
    virtual command_ptr make_start() = 0;
    virtual command_ptr make_stop(stop_options const& options) = 0;
    /// Makes a command for a `stats_completion`.
    virtual command_ptr make_stats() = 0;

    /// See `manager::~manager`.
    virtual void shut_down() noexcept = 0;

    /// Throws errc::not_running if the context of the manager's executor is gone. A handler without
    /// an executor of its own could not be delivered then.
    void require_context() const
    {
        if (context_gone())
            throw boost::system::system_error(make_error_code(errc::not_running));
    }

protected:
    ~manager_interface() = default;
};

using manager_ptr = boost::intrusive_ptr<manager_interface>;

}  // namespace leasepool::detail

#endif
