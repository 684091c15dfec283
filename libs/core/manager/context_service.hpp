// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_CONTEXT_SERVICE_HPP
#define LEASEPOOL_CORE_CONTEXT_SERVICE_HPP

#include <boost/asio/execution_context.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <memory>
#include <mutex>
#include <vector>

namespace leasepool::detail {

class manager_core;

/// The managers of an execution context. A manager is in the list until it ends or the context
/// ends.
///
/// An executor may refer to its context when it is destroyed (that of a strand does), and a lease
/// can keep the rest of a manager alive after the context. So the executors of a manager are
/// dropped here, by whichever of the two ends first.
class context_cores {
public:
    void add(manager_core& core);
    /// Removes a manager. Called by the destructor of `core`, on any thread.
    void remove(manager_core& core) noexcept;
    /// Shuts all managers down, because the context ends.
    void end_all() noexcept;

private:
    boost::intrusive_ptr<manager_core> next() noexcept;

    std::mutex mutex_;
    std::vector<manager_core*> cores_;
};

/// Notifies the managers of an execution context that it is shutting down.
class context_service final : public boost::asio::execution_context::service {
public:
    using key_type = context_service;
    static boost::asio::execution_context::id id;

    explicit context_service(boost::asio::execution_context& context);

    std::shared_ptr<context_cores> const& cores() const noexcept { return cores_; }

private:
    void shutdown() override { cores_->end_all(); }

    std::shared_ptr<context_cores> const cores_ = std::make_shared<context_cores>();
};

}  // namespace leasepool::detail

#endif
