// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_TEST_SCRIPTED_BACKEND_HPP
#define LEASEPOOL_TEST_SCRIPTED_BACKEND_HPP

#include "integration/support/support.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace leasepool::test {

class scripted_pool;

/// What the pools of a `scripted_backend` do, and which there are. By default they are ready at
/// once, run functions in the call, and are closed at once.
struct script {
    /// Whether to return the pool; may throw, and call the site itself.
    std::function<bool(pool_site const&)> on_make;
    /// May run the task, keep it or destroy it, or throw.
    std::function<void(pool_task&&)> on_execute;
    std::function<void(pool_site const&)> on_close;

    std::map<std::uint64_t, scripted_pool*> pools;
    int made = 0;
    int closes = 0;
    int destroyed = 0;

    /// The site of the pool that is there, or the last.
    pool_site const& site() const;
};

class scripted_pool {
public:
    scripted_pool(pool_site site, std::shared_ptr<script> s)
        : site_(std::move(site)), script_(std::move(s))
    {
        script_->pools.emplace(site_.id(), this);
    }

    ~scripted_pool()
    {
        script_->pools.erase(site_.id());
        ++script_->destroyed;
    }

    scripted_pool(scripted_pool const&) = delete;
    scripted_pool& operator=(scripted_pool const&) = delete;

    void execute(pool_task&& task)
    {
        if (script_->on_execute)
            script_->on_execute(std::move(task));
        else
            task();
    }

    std::size_t workers() const noexcept { return 1; }

    void close() noexcept
    {
        ++script_->closes;
        if (script_->on_close)
            script_->on_close(site_);
        else
            site_.closed();
    }

    pool_site const& site() const noexcept { return site_; }

private:
    pool_site site_;
    std::shared_ptr<script> script_;
};

inline pool_site const& script::site() const
{
    return pools.rbegin()->second->site();
}

/// A user's own backend, of which each test says what its pools do. For one thread.
class scripted_backend {
public:
    using pool_type = scripted_pool;

    explicit scripted_backend(std::shared_ptr<script> s) : script_(std::move(s)) {}

    static constexpr std::string_view name() noexcept { return "scripted"; }
    static constexpr std::size_t workers_per_pool() noexcept { return 1; }

    std::unique_ptr<scripted_pool> make_pool(pool_site site)
    {
        ++script_->made;
        if (!script_->on_make)
            site.ready();
        else if (!script_->on_make(site))
            return nullptr;
        return std::make_unique<scripted_pool>(std::move(site), script_);
    }

private:
    std::shared_ptr<script> script_;
};

static_assert(function_backend<scripted_backend>);

using scripted_manager = manager<scripted_backend>;
using scripted_lease = lease<scripted_backend>;

}  // namespace leasepool::test

#endif
