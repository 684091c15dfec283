// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_BACKEND_HPP
#define LEASEPOOL_BACKEND_HPP

#include <leasepool/config.hpp>
#include <leasepool/detail/asio_settings.hpp>
#include <leasepool/log.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace leasepool {

class pool_site;

namespace detail {

class pool_record;
void intrusive_ptr_add_ref(pool_record* pool) noexcept;
void intrusive_ptr_release(pool_record* pool) noexcept;
class worker_scope;
void report_unhandled(pool_site const& site, std::exception_ptr error) noexcept;
void count_dropped_progress(pool_site const& site, std::size_t count) noexcept;

}  // namespace detail

/// The interface through which a pool reports to its manager.
///
/// Cheap to copy. All functions may be called from any thread, at any time, also inside `make_pool`
/// and after the manager is destroyed. None of them throws, blocks, or calls back into the pool.
class pool_site {
public:
    /// Returns the number that identifies the pool in logs, stats and observers. It is counted from
    /// 1 in each manager.
    std::uint64_t id() const noexcept;

    /// Reports that the pool can be used. The pool calls exactly one of `ready` and `failed`.
    void ready() const noexcept;

    /// Reports that the pool could not be made, with the reason. The pool is destroyed soon after.
    void failed(std::exception_ptr why) const noexcept;

    /// Reports that the pool can run no further work, with the reason. If the pool is leased, the
    /// lease is revoked, and work that has not begun fails with the reason. `close` follows when
    /// the pool's work is done. If `broken` is called before `ready`, the pool counts as one that
    /// could not be made, but the pool must still call `ready` or `failed`.
    void broken(std::exception_ptr why) const noexcept;

    /// Reports whether any worker of the pool is alive, so that a function could begin at once. The
    /// initial value is true. A pool without live workers, because they are being replaced, is
    /// granted only if no other idle pool has one. Takes effect in the call. Need not be called
    /// when the pool ends.
    void has_workers(bool any) const noexcept;

    /// Returns the manager's executor. It must not be used any more once the destructor of the pool
    /// has been called.
    boost::asio::any_io_executor get_executor() const;

    /// Writes to the manager's log, with the field `pool` added. Records that come faster than the
    /// log accepts them may be dropped; the log reports how many were dropped.
    /// @param fields their names are not copied; use string literals, for example.
    void log(
        severity level, std::string_view message, std::vector<log_field> fields) const noexcept;

    /// Reports, after `close`, that nothing of the pool runs any more. The pool is destroyed soon
    /// after.
    void closed() const noexcept;

    /// @cond
    explicit pool_site(boost::intrusive_ptr<detail::pool_record> pool) noexcept;
    pool_site(pool_site const&) noexcept;
    pool_site(pool_site&&) noexcept;
    pool_site& operator=(pool_site const&) noexcept;
    pool_site& operator=(pool_site&&) noexcept;
    ~pool_site();
    /// @endcond

private:
    friend class detail::worker_scope;
    friend void detail::report_unhandled(pool_site const& site, std::exception_ptr error) noexcept;
    friend void detail::count_dropped_progress(pool_site const& site, std::size_t count) noexcept;

    boost::intrusive_ptr<detail::pool_record> pool_;
};

/// A piece of work for a pool: it runs some of the functions queued on the lease.
///
/// Move-only. Call it once, on any thread of the pool; it does not throw. It may be destroyed
/// uncalled: if nothing else will run the queued functions, they then fail with
/// `errc::pool_broken`.
class pool_task {
public:
    void operator()() noexcept;

    /// @cond
    explicit pool_task(boost::intrusive_ptr<detail::pool_record> pool) noexcept;
    pool_task(pool_task&& other) noexcept;
    pool_task& operator=(pool_task&& other) noexcept;
    ~pool_task();
    /// Disarms the task. Returns true if it was still armed.
    bool release_pool() noexcept { return std::exchange(pool_, nullptr) != nullptr; }
    /// @endcond

private:
    boost::intrusive_ptr<detail::pool_record> pool_;
};

/// The requirements of a manager on a pool.
///
/// - `close()`: begins to end the pool; `pool_site::closed` follows. Called on the manager's
///   strand, at most once, when the pool is ready and no work is left on it. Must not block.
/// - The destructor ends the pool at once: it lets running functions return, runs no further work,
///   and blocks until nothing of the pool runs. It may be called in any state, also before
///   `pool_site::ready`, but never on one of the pool's own threads. It must not depend on progress
///   of the manager's executor.
template <class P>
concept pool = std::destructible<P> && requires(P& p)
{
    {
        p.close()
    }
    noexcept;
};

/// A pool that runs functions.
///
/// - `execute(task)`: runs `task` on one of the pool's threads, or inside the call. May be called
///   on any thread. It may throw; then the task must be destroyed or left where it was.
/// - `workers()`: the number of tasks that the pool runs at a time; constant, at least 1.
template <class P>
concept function_pool = pool<P> && requires(P& p, P const& c, pool_task&& t)
{
    p.execute(std::move(t));
    {
        c.workers()
    }
    noexcept->std::convertible_to<std::size_t>;
};

/// Makes pools. The built-in backends are `thread_backend`, `process_backend` and `any_backend`. A
/// backend of your own can be used in the same way:
///
/// @code
/// struct inline_backend {
///     struct pool_type {
///         leasepool::pool_site site;
///         void execute(leasepool::pool_task&& task) { task(); }
///         std::size_t workers() const noexcept { return 1; }
///         void close() noexcept { site.closed(); }
///     };
///     std::string_view name() const noexcept { return "inline"; }
///     std::size_t workers_per_pool() const noexcept { return 1; }
///     std::unique_ptr<pool_type> make_pool(leasepool::pool_site site)
///     {
///         site.ready();
///         return std::make_unique<pool_type>(std::move(site));
///     }
/// };
/// static_assert(leasepool::function_backend<inline_backend>);
/// @endcode
///
/// - `make_pool(site)`: begins to make a pool; `site.ready()` or `site.failed(why)` follows, from
///   any thread, also inside the call. To throw is the same as `failed`. Called on the manager's
///   strand, never concurrently for one backend object. Must not block for long.
/// - `name()`, `workers_per_pool()`: for logs and stats; constant.
template <class B>
concept backend = std::move_constructible<B> && pool<typename B::pool_type> &&
    requires(B& b, B const& c, pool_site site)
{
    {
        b.make_pool(std::move(site))
        } -> std::same_as<std::unique_ptr<typename B::pool_type>>;
    {
        c.name()
    }
    noexcept->std::convertible_to<std::string_view>;
    {
        c.workers_per_pool()
    }
    noexcept->std::convertible_to<std::size_t>;
};

/// A backend whose leases run functions.
template <class B>
concept function_backend = backend<B> && function_pool<typename B::pool_type>;

}  // namespace leasepool

#endif
