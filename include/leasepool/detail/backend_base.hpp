// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_DETAIL_BACKEND_BASE_HPP
#define LEASEPOOL_DETAIL_BACKEND_BASE_HPP

#include <leasepool/backend.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace leasepool::detail {

/// The execution context that a pool's threads run; see libs/core.
class pool_context;

class job_pool;

/// A pool of any backend, with its type erased.
class pool_base {
public:
    virtual ~pool_base() = default;
    virtual void close() noexcept = 0;
    /// Runs a task. Called only if this is a function pool.
    virtual void execute(pool_task&& task) = 0;
    /// Returns the number of workers; 0 if this is not a function pool.
    virtual std::size_t workers() const noexcept = 0;
    /// Returns the context that the threads of the pool run. The context may outlive the pool.
    /// Returns null if the workers are not Asio threads.
    virtual std::shared_ptr<pool_context> context() const noexcept = 0;
    /// Returns this pool as a `job_pool` if it executes operations in other processes; otherwise
    /// null.
    virtual job_pool* jobs() noexcept = 0;
};

/// A backend with its type erased.
class backend_base {
public:
    virtual ~backend_base() = default;
    virtual std::unique_ptr<pool_base> make_pool(pool_site site) = 0;
    virtual std::string_view name() const noexcept = 0;
    virtual std::size_t workers_per_pool() const noexcept = 0;
};

template <pool Pool>
class pool_adaptor final : public pool_base {
public:
    /// Called once, before any other function.
    void adopt(std::unique_ptr<Pool> p) noexcept { pool_ = std::move(p); }

    void close() noexcept override { pool_->close(); }

    void execute([[maybe_unused]] pool_task&& task) override
    {
        if constexpr (function_pool<Pool>)
            pool_->execute(std::move(task));
    }

    std::size_t workers() const noexcept override
    {
        if constexpr (function_pool<Pool>)
            return pool_->workers();
        else
            return 0;
    }

    std::shared_ptr<pool_context> context() const noexcept override
    {
        if constexpr (requires { pool_->context(); })
            return pool_->context();
        else
            return nullptr;
    }

    job_pool* jobs() noexcept override
    {
        if constexpr (requires { pool_->jobs(); })
            return pool_->jobs();
        else
            return nullptr;
    }

private:
    std::unique_ptr<Pool> pool_;
};

template <backend Backend>
class backend_adaptor final : public backend_base {
public:
    explicit backend_adaptor(Backend&& b) : backend_(std::move(b)) {}

    std::unique_ptr<pool_base> make_pool(pool_site site) override
    {
        // Allocated before the pool exists. If this allocation failed later, the destructor of the
        // pool would run, and it might wait for the threads of the pool.
        auto adaptor = std::make_unique<pool_adaptor<typename Backend::pool_type>>();
        auto made = backend_.make_pool(std::move(site));
        if (!made)
            throw std::logic_error(std::string("leasepool: make_pool of backend '")
                                       .append(name())
                                       .append("' returned null; return the pool, or throw"));
        adaptor->adopt(std::move(made));
        return adaptor;
    }

    std::string_view name() const noexcept override { return backend_.name(); }
    std::size_t workers_per_pool() const noexcept override { return backend_.workers_per_pool(); }

private:
    Backend backend_;
};

template <backend Backend>
std::unique_ptr<backend_base> erase(Backend b)
{
    // A backend that is already erased is not wrapped again, because a second adaptor would hide
    // the real type of its pools.
    if constexpr (requires {
                      {
                          std::move(b).release()
                          } -> std::same_as<std::unique_ptr<backend_base>>;
                  })
        return std::move(b).release();
    else
        return std::make_unique<backend_adaptor<Backend>>(std::move(b));
}

}  // namespace leasepool::detail

#endif
