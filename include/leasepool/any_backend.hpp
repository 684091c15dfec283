// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_ANY_BACKEND_HPP
#define LEASEPOOL_ANY_BACKEND_HPP

#include <leasepool/backend.hpp>
#include <leasepool/detail/backend_base.hpp>
#include <leasepool/error.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace leasepool {

/// Any backend, chosen at run time, also by name.
///
/// A lease on it can be acquired, renewed, watched and released as any other. It is no executor
/// and runs jobs, but no callables: whether those could run is known at run time only.
class any_backend {
public:
    class pool_type;

    /// Holds `b`.
    template <class Backend>
    requires(!std::same_as<Backend, any_backend>) &&
        backend<Backend> any_backend(Backend b) : backend_(detail::erase(std::move(b)))
    {
    }

    /// The backend of this name, with its default options: `thread`; `process` where
    /// leasepool/process_backend.hpp is included; or one named by `register_backend`.
    /// @throws system_error(errc::unknown_backend), with the known names in its text;
    ///     system_error(errc::unsupported_backend) for one that cannot be had here.
    explicit any_backend(std::string_view name);

    static constexpr bool runs_jobs = true;

    std::string_view name() const noexcept { return backend_->name(); }
    std::size_t workers_per_pool() const noexcept { return backend_->workers_per_pool(); }
    std::unique_ptr<pool_type> make_pool(pool_site site);

    /// @cond
    std::unique_ptr<detail::backend_base> release() && noexcept { return std::move(backend_); }
    /// @endcond

private:
    std::unique_ptr<detail::backend_base> backend_;
};

/// A pool of whichever backend it is. Its manager's business.
class any_backend::pool_type {
public:
    explicit pool_type(std::unique_ptr<detail::pool_base> p) noexcept : pool_(std::move(p)) {}
    void close() noexcept { pool_->close(); }

private:
    std::unique_ptr<detail::pool_base> pool_;
};

static_assert(backend<any_backend>);

/// Has `any_backend(name)` make what `make` returns: a way to plug in backends of one's own, or to
/// give one other options by default. Any thread. The last registration of a name counts.
void register_backend(std::string_view name, std::function<any_backend()> make);

}  // namespace leasepool

#endif
