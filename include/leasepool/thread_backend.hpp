// Copyright (c) 2026 The leasepool authors
// Distributed under the Boost Software License, Version 1.0.
// (See accompanying file LICENSE or copy at https://www.boost.org/LICENSE_1_0.txt)

#ifndef LEASEPOOL_THREAD_BACKEND_HPP
#define LEASEPOOL_THREAD_BACKEND_HPP

#include <leasepool/backend.hpp>
#include <leasepool/detail/backend_base.hpp>
#include <leasepool/options.hpp>
#include <leasepool/worker_state.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace leasepool {

/// Which worker a hook runs on.
struct worker_id {
    std::uint64_t pool = 0;
    std::size_t worker = 0;
};

/// Options of the thread backend. An aggregate, for designated initialisers.
struct thread_backend_options {
    /// Threads of a pool.
    std::size_t workers_per_pool = 4;
    /// Threads are named `prefix-pool-n`; the prefix is cut so that the name is short enough for
    /// the system (15 bytes on Linux).
    std::string name_prefix = "leasepool";
    /// Makes each thread's own state; see `with_state`.
    worker_state_factory worker_state{};
    /// Called on each thread before its state is made. If it throws, the pool fails to start.
    std::function<void(worker_id)> on_thread_start{};
    /// Called on each thread after its state is destroyed, if `on_thread_start` returned. What it
    /// throws is reported as an unhandled exception.
    std::function<void(worker_id)> on_thread_stop{};
    /// The CPUs that the threads may run on; empty: all. One that cannot be had makes the pool
    /// fail to start.
    std::vector<int> affinity{};
    /// How long an idle thread polls for work before it sleeps: shorter wake-ups for burnt CPU.
    steady_duration spin{};
};

/// Throws `std::invalid_argument` naming option, value and bound, if one is out of bounds.
void validate(thread_backend_options const& options);

/// Pools of threads that run one Asio execution context.
///
/// A lease on such a pool models an Asio executor, see `lease`. A copy of a backend is another
/// backend with the same options.
///
/// **The end of threads.** A pool is closed (`stats::pools_closed`, `observer::on_pool_closed`) when
/// its threads have ended and are joined, the destructors of their `thread_local` objects included.
/// These may take any time: they hold up no thread but their own. One thread of the process joins the
/// threads of all pools. It is started before the first thread of a pool (if it cannot be, the pool
/// fails to start with that reason), blocks every signal, and lasts until the process exits.
///
/// **fork().** The threads of a pool exist only in the process that made it. In a child a function
/// that is given to such a pool fails at once with `errc::pool_broken`, what is posted to a lease on it
/// is destroyed un-run, and the pool is replaced by one of the child's. A manager of the parent can be
/// used, stopped and destroyed there, and does not wait for threads of the parent. As for all of Asio,
/// call `notify_fork` of the context, and fork while no other thread runs it; and while no function
/// runs or waits on a lease: those would never complete in the child. The memory of such a pool is not
/// freed there.
class thread_backend {
public:
    class pool_type;

    /// Throws std::invalid_argument if the options are.
    explicit thread_backend(thread_backend_options options = {});

    static constexpr std::string_view name() noexcept { return "thread"; }
    std::size_t workers_per_pool() const noexcept { return options_->workers_per_pool; }
    std::unique_ptr<pool_type> make_pool(pool_site site);

private:
    std::shared_ptr<thread_backend_options const> options_;
};

/// A pool of the thread backend. For use by the manager only.
class thread_backend::pool_type {
public:
    pool_type(pool_site site, std::shared_ptr<thread_backend_options const> options);
    ~pool_type();
    pool_type(pool_type const&) = delete;
    pool_type& operator=(pool_type const&) = delete;

    void execute(pool_task&& task);
    std::size_t workers() const noexcept;
    void close() noexcept;
    std::shared_ptr<detail::pool_context> context() const noexcept;

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

static_assert(function_backend<thread_backend>);

namespace detail {

extern template class pool_adaptor<thread_backend::pool_type>;
extern template class backend_adaptor<thread_backend>;

}  // namespace detail
}  // namespace leasepool

#endif
