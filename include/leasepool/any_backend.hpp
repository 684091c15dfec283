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

/// Holds any backend, chosen at run time, also by name.
///
/// A lease on it can be acquired, renewed, observed and released like any other. It is not an
/// executor. It runs jobs but no callables, because it is known only at run time whether the
/// backend can run callables.
class any_backend {
public:
    class pool_type;

    /// Constructs an `any_backend` that holds `b`.
    template <class Backend>
    requires(!std::same_as<Backend, any_backend>) &&
        backend<Backend> any_backend(Backend b) : backend_(detail::erase(std::move(b)))
    {
    }

    /// Constructs the backend of this name, with its default options: `thread`; `process`, if
    /// leasepool/process_backend.hpp is included; or a name passed to `register_backend`.
    /// @throws system_error(errc::unknown_backend), with the known names in its text;
    ///     system_error(errc::unsupported_backend) if the backend is not available in this build or
    ///     on this system.
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

/// A pool of the backend that is held. For use by the manager only.
class any_backend::pool_type {
public:
    explicit pool_type(std::unique_ptr<detail::pool_base> p) noexcept : pool_(std::move(p)) {}
    void close() noexcept { pool_->close(); }

private:
    std::unique_ptr<detail::pool_base> pool_;
};

static_assert(backend<any_backend>);

/// Makes `any_backend(name)` return the result of `make`. Use it to add a backend of your own, or
/// to change the default options of a backend. May be called on any thread. The last registration
/// of a name takes effect.
void register_backend(std::string_view name, std::function<any_backend()> make);

}  // namespace leasepool

#endif
