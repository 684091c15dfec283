// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_GRINDER_CORE_HPP
#define LEASEPOOL_DETAIL_GRINDER_CORE_HPP

#include <leasepool/detail/grinder_item.hpp>
#include <leasepool/detail/initiate.hpp>
#include <leasepool/grinder_options.hpp>
#include <leasepool/grinder_stats.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <cstddef>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// The functions of the compiled core that the templates of `work_grinder` call, and the
/// initiations that call them. All functions may be called from any thread.
namespace leasepool::detail {

class grinder_core;
void intrusive_ptr_add_ref(grinder_core* core) noexcept;
void intrusive_ptr_release(grinder_core* core) noexcept;
using grinder_ptr = boost::intrusive_ptr<grinder_core>;

/// Throws std::invalid_argument if the options are invalid.
grinder_ptr make_grinder(core_ptr manager, grinder_options&& options, std::source_location where);

/// Cancels everything. Does not wait until it is canceled.
void shut_down(grinder_core& core) noexcept;

core_ptr const& manager_of(grinder_core const& core) noexcept;

/// Submits an item. Throws, without having begun anything, if there is no memory for the name of
/// the owner.
void submit(grinder_core& core, grinder_item& item, bool wait, std::string_view owner);
void cancel(grinder_core& core, run_canceler& what, boost::asio::cancellation_type type) noexcept;

void start(grinder_core& core, plain_completion& op) noexcept;
void stats_of(grinder_core& core, stats_completion_of<grinder_stats>& op) noexcept;

/// A stop that an operation waits for. A cancellation slot may refer to it for longer.
class grinder_stop;
void intrusive_ptr_add_ref(grinder_stop* what) noexcept;
void intrusive_ptr_release(grinder_stop* what) noexcept;
using grinder_stop_ptr = boost::intrusive_ptr<grinder_stop>;

grinder_stop_ptr make_grinder_stop(grinder_ptr core, grinder_stop_options const& options);
void submit(grinder_stop& what, plain_completion& op) noexcept;
void cancel(grinder_stop& what) noexcept;

/// Base class of the initiations on a grinder.
class grinder_initiation {
public:
    using executor_type = boost::asio::any_io_executor;
    executor_type get_executor() const noexcept { return executor_of(*manager_of(*core_)); }

    explicit grinder_initiation(grinder_ptr core) noexcept : core_(std::move(core)) {}

protected:
    template <class Handler>
    held_executor checked_executor(Handler const& handler) const
    {
        auto const& manager = *manager_of(*core_);
        require_context(manager);
        return executor_for(handler, manager);
    }

    grinder_ptr core_;
};

class initiate_grinder_start : public grinder_initiation {
public:
    using grinder_initiation::grinder_initiation;

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        using op = plain_operation<std::decay_t<Handler>>;
        auto ex = checked_executor(handler);
        start(*core_, *new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
    }
};

class initiate_grinder_stop : public grinder_initiation {
public:
    using grinder_initiation::grinder_initiation;

    template <class Handler>
    void operator()(Handler&& handler, grinder_stop_options options) const
    {
        using op = plain_operation<std::decay_t<Handler>>;
        auto ex = checked_executor(handler);
        auto const what = make_grinder_stop(core_, options);
        connect_slot(handler, [&what] {
            return [what](boost::asio::cancellation_type type) {
                if (is_cancellation(type))
                    cancel(*what);
            };
        });
        submit(*what, *new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
    }
};

class initiate_grinder_stats : public grinder_initiation {
public:
    using grinder_initiation::grinder_initiation;

    template <class Handler>
    void operator()(Handler&& handler) const
    {
        using op = stats_operation<std::decay_t<Handler>, grinder_stats>;
        auto ex = checked_executor(handler);
        stats_of(*core_, *new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
    }
};

/// A copy of `submit_options` that keeps the name of the owner alive. Most items have no owner.
struct kept_submit_options {
    explicit kept_submit_options(submit_options const& options)
        : owner(
              options.owner.empty() ? nullptr : std::make_shared<std::string const>(options.owner)),
          wait(options.wait)
    {
    }

    std::shared_ptr<std::string const> owner;
    bool wait;
};

class initiate_submit : public grinder_initiation {
public:
    using grinder_initiation::grinder_initiation;

    template <class Handler, class F>
    void operator()(Handler&& handler, F&& f, kept_submit_options const& options) const
    {
        using op_type = run_operation_for<std::decay_t<F>, std::decay_t<Handler>, grinder_item>;
        auto ex = checked_executor(handler);
        auto* const op = new_operation<op_type>(
            std::forward<Handler>(handler), std::move(ex), lease_ptr(), std::forward<F>(f));
        try {
            connect_slot(op->handler, [this, op] {
                op->canceler = make_canceler(*op);
                return [core = core_, what = op->canceler](
                           boost::asio::cancellation_type type) { cancel(*core, *what, type); };
            });
            submit(*core_, *op, options.wait,
                options.owner ? std::string_view(*options.owner) : std::string_view());
        }
        catch (...) {
            op->destroy();
            throw;
        }
    }
};

}  // namespace leasepool::detail

#endif
