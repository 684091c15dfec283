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

/// Identifies the worker on which a hook runs.
struct worker_id {
    std::uint64_t pool = 0;
    std::size_t worker = 0;
};

/// Options of the thread backend. An aggregate, for designated initializers.
struct thread_backend_options {
    /// Number of threads in each pool.
    std::size_t workers_per_pool = 4;
    /// Prefix of the threads' names, which are `prefix-pool-n`. The prefix is cut if the name would
    /// be longer than the system permits (15 bytes on Linux).
    std::string name_prefix = "leasepool";
    /// Makes each thread's own state; see `with_state`.
    worker_state_factory worker_state{};
    /// Called on each thread before its state is made. If it throws, the pool fails to start.
    std::function<void(worker_id)> on_thread_start{};
    /// Called on each thread after its state is destroyed, if `on_thread_start` returned. An
    /// exception that it throws is reported as an unhandled exception.
    std::function<void(worker_id)> on_thread_stop{};
    /// The CPUs on which the threads may run. Empty: all CPUs. If one of them is not available, the
    /// pool fails to start.
    std::vector<int> affinity{};
    /// Number that is added to the nice value of the thread that makes the pool, which is a thread of the
    /// manager's executor: -20 to 19. A pool for long computations with 10 leaves the CPUs to the
    /// threads that answer clients, and loses nothing while the CPUs are idle. A negative number needs a
    /// privilege (CAP_SYS_NICE); without it the pool fails to start. Linux only: elsewhere a pool with
    /// another number than 0 fails to start. A thread that a function starts inherits the nice value.
    int nice = 0;
    /// How long an idle thread polls for work before it sleeps. Polling shortens wake-ups and costs
    /// CPU time.
    steady_duration spin{};
};

/// Throws `std::invalid_argument`, naming the option, its value and its bound, if an option is out
/// of bounds.
void validate(thread_backend_options const& options);

/// Pools of threads that run one Asio execution context.
///
/// A lease on such a pool models an Asio executor, see `lease`. A copy of a backend is a separate
/// backend with the same options.
///
/// **The end of threads.** A pool is closed (`stats::pools_closed`, `observer::on_pool_closed`)
/// when its threads have ended and are joined, including the destructors of their `thread_local`
/// objects. These destructors may take any time; they delay no thread except their own. One thread
/// of the process joins the threads of all pools. It is started before the first thread of a pool,
/// blocks every signal, and lasts until the process exits. If it cannot be started, the pool fails
/// to start with that reason.
///
/// **fork().** The threads of a pool exist only in the process that made it. In a forked child, a
/// function given to such a pool fails at once with `errc::pool_broken`, a function posted to a
/// lease on it is destroyed without being run, and the pool is replaced by one of the child's. A
/// manager of the parent can be used, stopped and destroyed in the child, and does not wait for
/// threads of the parent. As for all of Asio, call `notify_fork` of the context, and fork while no
/// other thread runs the context. Also fork while no function runs or waits on a lease: those would
/// never complete in the child. The memory of such a pool is not freed in the child.
class thread_backend {
public:
    class pool_type;

    /// Throws std::invalid_argument if `validate` rejects the options.
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
