// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_CORE_CONTEXT_SERVICE_HPP
#define LEASEPOOL_CORE_CONTEXT_SERVICE_HPP

#include <boost/asio/execution_context.hpp>

#include <mutex>
#include <vector>

namespace leasepool::detail {

class manager_core;

/// Tells the managers of an execution context that it is shutting down.
class context_service final : public boost::asio::execution_context::service {
public:
    using key_type = context_service;
    static boost::asio::execution_context::id id;

    explicit context_service(boost::asio::execution_context& context);

    void add(manager_core& core);
    void remove(manager_core& core) noexcept;

private:
    void shutdown() override;

    std::mutex mutex_;
    std::vector<manager_core*> cores_;
};

}  // namespace leasepool::detail

#endif
