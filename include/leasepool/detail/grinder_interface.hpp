// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_GRINDER_INTERFACE_HPP
#define LEASEPOOL_DETAIL_GRINDER_INTERFACE_HPP

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

namespace leasepool::detail {

/// The part of a grinder's core that the templates of `work_grinder` use. Any thread.
class grinder_interface : public ref_counted {
public:
    /// Makes the core of a grinder. Throws std::invalid_argument if the options are invalid.
    static boost::intrusive_ptr<grinder_interface> make(
        manager_interface& manager, grinder_options&& options, std::source_location where);

    virtual manager_interface& manager() const noexcept = 0;

    /// Submits an item. Throws, without having begun anything, if there is no memory for the name
    /// of the owner.
    virtual void submit(grinder_item& item, bool wait, std::string_view owner) = 0;
    virtual void cancel(run_canceler& what, boost::asio::cancellation_type type) noexcept = 0;

    virtual void start(plain_completion& op) noexcept = 0;
    virtual void read_stats(stats_completion_of<grinder_stats>& op) noexcept = 0;
    /// Throws std::bad_alloc.
    virtual command_ptr make_stop(grinder_stop_options const& options) = 0;

    /// Cancels everything. Does not wait until it is canceled.
    virtual void shut_down() noexcept = 0;

protected:
    ~grinder_interface() = default;
};

using grinder_ptr = boost::intrusive_ptr<grinder_interface>;

/// Base class of the initiations on a grinder.
class grinder_initiation {
public:
    using executor_type = boost::asio::any_io_executor;
    executor_type get_executor() const noexcept { return core_->manager().executor(); }

    explicit grinder_initiation(grinder_ptr core) noexcept : core_(std::move(core)) {}

protected:
    template <class Handler>
    held_executor checked_executor(Handler const& handler) const
    {
        core_->manager().require_context();
        return executor_for(handler, core_->manager());
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
        core_->start(*new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
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
        auto const what = core_->make_stop(options);
        connect_slot(handler, [&what] {
            return [what](boost::asio::cancellation_type type) {
                if (is_cancellation(type))
                    what->cancel();
            };
        });
        what->submit(*new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
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
        core_->read_stats(*new_operation<op>(std::forward<Handler>(handler), std::move(ex)));
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
                op->canceler.reset(new run_canceler(*op));
                return [core = core_, what = op->canceler](
                           boost::asio::cancellation_type type) { core->cancel(*what, type); };
            });
            core_->submit(*op, options.wait,
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
